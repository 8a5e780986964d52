import { type AppError, isAppError } from '../contract/errors.ts'
import { backoffMs, type Clock } from '../platform/clock.ts'

/** Says that the same request may succeed later; `error` is what is thrown when "later" is over. */
export class TryLater extends Error {
  readonly error: AppError
  readonly afterMs: number

  /** `afterMs`: the least time to wait, when the peer named one. Where that is more than there is patience, nothing is tried again. */
  constructor(error: AppError, afterMs = 0) {
    super(error.message)
    this.error = error
    this.afterMs = afterMs
  }
}

export interface RetryOptions {
  /** How long to go on without progress. 0 tries once. */
  retryMs: number
  clock: Clock
  signal?: AbortSignal | undefined
}

/**
 * Repeats `attempt` with growing pauses while it fails by TryLater or by a peer that cannot be reached, until `retryMs` are over.
 * An attempt that got further calls `progressed`, and the time begins anew.
 * @throws what the last attempt threw; the signal's reason
 */
export async function retrying<T>(
  attempt: (progressed: () => void) => Promise<T>,
  { retryMs, clock, signal }: RetryOptions,
): Promise<T> {
  let since = clock.now().getTime()
  let tries = 0
  const progressed = () => {
    since = clock.now().getTime()
    tries = 0
  }
  for (;;) {
    signal?.throwIfAborted()
    try {
      return await attempt(progressed)
    } catch (thrown) {
      signal?.throwIfAborted()
      const later = thrown instanceof TryLater ? thrown : undefined
      if (!later && !isAppError(thrown, 'peer-unreachable')) throw thrown
      tries += 1
      const pauseMs = Math.max(later?.afterMs ?? 0, backoffMs(tries))
      if (clock.now().getTime() + pauseMs - since > retryMs) throw later?.error ?? thrown
      await clock.sleep(pauseMs, signal)
    }
  }
}
