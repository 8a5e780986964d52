import { stateText } from '../instance-table.ts'
import { bytes, span } from '../print.ts'
import type { HostRow, InstanceRow, Use } from './rows.ts'

export interface Column<R> {
  head: string
  text(row: R): string
  /** Words begin at the left, numbers end at the right. */
  left?: true
  /** In a narrow window the columns with the least weight go first. */
  weight: number
}

/** What stands for each host; `now` is for ages. */
export const hostColumns = (now: Date): Column<HostRow>[] => [
  { head: 'HOST', left: true, weight: 10, text: ({ name }) => name },
  { head: 'CHANNEL', left: true, weight: 2, text: ({ host }) => host.channel },
  { head: 'CONDITION', left: true, weight: 9, text: ({ host }) => host.condition },
  { head: 'UP', weight: 8, text: ({ up, wanted }) => `${up}/${wanted}` },
  ...cpuAndMemory(),
  { head: 'OF', weight: 3, text: ({ totalMemoryBytes }) => known(totalMemoryBytes, bytes) },
  { head: 'STATES', weight: 5, text: ({ pf }) => known(pf?.states, String) },
  { head: 'BLOCKED/s', weight: 5, text: ({ pf }) => known(pf?.blockedPacketsPerSecond, rate) },
  ...traffic(),
  { head: 'SEEN', weight: 6, text: ({ host }) => (host.lastSeenAt === null ? 'never' : span(host.lastSeenAt, now)) },
]

/** What stands for each instance. */
export const instanceColumns = (now: Date): Column<InstanceRow>[] => [
  { head: 'INSTANCE', left: true, weight: 10, text: ({ name }) => name },
  { head: 'HOST', left: true, weight: 5, text: ({ instance }) => instance.host },
  { head: 'STATE', left: true, weight: 9, text: ({ instance }) => stateText(instance) },
  { head: 'HEALTH', left: true, weight: 6, text: ({ instance }) => instance.health },
  ...cpuAndMemory(),
  ...traffic(),
  {
    head: 'UPTIME',
    weight: 4,
    text: ({ instance: { state, startedAt } }) =>
      state === 'running' && startedAt !== undefined ? span(startedAt, now) : '-',
  },
]

const cpuAndMemory = (): Column<Use>[] => [
  { head: 'CPU%', weight: 8, text: ({ cpuRatio }) => known(cpuRatio, (ratio) => (100 * ratio).toFixed(1)) },
  { head: 'MEMORY', weight: 7, text: ({ memoryBytes }) => known(memoryBytes, bytes) },
]

const traffic = (): Column<Use>[] => [
  { head: 'IN/s', weight: 4, text: ({ received }) => known(received, bytes) },
  { head: 'OUT/s', weight: 4, text: ({ sent }) => known(sent, bytes) },
  { head: 'READ/s', weight: 1, text: ({ read }) => known(read, bytes) },
  { head: 'WRITTEN/s', weight: 1, text: ({ written }) => known(written, bytes) },
]

function known(value: number | undefined, text: (value: number) => string): string {
  return value === undefined ? '-' : text(value)
}

function rate(perSecond: number): string {
  return perSecond < 10 ? perSecond.toFixed(1) : String(Math.round(perSecond))
}
