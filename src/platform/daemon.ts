import { dirname } from 'node:path'
import type { DaemonStatus } from '../contract/daemon.ts'
import { makeFolder } from './files.ts'
import { followFile } from './follow-file.ts'
import { openGenerationFile, type Read } from './generation-file.ts'
import type { Log } from './log.ts'
import { type Answer, json, serveSocket } from './serve.ts'

export interface DaemonOptions {
  component: string
  version: string
  /** The newest meaning of the file that this daemon understands. */
  accepts: number
  /** Where the daemon serves `/healthz`, `/status` and `/samples`. */
  socket: string
  /** The one file that the daemon works from. */
  file: string
  /** What the daemon makes of the file's text. What it throws is a problem. */
  take: (text: string) => Read
  /** The text of `/samples`. */
  samples: (status: DaemonStatus) => string
  log: Log
  signal: AbortSignal
  /** The file is read at least this often, in case a change was not told (10 s). */
  pollMs?: number
}

/**
 * Runs a daemon until `signal` is aborted, then removes its socket. The daemon keeps nothing but what it read, so it may be killed at
 * any moment. `/healthz` answers 200 while there is no problem, else 503 with the problems, one a line.
 * @throws AppError conflict when another process serves the socket; config-invalid when the socket's path is too long
 */
export async function runDaemon(options: DaemonOptions): Promise<void> {
  const { component, version, accepts, log, signal } = options
  const startedAt = new Date().toISOString()
  const file = openGenerationFile(options.file, options.take)
  const status = (): DaemonStatus => {
    const { generation, problems } = file.state()
    const told = problems.slice(0, 50).map((problem) => problem.slice(0, 500))
    return { component, version, pid: process.pid, startedAt, accepts, generation, problems: told }
  }

  let logged: string | undefined
  async function refresh(): Promise<void> {
    await file.refresh()
    const { generation, problems } = status()
    if (logged === JSON.stringify({ generation, problems })) return
    logged = JSON.stringify({ generation, problems })
    if (problems.length === 0) log.info({ generation }, 'desired state read')
    else log.warn({ generation, problems }, 'desired state has problems')
  }

  await refresh()
  await makeFolder(dirname(options.socket))
  const serving = await serveSocket(options.socket, {
    'GET /healthz': () => health(status()),
    'GET /status': () => json(status()),
    'GET /samples': () => ({
      contentType: 'text/plain; version=0.0.4; charset=utf-8',
      body: options.samples(status()),
    }),
  })
  log.info({ version, socket: serving.address }, 'daemon started')
  try {
    await followFile(options.file, { pollMs: options.pollMs ?? 10_000, signal }, refresh)
  } finally {
    await serving.close()
  }
  log.info('daemon stopped')
}

function health({ problems }: DaemonStatus): Answer {
  return problems.length === 0 ? { body: 'ok\n' } : { status: 503, body: `${problems.join('\n')}\n` }
}
