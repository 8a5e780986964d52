import type { Clock } from '../platform/clock.ts'

/** Runs a piece of work, and then rests for twice as long as that took: others have at least two thirds of the machine. */
export type Pace = <T>(work: () => Promise<T>) => Promise<T>

/** What `Pace` runs ends with the signal's reason. */
export function openPace(clock: Clock, signal: AbortSignal | undefined): Pace {
  return async (work) => {
    signal?.throwIfAborted()
    const since = performance.now()
    const result = await work()
    await clock.sleep(Math.max(1, 2 * (performance.now() - since)), signal)
    return result
  }
}
