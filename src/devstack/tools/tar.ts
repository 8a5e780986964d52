import { rename } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { unpackBundle } from '../../artifact/unpack-bundle.ts'
import { listFolder, remove, temporaryBeside } from '../../platform/files.ts'
import { prints, refuses } from './said.ts'
import type { SimulatedTool } from './tool.ts'

const limits = { maxBytes: 1024 ** 3, maxEntries: 100_000 }

/** tar(1), as bsdtar: `-xf FILE -C DIR`, of the archives that Slipway makes. */
export const tar: SimulatedTool = async (call) => {
  const [mode, file, flag, into] = call.arguments
  if (mode !== '-xf' || file === undefined || flag !== '-C' || into === undefined || call.arguments.length > 4)
    return refuses(1, 'tar: Must specify one of -c, -r, -t, -u, -x')
  const folder = resolve(call.cwd, into)
  const fresh = temporaryBeside(folder)
  try {
    await unpackBundle(resolve(call.cwd, file), fresh, limits)
    for (const name of await listFolder(fresh)) await rename(join(fresh, name), join(folder, name))
    return prints()
  } catch (error) {
    return refuses(1, `tar: Error opening archive: ${(error as Error).message}`)
  } finally {
    await remove(fresh)
  }
}
