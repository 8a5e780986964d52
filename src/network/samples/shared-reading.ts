import type { Clock } from '../../platform/clock.ts'

/** A listing that several collectors are made of: who asks at about the same time gets the same one, and PF is asked once. */
export interface SharedReading<T> {
  /** The newest that is not too old, also one that is still being read. */
  recent(): Promise<T>
  /** Another one, which is the newest from now on. */
  again(): Promise<T>
}

export function openSharedReading<T>(
  read: () => Promise<T>,
  { clock, maxAgeMs }: { clock: Clock; maxAgeMs: number },
): SharedReading<T> {
  let newest: { reading: Promise<T>; atMs: number } | undefined

  function again(): Promise<T> {
    const mine = { reading: read(), atMs: clock.now().getTime() }
    newest = mine
    mine.reading.catch(() => {
      if (newest === mine) newest = undefined
    })
    return mine.reading
  }

  return {
    again,
    recent() {
      const isRecent = newest !== undefined && Math.abs(clock.now().getTime() - newest.atMs) <= maxAgeMs
      return newest !== undefined && isRecent ? newest.reading : again()
    },
  }
}
