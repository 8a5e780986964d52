import type { CloudInstance } from '../../contract/cloud-instance.ts'
import type { InstancePoint, PfPoint } from '../../contract/history.ts'
import type { HostSummary } from '../../contract/host.ts'
import type { TopAnswer } from './answer.ts'

/** What is used, of hosts and instances alike; undefined: not known. Bytes a second, as an instance sees them. */
export interface Use {
  name: string
  /** Of a host 1 is all processors, of an instance one. */
  cpuRatio: number | undefined
  memoryBytes: number | undefined
  received: number | undefined
  sent: number | undefined
  read: number | undefined
  written: number | undefined
}

export interface HostRow extends Use {
  host: HostSummary
  /** Instances that run and are not unhealthy, and those that should run. */
  up: number
  wanted: number
  totalMemoryBytes: number | undefined
  pf: PfPoint | undefined
}

export interface InstanceRow extends Use {
  instance: CloudInstance
}

/** A row for each host; what its instances received and read is summed up. */
export function hostRows({ hosts, instances }: TopAnswer): HostRow[] {
  const placed = Map.groupBy(
    instances.filter(({ wanted }) => wanted === 'running'),
    ({ host }) => host,
  )
  return hosts.map(({ host, point }) => {
    const wanted = placed.get(host.name) ?? []
    const sumOf = (key: keyof InstancePoint) => sum(point?.instances.map((one) => one[key] as number | undefined) ?? [])
    return {
      name: host.name,
      host,
      up: wanted.filter(({ state, health }) => state === 'running' && health !== 'unhealthy').length,
      wanted: wanted.length,
      cpuRatio: point?.cpuRatio,
      memoryBytes: taken(point?.memoryBytes, point?.freeMemoryBytes),
      totalMemoryBytes: point?.memoryBytes,
      received: sumOf('receivedBytesPerSecond'),
      sent: sumOf('sentBytesPerSecond'),
      read: sumOf('readBytesPerSecond'),
      written: sumOf('writtenBytesPerSecond'),
      pf: point?.pf,
    }
  })
}

/** A row for each instance that the server knows. */
export function instanceRows({ hosts, instances }: TopAnswer): InstanceRow[] {
  const points = new Map(hosts.flatMap(({ point }) => point?.instances.map((one) => [one.id, one]) ?? []))
  return instances.map((instance) => {
    const point = points.get(instance.id)
    return {
      name: instance.name,
      instance,
      cpuRatio: point?.cpuRatio,
      memoryBytes: point?.memoryBytes,
      received: point?.receivedBytesPerSecond,
      sent: point?.sentBytesPerSecond,
      read: point?.readBytesPerSecond,
      written: point?.writtenBytesPerSecond,
    }
  })
}

function taken(all: number | undefined, free: number | undefined): number | undefined {
  return all === undefined || free === undefined ? undefined : Math.max(0, all - free)
}

/** Of what is known; undefined when that is nothing. */
function sum(values: readonly (number | undefined)[]): number | undefined {
  const known = values.filter((value) => value !== undefined)
  return known.length === 0 ? undefined : known.reduce((total, value) => total + value, 0)
}

export const sortKeys = ['cpu', 'memory', 'net', 'disk', 'name'] as const
export type SortKey = (typeof sortKeys)[number]

/** Those that use most first, of which that is not known last; those that use the same by name. */
export function sorted<R extends Use>(rows: readonly R[], key: SortKey): R[] {
  return rows.toSorted((a, b) => (amount(b, key) ?? -1) - (amount(a, key) ?? -1) || (a.name < b.name ? -1 : 1))
}

function amount(row: Use, key: SortKey): number | undefined {
  switch (key) {
    case 'cpu':
      return row.cpuRatio
    case 'memory':
      return row.memoryBytes
    case 'net':
      return sum([row.received, row.sent])
    case 'disk':
      return sum([row.read, row.written])
    case 'name':
      return undefined
  }
}
