import { DaemonStatus } from '../contract/daemon.ts'
import { parseJson } from '../contract/parse.ts'
import { type PageSource, readSource } from '../monitor/page-source.ts'
import { familiesHeader } from '../monitor/samples-page.ts'
import { type Http, type HttpResponse, openHttp } from '../platform/http.ts'
import type { AgentPaths } from './paths.ts'
import type { Installed } from './release-store.ts'

/** What a component has told when it was asked for its samples. */
export interface ComponentSamples {
  component: string
  /** Absent when nothing of what it says can be used, */
  source?: PageSource
  /** and why; absent when it did not answer: its health check tells why. */
  problem?: string
}

/** The programs of the current set that serve a socket. */
export interface Daemons {
  /** Of those that answer. */
  status(components: readonly Installed[]): Promise<Record<string, DaemonStatus>>
  samples(components: readonly Installed[]): Promise<ComponentSamples[]>
  /** The paths of their sockets. */
  sockets(components: readonly Installed[]): string[]
}

const timeoutMs = 2000
const maxStatusBytes = 3 * 1024 * 1024
const maxSamplesBytes = 8 * 1024 * 1024

export function openDaemons(paths: AgentPaths): Daemons {
  /** What `read` makes of an answer with 200; undefined when there is none within the time. */
  async function ask<T>(
    path: string,
    socket: string,
    headers: Record<string, string>,
    read: (response: HttpResponse) => Promise<T>,
  ): Promise<T | undefined> {
    const http: Http = openHttp({ url: 'http://localhost', socketPath: paths.socket(socket) })
    try {
      const response = await http.send('GET', path, { headers, signal: AbortSignal.timeout(timeoutMs) })
      return response.status === 200 ? await read(response) : undefined
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
          const text = await ask('/status', socket, {}, (response) => response.text(maxStatusBytes))
          return [component, text === undefined ? undefined : readStatus(text)] as const
        }),
      )
      return Object.fromEntries(found.filter((it): it is [string, DaemonStatus] => it[1] !== undefined))
    },
    samples: (components) =>
      Promise.all(
        socketsOf(components).map(async ({ component, socket }) => {
          const gzip = { 'accept-encoding': 'gzip' }
          const told = await ask('/samples', socket, gzip, (response) => readSamples(component, response))
          return { component, ...told }
        }),
      ),
  }
}

async function readSamples(source: string, response: HttpResponse): Promise<Omit<ComponentSamples, 'component'>> {
  const { 'content-encoding': encoding, [familiesHeader]: families } = response.headers
  try {
    const body = await response.bytes(maxSamplesBytes)
    return { source: await readSource({ source, body, encoding, families: families?.toString() }) }
  } catch (error) {
    return { problem: `left out all samples of ${source}: ${(error as Error).message}` }
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
