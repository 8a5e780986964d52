/** Work under way, by whom it is for: one thing at a time for each, and only so many at once. */
export interface Work {
  isBusy(id: string): boolean
  /** Begins it, when its turn comes. What it throws is told to `failed`. */
  begin(id: string, work: () => Promise<void>): void
  /** Resolves when nothing is under way. */
  idle(): Promise<void>
}

export function openWork(atOnce: number, tell: { ended(): void; failed(id: string, error: unknown): void }): Work {
  const underWay = new Map<string, Promise<void>>()
  const waiting: (() => void)[] = []
  let free = atOnce

  async function turn(): Promise<void> {
    if (free > 0) free--
    else await new Promise<void>((resolve) => waiting.push(resolve))
  }

  function give(): void {
    const next = waiting.shift()
    if (next) next()
    else free++
  }

  return {
    isBusy: (id) => underWay.has(id),
    begin(id, work) {
      const whole = (async () => {
        await turn()
        try {
          await work()
        } catch (error) {
          tell.failed(id, error)
        } finally {
          give()
          underWay.delete(id)
          tell.ended()
        }
      })()
      underWay.set(id, whole)
    },
    async idle() {
      await Promise.all(underWay.values())
    },
  }
}
