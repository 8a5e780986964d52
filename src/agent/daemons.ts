import { DaemonStatus } from '../contract/daemon.ts'
import { parseJson } from '../contract/parse.ts'
import { type PageAnswer, type PageSource, readSource } from '../monitor/page-source.ts'
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

const maxStatusBytes = 3 * 1024 * 1024
const maxSamplesBytes = 8 * 1024 * 1024

/** None is waited for longer than `timeoutMs`. */
export function openDaemons(paths: AgentPaths, { timeoutMs = 2000 } = {}): Daemons {
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
    async samples(components) {
      const gzip = { 'accept-encoding': 'gzip' }
      const answers = await Promise.all(
        socketsOf(components).map(async ({ component, socket }) => {
          const read = (response: HttpResponse) => pageAnswer(component, response).catch((error: Error) => error)
          return { component, answer: await ask('/samples', socket, gzip, read) }
        }),
      )
      // Only when all have been waited for: what one has said may take long to look at.
      const samples: ComponentSamples[] = []
      for (const { component, answer } of answers) samples.push({ component, ...(await sourceOf(component, answer)) })
      return samples
    },
  }
}

async function pageAnswer(source: string, response: HttpResponse): Promise<PageAnswer> {
  const { 'content-encoding': encoding, [familiesHeader]: families } = response.headers
  return { source, body: await response.bytes(maxSamplesBytes), encoding, families: families?.toString() }
}

async function sourceOf(
  component: string,
  answer: PageAnswer | Error | undefined,
): Promise<Omit<ComponentSamples, 'component'>> {
  if (!answer) return {}
  try {
    if (answer instanceof Error) throw answer
    return { source: await readSource(answer) }
  } catch (error) {
    return { problem: `left out all samples of ${component}: ${(error as Error).message}` }
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
