import { execFile } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { ServerConfig } from '../../src/contract/server-config.ts'
import { readTextIfThere } from '../../src/platform/files.ts'
import { freePort, type ServerProgram, startServerProgram } from './registry/server-program.ts'

const top = join(import.meta.dirname, '../..')
const out = join(top, 'dist/bench')

/** A server of this tree, as it ships. */
export interface Slipway extends ServerProgram {
  /** The credential of its admin. The first of several servers has it. */
  headers: Readonly<Record<string, string>>
}

let built: Promise<unknown> | undefined

/** Starts a server whose data is in `folder`; `profile` is where it leaves a profile of its processor time. */
export async function startSlipway(
  folder: string,
  settings: Partial<ServerConfig> = {},
  profile?: string,
): Promise<Slipway> {
  built ??= promisify(execFile)(process.execPath, [join(top, 'deploy/build.ts'), '--out', out, 'command'])
  await built
  const port = await freePort()
  await mkdir(folder, { recursive: true })
  const config = join(folder, 'config.yaml')
  await writeFile(config, JSON.stringify({ ...settings, data: folder, listen: `127.0.0.1:${port}` }))
  const flags = profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profile}`]
  const argv = [process.execPath, ...flags, join(out, 'slipway.js'), 'server', '--config', config] as const
  const server = await startServerProgram(argv, { port, path: '/readyz' })
  const token = (await readTextIfThere(join(folder, 'admin-token')))?.trim()
  return { ...server, headers: token === undefined ? {} : { authorization: `Bearer ${token}` } }
}
