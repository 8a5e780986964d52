/** A number that grows whenever something has changed, for those who wait for that. */
export interface Sequence {
  current(): number
  advance(): void
  /** Resolves with the current number: at once when it is not `seen`, else when it changes, after `timeoutMs`, or when `signal` is aborted. */
  changed(seen: number, timeoutMs: number, signal: AbortSignal): Promise<number>
}

/** Begins with the time of day, so that a program that was started again never repeats a number of its life before. */
export function openSequence(): Sequence {
  let current = Date.now()
  const waiting = new Set<() => void>()
  return {
    current: () => current,
    advance() {
      current++
      for (const wake of [...waiting]) wake()
    },
    changed: (seen, timeoutMs, signal) =>
      new Promise((resolve) => {
        const end = () => {
          clearTimeout(timer)
          waiting.delete(end)
          signal.removeEventListener('abort', end)
          resolve(current)
        }
        const timer = setTimeout(end, timeoutMs)
        waiting.add(end)
        signal.addEventListener('abort', end, { once: true })
        if (seen !== current || signal.aborted) end()
      }),
  }
}
