import { setTimeout as delay } from 'node:timers/promises'

/** Where a part that decides by time gets it from; tests pass their own. */
export interface Clock {
  now(): Date
  /** Resolves after `ms`. Rejects with the signal's reason when aborted. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
}

export const systemClock: Clock = {
  now: () => new Date(),
  sleep: (ms, signal) => delay(ms, undefined, signal ? { signal } : {}),
}

/** The pause before try number `attempt` (from 1): doubling from `firstMs` to at most `maxMs`, of which a random half. */
export function backoffMs(
  attempt: number,
  { firstMs = 500, maxMs = 30_000 }: { firstMs?: number; maxMs?: number } = {},
): number {
  const full = Math.min(maxMs, firstMs * 2 ** Math.min(attempt - 1, 20))
  return full / 2 + (Math.random() * full) / 2
}
