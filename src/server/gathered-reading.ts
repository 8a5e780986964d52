/**
 * A reading by key that many ask for at once: while one is under way, those who ask are gathered, and the next one reads for them together, `most` at a
 * time. Whoever asks gets what was read after that; undefined when nothing was found.
 */
export function gatheredReading<Value>(
  most: number,
  read: (keys: readonly string[]) => Promise<ReadonlyMap<string, Value>>,
): (key: string) => Promise<Value | undefined> {
  const waiting = new Map<string, PromiseWithResolvers<Value | undefined>>()
  let isReading = false

  async function readAll(): Promise<void> {
    isReading = true
    while (waiting.size > 0) {
      const some = [...waiting].slice(0, most)
      for (const [key] of some) waiting.delete(key)
      try {
        const found = await read(some.map(([key]) => key))
        for (const [key, { resolve }] of some) resolve(found.get(key))
      } catch (error) {
        for (const [, { reject }] of some) reject(error)
      }
    }
    isReading = false
  }

  return (key) => {
    const asked = waiting.get(key) ?? Promise.withResolvers<Value | undefined>()
    waiting.set(key, asked)
    if (!isReading) void readAll()
    return asked.promise
  }
}
