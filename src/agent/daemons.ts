import { DaemonStatus } from '../contract/daemon.ts'
import { parseJson } from '../contract/parse.ts'
import type { Exposition } from '../monitor/merge.ts'
import { type Http, openHttp } from '../platform/http.ts'
import type { AgentPaths } from './paths.ts'
import type { Installed } from './release-store.ts'

/** The programs of the current set that serve a socket; one that does not answer is left out, its health check tells why. */
export interface Daemons {
  status(components: readonly Installed[]): Promise<Record<string, DaemonStatus>>
  samples(components: readonly Installed[]): Promise<Exposition[]>
  /** The paths of their sockets. */
  sockets(components: readonly Installed[]): string[]
}

const timeoutMs = 2000
const maxStatusBytes = 3 * 1024 * 1024
const maxSamplesBytes = 8 * 1024 * 1024

export function openDaemons(paths: AgentPaths): Daemons {
  async function ask(path: string, socket: string, maxBytes: number): Promise<string | undefined> {
    const http: Http = openHttp({ url: 'http://localhost', socketPath: paths.socket(socket) })
    try {
      const response = await http.send('GET', path, { signal: AbortSignal.timeout(timeoutMs) })
      const text = await response.text(maxBytes)
      return response.status === 200 ? text : undefined
    } catch {
      return undefined
    } finally {
      await http.close()
    }
  }

  return {
    sockets: (components) => socketsOf(components).map(({ socket }) => paths.socket(socket)),
    async status(components) {
      const found = await Promise.all(
        socketsOf(components).map(async ({ component, socket }) => {
          const text = await ask('/status', socket, maxStatusBytes)
          return [component, text === undefined ? undefined : readStatus(text)] as const
        }),
      )
      return Object.fromEntries(found.filter((it): it is [string, DaemonStatus] => it[1] !== undefined))
    },
    async samples(components) {
      const found = await Promise.all(
        socketsOf(components).map(async ({ component, socket }) => ({
          source: component,
          text: await ask('/samples', socket, maxSamplesBytes),
        })),
      )
      return found.filter((it): it is Exposition => it.text !== undefined)
    },
  }
}

/** The sockets that the components' own checks name; the agent's is left out, it knows its own state. */
function socketsOf(components: readonly Installed[]): { component: string; socket: string }[] {
  return components.flatMap(({ ref, config }) => {
    const check = config.health.find(({ kind }) => kind === 'http')
    return ref.name !== 'agent' && check?.kind === 'http' ? [{ component: ref.name, socket: check.socket }] : []
  })
}

function readStatus(text: string): DaemonStatus | undefined {
  try {
    return parseJson(DaemonStatus, text, '/status')
  } catch {
    return undefined
  }
}
