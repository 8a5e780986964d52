import { expect, test } from 'vitest'
import { backoffMs, systemClock } from '../../src/platform/clock.ts'

test.each([
  [1, 250, 500],
  [2, 500, 1000],
  [5, 4000, 8000],
  [7, 15_000, 30_000],
  [1000, 15_000, 30_000],
])('the pause before try %d is between %d and %d ms', (attempt, least, most) => {
  for (let n = 0; n < 200; n++) {
    const pause = backoffMs(attempt)
    expect(pause).toBeGreaterThanOrEqual(least)
    expect(pause).toBeLessThanOrEqual(most)
  }
})

test('two that failed at once do not come back at once', () => {
  expect(new Set(Array.from({ length: 20 }, () => backoffMs(5))).size).toBeGreaterThan(15)
})

test('a pause ends at once, with its reason, when it is aborted', async () => {
  const controller = new AbortController()
  const pause = systemClock.sleep(60_000, controller.signal)
  controller.abort(new Error('stopped'))
  await expect(pause).rejects.toMatchObject({
    name: 'AbortError',
    cause: expect.objectContaining({ message: 'stopped' }),
  })
})
