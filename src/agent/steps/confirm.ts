import { backoffMs, type Clock } from '../../platform/clock.ts'
import { StepFailure } from '../failure.ts'
import type { Step } from '../machine.ts'

export interface ConfirmParts {
  /** Reaches the server over a connection of its own: an old one may live on in a firewall that lets no new one through. */
  reachServer(signal: AbortSignal): Promise<void>
  confirmSeconds: number
  clock: Clock
}

/**
 * Waits until the server was reached with the new set in place; that is the way back for a person when the set cuts the host off. The
 * deadline is in the journal, so a restart neither prolongs it nor forgets it.
 */
export function confirmStep({ reachServer, confirmSeconds, clock }: ConfirmParts): Step<'confirm'> {
  return async ({ confirmBy, signal, log }) => {
    // A clock that was set back must not make the time longer than it is.
    const nowMs = clock.now().getTime()
    const deadlineMs = Math.min(Date.parse(confirmBy ?? '') || nowMs, nowMs + confirmSeconds * 1000)
    let why = 'the time was over before it could be tried'
    for (let attempt = 1; ; attempt += 1) {
      const leftMs = deadlineMs - clock.now().getTime()
      if (leftMs <= 0) break
      try {
        await reachServer(AbortSignal.any([signal, AbortSignal.timeout(Math.ceil(leftMs))]))
        return 'confirmed'
      } catch (error) {
        if (signal.aborted) throw error
        why = (error as Error).message
        log.warn({ err: error, attempt }, 'the server is not reached with the new set')
      }
      await clock.sleep(
        Math.max(0, Math.min(backoffMs(attempt, { maxMs: 5000 }), deadlineMs - clock.now().getTime())),
        signal,
      )
    }
    throw new StepFailure(
      'not-confirmed',
      `with the new set the server was not reached within ${confirmSeconds} s: ${why}`,
    )
  }
}
