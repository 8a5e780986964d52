import type { HostHistory, HostPoint, InstancePoint } from '../../src/contract/history.ts'
import type { Chart } from '../shared/chart.ts'
import { lineOf } from '../shared/series.ts'
import { busiest } from './busiest.ts'

/** What is shown of a host's history: the host itself, then its instances, then PF. */
export function hostCharts({ points }: HostHistory): Chart[] {
  const last = points.at(-1)
  const line = (name: string, read: (point: HostPoint) => number | undefined) => lineOf(points, name, read)
  const busy = (read: (one: InstancePoint) => number | undefined) => busiest(points, read)
  return [
    { title: 'CPU', unit: 'ratio', series: [line('All processors', (point) => point.cpuRatio)] },
    {
      title: 'Memory',
      unit: 'bytes',
      series: [line('Taken', (point) => taken(point.memoryBytes, point.freeMemoryBytes))],
      limit: last?.memoryBytes,
    },
    {
      title: 'Disk pool',
      unit: 'bytes',
      series: [line('Taken', (point) => taken(point.poolBytes, point.freePoolBytes))],
      limit: last?.poolBytes,
    },
    { title: 'CPU of the instances', unit: 'ratio', series: busy((one) => one.cpuRatio), empty: noInstance },
    {
      title: 'Network of the instances, received and sent',
      unit: 'bytes-per-second',
      series: busy((one) => sum(one.receivedBytesPerSecond, one.sentBytesPerSecond)),
      empty: noInstance,
    },
    {
      title: 'Disks of the instances, read and written',
      unit: 'bytes-per-second',
      series: busy((one) => sum(one.readBytesPerSecond, one.writtenBytesPerSecond)),
      empty: noInstance,
    },
    {
      title: 'States of PF',
      unit: 'count',
      series: [line('States', (point) => point.pf?.states)],
      limit: last?.pf?.stateLimit,
      empty: noPf,
    },
    {
      title: 'Packets that PF passed',
      unit: 'per-second',
      series: [line('Passed', (point) => point.pf?.passedPacketsPerSecond)],
      empty: noPf,
    },
    {
      title: 'Packets that PF blocked',
      unit: 'per-second',
      series: [line('Blocked', (point) => point.pf?.blockedPacketsPerSecond)],
      empty: noPf,
    },
  ]
}

const noInstance = 'The host told this of no instance in this time.'
const noPf = 'The host told nothing of PF in this time.'

function taken(all: number | undefined, free: number | undefined): number | undefined {
  return all === undefined || free === undefined ? undefined : Math.max(0, all - free)
}

/** Of what is known; undefined when that is nothing. */
function sum(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined && b === undefined ? undefined : (a ?? 0) + (b ?? 0)
}
