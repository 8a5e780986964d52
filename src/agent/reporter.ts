import type { HostReport } from '../contract/report.ts'
import { backoffMs, type Clock } from '../platform/clock.ts'
import type { Log } from '../platform/log.ts'
import { openNotice } from './notice.ts'

export interface Reporter {
  /** Something changed: the next report is sent at once. */
  changed(): void
  /** Reports until `signal` is aborted. */
  run(signal: AbortSignal): Promise<void>
}

export interface ReporterOptions {
  make(): Promise<HostReport>
  send(report: HostReport, signal: AbortSignal): Promise<void>
  reportSeconds: number
  clock: Clock
  log: Log
  onAnswer(): void
}

/**
 * Tells the server how the host is: after every change, and at least every `reportSeconds`. Only the newest state counts; what
 * must not be lost (the last update, the rejections) stands in every report.
 */
export function openReporter({ make, send, reportSeconds, clock, log, onAnswer }: ReporterOptions): Reporter {
  const changes = openNotice(clock)
  let due = true
  return {
    changed() {
      due = true
      changes.give()
    },
    async run(signal) {
      let failures = 0
      while (!signal.aborted) {
        due = false
        try {
          await send(await make(), AbortSignal.any([signal, AbortSignal.timeout(30_000)]))
          onAnswer()
          failures = 0
        } catch (error) {
          if (signal.aborted) return
          failures += 1
          log[failures === 1 ? 'warn' : 'debug']({ err: error, failures }, 'the report was not taken by the server')
        }
        // While the server is away changes are not sent at once, or each would begin a new storm.
        if (failures > 0) await clock.sleep(Math.min(backoffMs(failures), reportSeconds * 1000), signal).catch(() => {})
        else if (!due) await changes.wait(signal, reportSeconds * 1000).catch(() => {})
      }
    },
  }
}
