/**
 * A reading that costs much and is asked for by many: whoever asks within `maxAgeMs` of its beginning gets the same. One that failed is not kept.
 */
export function sharedReading<T>(maxAgeMs: number, read: () => Promise<T>): () => Promise<T> {
  let newest: { begun: number; answer: Promise<T> } | undefined
  return () => {
    const now = performance.now()
    if (newest && now - newest.begun < maxAgeMs) return newest.answer
    const reading = { begun: now, answer: read() }
    newest = reading
    reading.answer.catch(() => {
      if (newest === reading) newest = undefined
    })
    return reading.answer
  }
}
