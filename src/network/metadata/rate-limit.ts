import type { Clock } from '../../platform/clock.ts'

export interface RateLimit {
  /** Whether one more request of `source` is taken now. */
  takes(source: string): boolean
}

/**
 * So many requests at once, and so many a second from then on, for each source. Whoever has not asked for long is forgotten, so that the memory is that of
 * the busy ones.
 */
export function openRateLimit({
  burst,
  perSecond,
  clock,
}: {
  burst: number
  perSecond: number
  clock: Clock
}): RateLimit {
  const sources = new Map<string, { left: number; at: number }>()
  let swept = clock.now().getTime()

  function sweep(now: number): void {
    const fullAfterMs = (burst / perSecond) * 1000
    if (now - swept < fullAfterMs) return
    swept = now
    for (const [source, { at }] of sources) if (now - at >= fullAfterMs) sources.delete(source)
  }

  return {
    takes(source) {
      const now = clock.now().getTime()
      sweep(now)
      const { left, at } = sources.get(source) ?? { left: burst, at: now }
      // A clock that was set back gives nothing and takes nothing.
      const refilled = Math.min(burst, left + (Math.max(0, now - at) / 1000) * perSecond)
      const taken = refilled >= 1
      sources.set(source, { left: taken ? refilled - 1 : refilled, at: now })
      return taken
    },
  }
}
