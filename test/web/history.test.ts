import { describe, expect, test } from 'vitest'
import type { HostPoint, InstancePoint } from '../../src/contract/history.ts'
import { busiest } from '../../web/host/busiest.ts'
import { hostCharts } from '../../web/host/charts.ts'
import { instanceCharts } from '../../web/instance/charts.ts'

const instance = (name: string, parts: Partial<InstancePoint> = {}): InstancePoint => ({
  id: name,
  name,
  memoryBytes: 2 ** 30,
  ...parts,
})
const point = (minute: number, parts: Partial<HostPoint> = {}): HostPoint => ({
  at: new Date(minute * 60_000).toISOString(),
  instances: [],
  ...parts,
})
/** What stands in a chart, by its lines. */
const values = (
  chart: { series: readonly { name: string; points: (readonly [number, number | null])[] }[] } | undefined,
) => Object.fromEntries((chart?.series ?? []).map(({ name, points }) => [name, points.map(([, value]) => value)]))

describe('of many instances', () => {
  const use = (cpus: readonly number[]) => cpus.map((cpuRatio, index) => instance(`web.${index}`, { cpuRatio }))
  test('those that used most have lines of their own, the others one together', () => {
    const lines = busiest([point(0, { instances: use([7, 6, 5, 4, 3, 2, 1]) })], (one) => one.cpuRatio)
    expect(values({ series: lines })).toEqual({
      'web.0': [7],
      'web.1': [6],
      'web.2': [5],
      'web.3': [4],
      'web.4': [3],
      '2 others': [3],
    })
  })
  test('it is the use of the whole time that counts, and no line stands for one other', () => {
    const lines = busiest(
      [point(0, { instances: use([9, 0, 1, 1, 1, 1]) }), point(1, { instances: use([0, 10, 1, 1, 1, 1]) })],
      (one) => one.cpuRatio,
    )
    expect(lines.map(({ name }) => name)).toEqual(['web.1', 'web.0', 'web.2', 'web.3', 'web.4', 'web.5'])
  })
  test('one that was not there, or of which that is not known, has no value there', () => {
    const lines = busiest(
      [point(0), point(1, { instances: [instance('web.a')] }), point(2, { instances: use([0]) })],
      (one) => one.cpuRatio,
    )
    expect(values({ series: lines })).toEqual({ 'web.0': [null, null, 0], 'web.a': [null, null, null] })
  })
})

test('a host is shown with what is taken of it, against what it has', () => {
  const charts = hostCharts({
    host: 'a',
    points: [
      point(0, { cpuRatio: 0.5, memoryBytes: 8, freeMemoryBytes: 5, poolBytes: 20, freePoolBytes: 20 }),
      point(1, { pf: { states: 7, stateLimit: 100, blockedPacketsPerSecond: 3 } }),
      point(2, {
        memoryBytes: 16,
        pf: { states: 8, stateLimit: 100 },
        instances: [instance('web.db', { sentBytesPerSecond: 2, receivedBytesPerSecond: 1, readBytesPerSecond: 4 })],
      }),
    ],
  })
  const chart = (title: string) => charts.find((one) => one.title === title)
  expect(values(chart('CPU'))).toEqual({ 'All processors': [0.5, null, null] })
  expect(values(chart('Memory'))).toEqual({ Taken: [3, null, null] })
  expect(chart('Memory')?.limit).toBe(16)
  expect(chart('Disk pool')?.limit).toBeUndefined()
  expect(values(chart('Disk pool'))).toEqual({ Taken: [0, null, null] })
  expect(values(chart('States of PF'))).toEqual({ States: [null, 7, 8] })
  expect(chart('States of PF')?.limit).toBe(100)
  expect(values(chart('Packets that PF blocked'))).toEqual({ Blocked: [null, 3, null] })
  expect(values(chart('Network of the instances, received and sent'))).toEqual({ 'web.db': [null, null, 3] })
  expect(values(chart('Disks of the instances, read and written'))).toEqual({ 'web.db': [null, null, 4] })
})

test('an instance is shown against its vCPUs and its memory', () => {
  const history = {
    instance: 'web.db',
    points: [{ at: '2026-11-22T12:00:00.000Z', host: 'a', ...instance('web.db', { cpuRatio: 1.5 }) }],
  }
  const [cpu, memory, network] = instanceCharts(history, { vcpus: 2, memoryMiB: 2048 })
  expect([values(cpu), cpu?.limit]).toEqual([{ 'All vCPUs': [1.5] }, 2])
  expect([values(memory), memory?.limit]).toEqual([{ Taken: [2 ** 30] }, 2 ** 31])
  expect(values(network)).toEqual({ Received: [null], Sent: [null] })
})
