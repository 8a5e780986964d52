import { expect, test } from 'vitest'
import type { InstanceFigures } from '../../src/contract/figures.ts'
import { maxGapSeconds, pointsOf, type TakenSample } from '../../src/fleet/rates.ts'
import { checkLaw, type Random } from '../support/random.ts'
import { computeFigures, instanceFigures, networkFigures, uuid } from './figures.ts'

const start = Date.parse('2026-11-22T12:00:00.000Z')
const at = (seconds: number) => new Date(start + seconds * 1000).toISOString()
const nameOf = (id: string) => `s.${Number(id.slice(-12))}`

/** Samples of one instance, 60 s apart unless they say otherwise. */
function ofInstance(...samples: (Partial<InstanceFigures> & { after?: number })[]): TakenSample[] {
  let seconds = 0
  return samples.map(({ after = 60, ...figures }) => {
    seconds += after
    return { at: at(seconds + 2), compute: computeFigures(at(seconds), { instances: [instanceFigures(figures)] }) }
  })
}

const lastOf = (samples: readonly TakenSample[]) => pointsOf(samples, nameOf).at(-1)?.instances[0]

test('a rate is the difference by the time that the daemon says', () => {
  const point = lastOf(ofInstance({ receivedBytes: 1000, cpuSeconds: 10 }, { receivedBytes: 7000, cpuSeconds: 100 }))
  expect(point).toEqual({
    id: uuid(1),
    name: 's.1',
    cpuRatio: 1.5,
    memoryBytes: 2 ** 30,
    receivedBytesPerSecond: 100,
    sentBytesPerSecond: 0,
    readBytesPerSecond: 0,
    writtenBytesPerSecond: 0,
  })
})

test('an instance that started again counts from 0', () => {
  expect(
    lastOf(ofInstance({ cpuSeconds: 9000, receivedBytes: 10 }, { cpuSeconds: 6, receivedBytes: 600 })),
  ).toMatchObject({
    cpuRatio: 0.1,
    receivedBytesPerSecond: 10,
  })
})

test('a counter that went back alone says nothing, the others go on', () => {
  const point = lastOf(ofInstance({ sentBytes: 10 ** 12 }, { sentBytes: 10 ** 11, readBytes: 3060 }))
  expect(point).not.toHaveProperty('sentBytesPerSecond')
  expect(point).toMatchObject({ readBytesPerSecond: 1, receivedBytesPerSecond: 0 })
})

test.each([
  ['the first sample', ofInstance({})],
  ['a long silence', ofInstance({}, { after: maxGapSeconds + 1 })],
  ['a clock that was put back', ofInstance({}, { after: -30 })],
  ['an instance that was not there before', [...ofInstance({ id: uuid(2) }), ...ofInstance({ after: 120 })]],
])('%s has no rates', (_what, samples) => {
  expect(lastOf(samples)).toEqual({ id: uuid(1), name: 's.1', memoryBytes: 2 ** 30 })
})

test('a sample that comes twice says the same twice', () => {
  const samples = ofInstance({ receivedBytes: 0 }, { receivedBytes: 600 }, { receivedBytes: 600, after: 0 })
  expect(pointsOf(samples, nameOf).map(({ instances }) => instances[0]?.receivedBytesPerSecond)).toEqual([
    undefined,
    10,
    10,
  ])
})

test('the CPU of a host is of all its processors; when a guest has ended, nothing is known of it', () => {
  const samples = [0, 120, 80, 440].map((cpuSeconds, index) => ({
    at: at(60 * index),
    compute: computeFigures(at(60 * index), { cpuSeconds, cpus: 4 }),
  }))
  expect(pointsOf(samples, nameOf).map(({ cpuRatio }) => cpuRatio)).toEqual([undefined, 0.5, undefined, 1])
})

test("PF's own counters count from 0 when they were cleared; sums over rules that have gone say nothing", () => {
  const figures = [
    { stateSearches: 9000, stateInserts: 900, passedPackets: 600 },
    { stateSearches: 600, stateInserts: 60, passedPackets: 500 },
  ]
  const samples = figures.map((one, index) => ({ at: at(60 * index), network: networkFigures(at(60 * index), one) }))
  expect(pointsOf(samples, nameOf).at(-1)?.pf).toEqual({
    states: 10,
    stateLimit: 1000,
    searchesPerSecond: 10,
    insertsPerSecond: 1,
  })
})

test('while a daemon says nothing, nothing is said of what it knows; then its rates go on', () => {
  const [first, last] = ofInstance({ receivedBytes: 0 }, { receivedBytes: 600 }) as [TakenSample, TakenSample]
  const points = pointsOf([first, { at: at(90), network: networkFigures(at(90)) }, last], nameOf)
  expect(points[1]).toEqual({ at: at(90), pf: { states: 10, stateLimit: 1000 }, instances: [] })
  expect(points[2]?.instances[0]?.receivedBytesPerSecond).toBe(10)
})

test('whatever happens, no rate tells of more than there was, and all that a quiet host did is told', () => {
  checkLaw(200, (random) => {
    const { samples, flows, quiet } = history(random)
    const points = pointsOf(samples, nameOf)
    let told = 0
    for (const [index, { instances }] of points.entries()) {
      const rate = instances[0]?.receivedBytesPerSecond
      if (rate === undefined) continue
      const { seconds, bytes } = flows[index] as { seconds: number; bytes: number }
      expect(rate).toBeGreaterThanOrEqual(0)
      expect(rate * seconds).toBeLessThanOrEqual(bytes * (1 + 1e-9))
      told += rate * seconds
    }
    if (quiet)
      expect(told).toBeCloseTo(
        flows.reduce((sum, { bytes }) => sum + bytes, 0),
        3,
      )
  })
})

/** What was received between each sample and the one before; `quiet` when nothing happened but that. */
function history(random: Random) {
  let seconds = 0
  let counter = 0
  let cpuSeconds = 0
  let quiet = true
  const samples: TakenSample[] = []
  const flows: { seconds: number; bytes: number }[] = []
  for (let step = 0; step < 2 + random.integer(8); step++) {
    const passed = random.chance(0.1) ? maxGapSeconds + 1 + random.integer(3600) : 1 + random.integer(maxGapSeconds)
    const [before, after] = [random.integer(10 ** 9), random.integer(10 ** 9)]
    const restarts = random.chance(0.2)
    if (step > 0) {
      seconds += passed
      counter = restarts ? after : counter + before + after
      cpuSeconds = restarts ? random.integer(passed) : cpuSeconds + random.integer(passed)
      if (restarts || passed > maxGapSeconds) quiet = false
    }
    flows.push(step > 0 ? { seconds: passed, bytes: before + after } : { seconds: 0, bytes: 0 })
    const instances = [instanceFigures({ cpuSeconds, receivedBytes: counter })]
    samples.push({ at: at(seconds), compute: computeFigures(at(seconds), { instances }) })
  }
  return { samples, flows, quiet }
}
