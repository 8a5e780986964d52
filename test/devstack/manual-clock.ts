import { setImmediate } from 'node:timers/promises'
import type { Clock } from '../../src/platform/clock.ts'

/** A clock that stands until it is moved. */
export interface ManualClock extends Clock {
  /** Moves it, past everything that is due on the way, in its order. */
  advance(ms: number): Promise<void>
}

export function manualClock(start = '2026-01-02T03:04:05.000Z'): ManualClock {
  let now = Date.parse(start)
  let waiting: { at: number; wake(): void }[] = []

  return {
    now: () => new Date(now),
    sleep(ms, signal) {
      if (signal?.aborted) return Promise.reject(signal.reason)
      if (ms === 0) return Promise.resolve()
      return new Promise((resolve, reject) => {
        // Whole milliseconds, as a timer's: a time between two could not be told by `now`.
        const sleeper = { at: now + Math.ceil(ms), wake: resolve }
        waiting.push(sleeper)
        signal?.addEventListener('abort', () => {
          waiting = waiting.filter((each) => each !== sleeper)
          reject(signal.reason)
        })
      })
    },
    async advance(ms) {
      const end = now + ms
      for (;;) {
        const next = waiting.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0]
        if (!next) break
        now = Math.max(now, next.at)
        waiting = waiting.filter((each) => each !== next)
        next.wake()
        // Whoever was woken may go to sleep again.
        await setImmediate()
      }
      now = end
      await setImmediate()
    },
  }
}
