import { describe, expect, test } from 'vitest'
import { quantityText, type Unit } from '../../web/shared/quantity.ts'
import { lineOf, sideBySide, summaryOf } from '../../web/shared/series.ts'
import { timeTicks, timeTickText, valueTicks } from '../../web/shared/ticks.ts'

test.each<[number, Unit, string]>([
  [0, 'ratio', '0 %'],
  [0.0234, 'ratio', '2.3 %'],
  [1.5, 'ratio', '150 %'],
  [1536, 'bytes', '1.5 KiB'],
  [1536, 'bytes-per-second', '1.5 KiB/s'],
  [0.125, 'per-second', '0.13/s'],
  [12_345, 'per-second', '12,345/s'],
  [100_000, 'count', '100,000'],
  [1, 'state', '1'],
  [0.0125, 'seconds', '13 ms'],
  [90, 'seconds', '90 s'],
  [5400, 'seconds', '90 min'],
  [10 * 3600, 'seconds', '10 h'],
  [40 * 86_400, 'seconds', '40 d'],
])('%d as %s is %j', (value, unit, text) => {
  expect(quantityText(value, unit)).toBe(text)
})

describe('the axis of values has round numbers and holds every value', () => {
  test.each<[number, number, Unit, number[]]>([
    [0, 0.9, 'ratio', [0, 0.25, 0.5, 0.75, 1]],
    [3, 7, 'count', [0, 2, 4, 6, 8]],
    [0, 1000, 'bytes', [0, 256, 512, 768, 1024]],
    [0, 0, 'per-second', [0, 0.25]],
    [0, 1, 'state', [0, 1]],
    [-3, 5, 'count', [-4, -2, 0, 2, 4, 6]],
  ])('from %d to %d as %s', (least, most, unit, ticks) => {
    expect(valueTicks(least, most, unit)).toEqual(ticks)
  })
})

describe('the axis of time has full minutes and hours', () => {
  const noon = Date.parse('2026-11-22T12:00:00Z') / 1000
  test.each([
    [2 * 3600, ['12:00', '12:30', '13:00', '13:30', '14:00']],
    [10 * 60, ['12:00', '12:05', '12:10']],
    [24 * 3600, ['12:00', '18:00', '11-23', '06:00', '12:00']],
    [0, ['12:00']],
  ])('over %d seconds', (seconds, texts) => {
    expect(timeTicks(noon, noon + seconds).map(timeTickText)).toEqual(texts)
  })
})

describe('lines side by side', () => {
  const points = (...ats: number[]) => ats.map((at) => [at, at] as const)
  test('stand at their moments; one that has no value there breaks', () => {
    const rows = sideBySide([
      { name: 'a', points: points(60, 120, 180) },
      { name: 'b', points: points(120, 180) },
    ])
    expect(rows).toEqual([
      { at: 60, values: [60, null] },
      { at: 120, values: [120, 120] },
      { at: 180, values: [180, 180] },
    ])
  })
  test('break where nothing was measured for more than three times the usual pause', () => {
    const at = (ats: number[]) => sideBySide([{ name: 'a', points: points(...ats) }]).map((row) => row.values[0])
    expect(at([0, 60, 120, 300, 360])).toEqual([0, 60, 120, 300, 360])
    expect(at([0, 60, 120, 301, 361])).toEqual([0, 60, 120, null, 301, 361])
    expect(at([60])).toEqual([60])
    expect(at([])).toEqual([])
  })
  test('are summed up by what is known of them', () => {
    const line = lineOf([5, undefined, 2, undefined].map(at), 'a', ({ value }) => value)
    expect(line.points.map(([second, value]) => [second, value])).toEqual([
      [0, 5],
      [60, null],
      [120, 2],
      [180, null],
    ])
    expect(summaryOf(line)).toEqual({ last: 2, least: 2, most: 5 })
    expect(summaryOf({ name: 'b', points: [[0, null]] })).toBeUndefined()
  })
})

function at(value: number | undefined, minute: number) {
  return { at: new Date(minute * 60_000).toISOString(), value }
}
