import type { CloudInstance } from '../../src/contract/cloud-instance.ts'
import type { InstanceHistory, InstancePoint } from '../../src/contract/history.ts'
import type { Chart } from '../shared/chart.ts'
import { lineOf } from '../shared/series.ts'

/** What is shown of an instance's history. A CPU of 100 % is one processor. */
export function instanceCharts(
  { points }: InstanceHistory,
  { vcpus, memoryMiB }: Pick<CloudInstance, 'vcpus' | 'memoryMiB'>,
): Chart[] {
  const line = (name: string, read: (point: InstancePoint) => number | undefined) => lineOf(points, name, read)
  return [
    { title: 'CPU', unit: 'ratio', series: [line('All vCPUs', (point) => point.cpuRatio)], limit: vcpus },
    {
      title: 'Memory',
      unit: 'bytes',
      series: [line('Taken', (point) => point.memoryBytes)],
      limit: memoryMiB * 2 ** 20,
    },
    {
      title: 'Network',
      unit: 'bytes-per-second',
      series: [
        line('Received', (point) => point.receivedBytesPerSecond),
        line('Sent', (point) => point.sentBytesPerSecond),
      ],
    },
    {
      title: 'Disks',
      unit: 'bytes-per-second',
      series: [
        line('Read', (point) => point.readBytesPerSecond),
        line('Written', (point) => point.writtenBytesPerSecond),
      ],
    },
  ]
}
