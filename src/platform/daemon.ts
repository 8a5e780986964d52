import { dirname } from 'node:path'
import type { DaemonStatus } from '../contract/daemon.ts'
import { makeFolder } from './files.ts'
import { followFile } from './follow-file.ts'
import { openGenerationFile, type Read } from './generation-file.ts'
import type { Log } from './log.ts'
import { openSequence, type Sequence } from './sequence.ts'
import { type Answer, json, type RouteRequest, type Routes, serveSocket, type Upgrades } from './serve.ts'

export interface DaemonOptions<R extends Read> {
  component: string
  version: string
  /** The newest meaning of the file that this daemon understands. */
  accepts: number
  /** Where the daemon serves `/healthz`, `/status`, `/changes` and `/samples`. */
  socket: string
  /** The one file that the daemon works from. */
  file: string
  /** What the daemon makes of the file's text. What it throws is a problem. */
  take: (text: string) => R
  /** The answer of `/samples`, in the Prometheus text format. */
  samples: (status: DaemonStatus, request: RouteRequest) => Promise<Answer>
  /** What the daemon does with what it took; absent for one that only reads. */
  work?: DaemonWork<R>
  log: Log
  signal: AbortSignal
  /** The file is read at least this often, in case a change was not told (10 s). */
  pollMs?: number
}

/** The daemon's own part. */
export interface DaemonWork<R extends Read> {
  /** Called with each new state of the file, never with one that was refused. */
  taken(read: R): void
  /** Called when something in the file's folder may have changed though the file says what it said: a look costs little. */
  look(): void
  /** Runs from the moment when the socket is ours, and no other process works here, until `signal` is aborted. */
  run(signal: AbortSignal): Promise<void>
  /** Why the daemon is not healthy, beside what is wrong with the file. */
  problems(): string[]
  /** What `/status` has beside the fields that every daemon has. */
  status(): object
  routes: Routes
  upgrades: Upgrades
  /** Advanced when something in the status has changed that is worth telling at once. */
  sequence: Sequence
}

/** How long `/changes` waits for one. */
const changesTimeoutMs = 30_000

/**
 * Runs a daemon until `signal` is aborted, then removes its socket. The daemon keeps nothing but what it read, so it may be killed at
 * any moment. `/healthz` answers 200 while there is no problem, else 503 with the problems, one a line. `/changes?after=N` answers when
 * the status is another than that of sequence N, at the latest after half a minute.
 * @throws AppError conflict when another process serves the socket; config-invalid when the socket's path is too long
 */
export async function runDaemon<R extends Read>(options: DaemonOptions<R>): Promise<void> {
  const { component, version, accepts, work, log, signal } = options
  const startedAt = new Date().toISOString()
  const file = openGenerationFile(options.file, options.take)
  const sequence = work?.sequence ?? openSequence()
  const status = (): DaemonStatus => {
    const { generation, problems } = file.state()
    const told = [...problems, ...(work?.problems() ?? [])].slice(0, 50).map((problem) => problem.slice(0, 500))
    const base = { component, version, pid: process.pid, startedAt, accepts, generation, problems: told }
    return { ...base, sequence: sequence.current(), ...work?.status() }
  }

  let logged: string | undefined
  async function refresh(): Promise<void> {
    const read = await file.refresh()
    if (read) work?.taken(read)
    else work?.look()
    const { generation, problems } = file.state()
    if (logged === JSON.stringify({ generation, problems })) return
    logged = JSON.stringify({ generation, problems })
    sequence.advance()
    if (problems.length === 0) log.info({ generation }, 'desired state read')
    else log.warn({ generation, problems }, 'desired state has problems')
  }

  await refresh()
  await makeFolder(dirname(options.socket))
  const routes: Routes = {
    'GET /healthz': () => health(status()),
    'GET /status': () => json(status()),
    async 'GET /changes'(_, { query, signal: gone }) {
      return json({ sequence: await sequence.changed(Number(query.get('after')), changesTimeoutMs, gone) })
    },
    'GET /samples': (_, request) => options.samples(status(), request),
    ...work?.routes,
  }
  const serving = await serveSocket(options.socket, routes, work?.upgrades)
  log.info({ version, socket: serving.address }, 'daemon started')
  try {
    const following = followFile(options.file, { pollMs: options.pollMs ?? 10_000, signal }, refresh)
    await Promise.all([following, work?.run(signal)])
  } finally {
    await serving.close()
  }
  log.info('daemon stopped')
}

function health({ problems }: DaemonStatus): Answer {
  return problems.length === 0 ? { body: 'ok\n' } : { status: 503, body: `${problems.join('\n')}\n` }
}
