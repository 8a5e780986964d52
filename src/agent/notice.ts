import { EventEmitter, once } from 'node:events'
import type { Clock } from '../platform/clock.ts'

/** What one part waits for and another gives. A notice that nobody waits for is lost, except for who says since when it has been looking. */
export interface Notice {
  /** Wakes all who wait. Answers whether anybody did. */
  give(): boolean
  /** How often it was given. */
  count(): number
  /**
   * Resolves when the notice is given, or after `withinMs`; at once when it was given after `since`, a count: that of the moment before one looked,
   * where looking takes a while. Rejects with the signal's reason.
   */
  wait(signal: AbortSignal, withinMs?: number, since?: number): Promise<void>
}

export function openNotice(clock: Clock): Notice {
  const events = new EventEmitter().setMaxListeners(0)
  let count = 0
  return {
    give() {
      count++
      return events.emit('notice')
    },
    count: () => count,
    async wait(signal, withinMs, since = count) {
      signal.throwIfAborted()
      if (since !== count) return
      const done = new AbortController()
      const either = AbortSignal.any([signal, done.signal])
      const waits: Promise<unknown>[] = [once(events, 'notice', { signal: either })]
      if (withinMs !== undefined) waits.push(clock.sleep(withinMs, either))
      try {
        await Promise.race(waits)
      } catch (error) {
        signal.throwIfAborted()
        throw error
      } finally {
        done.abort()
        await Promise.allSettled(waits)
      }
    },
  }
}
