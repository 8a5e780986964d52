import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createCache } from '../../web/shared/cache.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

/** A cache whose requests are answered by hand. */
function cacheByHand() {
  const requests: { path: string; answer(value: unknown): void; fail(error: Error): void }[] = []
  const cache = createCache(
    (path) => new Promise((resolve, reject) => requests.push({ path, answer: resolve, fail: reject })),
    { pauseMs: 1000 },
  )
  const seen: unknown[] = []
  const look = (path: string) => cache.subscribe(path, () => seen.push(cache.read(path).data))
  async function answer(value: unknown) {
    requests.at(-1)?.answer(value)
    await vi.advanceTimersByTimeAsync(0)
  }
  return { cache, requests, seen, look, answer }
}

test('what is looked at is fetched once, however many look', async () => {
  const { cache, requests, seen, look, answer } = cacheByHand()
  look('/hosts')
  look('/hosts')
  await answer([1])
  expect(requests.map(({ path }) => path)).toEqual(['/hosts'])
  expect(seen).toEqual([[1], [1]])
  expect(cache.read('/hosts')).toEqual({ data: [1], error: undefined })
})

test('many changes within a second cost one more request, and the last one is not missed', async () => {
  const { cache, requests, look, answer } = cacheByHand()
  look('/hosts')
  await answer(1)
  for (let change = 0; change < 200; change++) cache.refresh(() => true)
  expect(requests).toHaveLength(1)
  await vi.advanceTimersByTimeAsync(1000)
  expect(requests).toHaveLength(2)
  await vi.advanceTimersByTimeAsync(5000)
  expect(requests).toHaveLength(2)
})

test('a change while the request is under way makes another one, since the answer may be older', async () => {
  const { cache, requests, look, answer } = cacheByHand()
  look('/hosts')
  cache.refresh(() => true)
  expect(requests).toHaveLength(1)
  await vi.advanceTimersByTimeAsync(3000)
  await answer('old')
  expect(requests).toHaveLength(2)
  await answer('new')
  expect(cache.read('/hosts').data).toBe('new')
})

test('what nobody looks at is not fetched', async () => {
  const { cache, requests, look, answer } = cacheByHand()
  const leave = look('/hosts')
  await answer(1)
  leave()
  cache.refresh(() => true)
  await vi.advanceTimersByTimeAsync(5000)
  expect(requests).toHaveLength(1)
  look('/hosts')
  expect(requests).toHaveLength(2)
})

test('old data stays beside the error of a failed request, and the error goes with the next answer', async () => {
  const { cache, requests, look, answer } = cacheByHand()
  look('/hosts')
  await answer([1])
  cache.refresh(() => true)
  await vi.advanceTimersByTimeAsync(1000)
  requests.at(-1)?.fail(new Error('away'))
  await vi.advanceTimersByTimeAsync(0)
  expect(cache.read('/hosts')).toEqual({ data: [1], error: new Error('away') })
  cache.refresh(() => true)
  await vi.advanceTimersByTimeAsync(1000)
  await answer([2])
  expect(cache.read('/hosts')).toEqual({ data: [2], error: undefined })
})

test('rows that did not change keep their identity; an answer that is the same tells nobody', async () => {
  const { cache, seen, look, answer } = cacheByHand()
  look('/hosts')
  const rows = () => cache.read<{ id: string }[]>('/hosts').data
  await answer([
    { id: 'a', labels: { rack: '1' } },
    { id: 'b', n: 1 },
  ])
  const [a, b] = rows() ?? []
  cache.refresh(() => true)
  await vi.advanceTimersByTimeAsync(1000)
  await answer([{ id: 'new' }, { id: 'a', labels: { rack: '1' } }, { id: 'b', n: 2 }])
  expect(rows()?.[1]).toBe(a)
  expect(rows()?.[2]).not.toBe(b)
  const told = seen.length
  cache.refresh(() => true)
  await vi.advanceTimersByTimeAsync(1000)
  await answer([{ id: 'new' }, { id: 'a', labels: { rack: '1' } }, { id: 'b', n: 2 }])
  expect(seen).toHaveLength(told)
})
