import { join } from 'node:path'
import type { DesiredNetworks, DesiredPort } from '../../contract/network.ts'
import {
  listFolder,
  makeFolder,
  readTextIfThere,
  remove,
  removeTemporaries,
  replaceFile,
} from '../../platform/files.ts'

/**
 * What vif-slipway has to know of a port, in a file that is named after the twelve digits of its MAC:
 *
 *     filtered=yes      PF's rules speak of its addresses; `no` on a network without addresses
 *     isolated=no       whether it hears no other port on its bridge
 *
 * For a port without a file the script takes the careful one of each: filtered, and not isolated, which costs nobody a packet.
 */
export function portFiles({ networks, ports }: DesiredNetworks): Map<string, string> {
  const isolated = new Set(networks.filter((it) => it.isolated).map(({ id }) => id))
  const word = (yes: boolean) => (yes ? 'yes' : 'no')
  return new Map(
    ports.map((port) => [
      port.mac.replaceAll(':', ''),
      `filtered=${word(isFiltered(port))}\nisolated=${word(isolated.has(port.network))}\n`,
    ]),
  )
}

/** Whether PF's rules speak of a port: they know it by its addresses. */
export function isFiltered({ addresses }: DesiredPort): boolean {
  return addresses.length > 0
}

/** Brings a folder to these files, each replaced at once. Nobody else may write there meanwhile. @throws AppError storage-full */
export async function writePortFiles(folder: string, files: ReadonlyMap<string, string>): Promise<void> {
  await makeFolder(folder)
  await removeTemporaries(folder)
  for (const [name, text] of files)
    if ((await readTextIfThere(join(folder, name))) !== text) await replaceFile(join(folder, name), text)
  for (const name of await listFolder(folder)) if (!files.has(name)) await remove(join(folder, name))
}
