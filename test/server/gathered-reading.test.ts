import { expect, test } from 'vitest'
import { gatheredReading } from '../../src/server/gathered-reading.ts'

/** A reading that ends when it is told to, and what it was asked. */
function opened(most: number) {
  const readings: { keys: readonly string[]; answer: PromiseWithResolvers<Map<string, string>> }[] = []
  const ask = gatheredReading(most, (keys) => {
    const answer = Promise.withResolvers<Map<string, string>>()
    readings.push({ keys, answer })
    return answer.promise
  })
  return { ask, readings }
}

test('who asks while others are read for is read for afterwards, together with those who ask as well', async () => {
  const { ask, readings } = opened(10)
  const first = ask('a')
  const [again, second, same] = [ask('a'), ask('b'), ask('b')]
  expect(readings.map(({ keys }) => keys)).toEqual([['a']])
  readings[0]?.answer.resolve(new Map([['a', 'old']]))
  expect(await first).toBe('old')
  await expect.poll(() => readings.length, { interval: 1 }).toBe(2)
  expect(readings[1]?.keys).toEqual(['a', 'b'])
  readings[1]?.answer.resolve(new Map([['a', 'new']]))
  expect(await Promise.all([again, second, same])).toEqual(['new', undefined, undefined])
})

test('no more are read for at once than may be', async () => {
  const { ask, readings } = opened(2)
  const all = ['a', 'b', 'c', 'd'].map(ask)
  for (const [index, keys] of [['a'], ['b', 'c'], ['d']].entries()) {
    await expect.poll(() => readings[index]?.keys, { interval: 1 }).toEqual(keys)
    readings[index]?.answer.resolve(new Map(keys.map((key) => [key, key])))
  }
  expect(await Promise.all(all)).toEqual(['a', 'b', 'c', 'd'])
})

test('a reading that fails does so for those for whom it was', async () => {
  const { ask, readings } = opened(10)
  const first = ask('a')
  const second = ask('b')
  readings[0]?.answer.reject(new Error('lost'))
  await expect(first).rejects.toThrow('lost')
  await expect.poll(() => readings.length, { interval: 1 }).toBe(2)
  readings[1]?.answer.resolve(new Map([['b', 'there']]))
  expect(await second).toBe('there')
})
