import { isAppError } from '../contract/errors.ts'
import { backoffMs, type Clock } from '../platform/clock.ts'
import type { Log } from '../platform/log.ts'
import type { DesiredState } from './desired-state.ts'
import type { ServerConnection } from './server-connection.ts'

export interface DesiredPollOptions {
  connection: Pick<ServerConnection, 'desired'>
  desired: DesiredState
  waitSeconds: number
  clock: Clock
  log: Log
  /** The server answered. */
  onAnswer(): void
  /** A document was refused. */
  onRefused(): void
  signal: AbortSignal
}

/** A server that answers at once, though it was asked to wait, is asked again after this. */
const leastPauseMs = 1000

/** Asks for the desired document for ever; with growing pauses while the server is away. Ends by the signal only. */
export async function pollDesired(options: DesiredPollOptions): Promise<void> {
  const { connection, desired, waitSeconds, clock, log, signal } = options
  let failures = 0
  while (!signal.aborted) {
    const begun = clock.now().getTime()
    let pauseMs = 0
    try {
      const document = await connection.desired(desired.current()?.generation, waitSeconds, signal)
      options.onAnswer()
      if (failures > 0) log.info({ failures }, 'the server answers again')
      failures = 0
      const isNews = document !== undefined && (await desired.take(document))
      if (isNews)
        log.info({ generation: document.generation, set: document.releaseSet?.digest }, 'new desired document')
      else pauseMs = leastPauseMs - (clock.now().getTime() - begun)
    } catch (error) {
      if (signal.aborted) return
      failures += 1
      pauseMs = backoffMs(failures)
      if (isAppError(error, 'conflict')) options.onRefused()
      // The first of a row of failures is news; the others only fill the log.
      log[failures === 1 ? 'warn' : 'debug']({ err: error, failures, pauseMs }, 'no desired document from the server')
    }
    if (pauseMs > 0) await clock.sleep(pauseMs, signal).catch(() => {})
  }
}
