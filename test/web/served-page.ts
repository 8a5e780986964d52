import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ServerConfig } from '../../src/contract/server-config.ts'
import { loadConfig } from '../../src/platform/config.ts'
import { openServer, type RunningServer } from '../../src/server/server.ts'
import { type FleetByApi, fleetByApi } from './fleet-by-api.ts'

/** A real server on a data folder of its own, which can be stopped and started again at its address. */
export interface ServedPage {
  url: string
  token: string
  /** Fills it with components and hosts. */
  fleet: FleetByApi
  /** The address of a page, with the token in the fragment. */
  link(path: string, token?: string): string
  stop(): Promise<void>
  start(): Promise<void>
  remove(): Promise<void>
}

export async function servePage(): Promise<ServedPage> {
  const folder = await mkdtemp(join(tmpdir(), 'slw-'))
  const data = join(folder, 'data')
  const open = async (listen: string) =>
    openServer(await loadConfig(ServerConfig, { flags: { listen, data, logLevel: 'silent' } }))
  let server: RunningServer | undefined = await open('127.0.0.1:0')
  const { url } = server
  const token = (await readFile(join(data, 'admin-token'), 'utf8')).trim()
  const fleet = fleetByApi(url, token, folder)
  async function stop() {
    await server?.close()
    server = undefined
  }
  return {
    url,
    token,
    fleet,
    link: (path, withToken = token) => `${url}${path}#token=${withToken}`,
    stop,
    async start() {
      server = await open(url.slice('http://'.length))
    },
    async remove() {
      await fleet.close()
      await stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
