import { EventEmitter, once } from 'node:events'
import type { Clock } from '../platform/clock.ts'

/** What one part waits for and another gives. A notice that nobody waits for is lost: look first, then wait. */
export interface Notice {
  /** Wakes all who wait. Answers whether anybody did. */
  give(): boolean
  /** Resolves when the notice is given, or after `withinMs`. Rejects with the signal's reason. */
  wait(signal: AbortSignal, withinMs?: number): Promise<void>
}

export function openNotice(clock: Clock): Notice {
  const events = new EventEmitter().setMaxListeners(0)
  return {
    give: () => events.emit('notice'),
    async wait(signal, withinMs) {
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
