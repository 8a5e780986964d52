import type { Static, TSchema } from 'typebox'
import { check } from '../contract/check.ts'
import { ComputeStatus, InstanceStatus, VolumeStatus } from '../contract/compute-status.ts'
import type { HostDetail } from '../contract/host.ts'
import { OperationReport } from '../contract/operation.ts'
import type { HostReport } from '../contract/report.ts'
import type { HostRoom } from './place.ts'
import type { NetworksThere } from './place-networks.ts'
import type { InstanceRow, VolumeRow } from './rows.ts'

/** What a host's compute says, as far as it can be understood: a newer or older compute must not cost us all of it. */
export interface ComputeReport {
  /** The generation that compute has read. */
  generation: number
  instances: ReadonlyMap<string, InstanceStatus>
  volumes: ReadonlyMap<string, VolumeStatus>
  operations: readonly OperationReport[]
  capabilities: ComputeStatus['capabilities']
  capacity: ComputeStatus['capacity']
}

const { generation: Generation, capabilities, capacity } = ComputeStatus.properties

/** Undefined while the host has no compute that reports instances. */
export function computeReport(report: HostReport | null): ComputeReport | undefined {
  const status: Partial<Record<keyof ComputeStatus, unknown>> | undefined = report?.daemons.compute
  if (!report || !status || !Array.isArray(status.instances)) return undefined
  const instances = each(InstanceStatus, status.instances)
  const volumes = each(VolumeStatus, status.volumes)
  return {
    generation: check(Generation, status.generation) ? status.generation : 0,
    instances: new Map(instances.map((one) => [one.id, one])),
    volumes: new Map(volumes.map((one) => [one.id, one])),
    operations: [...each(OperationReport, status.operations), ...each(OperationReport, report.operations)],
    capabilities: check(capabilities, status.capabilities) ? status.capabilities : {},
    capacity: check(capacity, status.capacity) ? status.capacity : null,
  }
}

function each<S extends TSchema>(schema: S, rows: unknown): Static<S>[] {
  return Array.isArray(rows) ? rows.filter((row): row is Static<S> => check(schema, row)) : []
}

/** States in which a guest holds its memory. */
export const holdsMemory: readonly string[] = ['starting', 'running', 'paused', 'stopping']

/**
 * What a host has left. Memory is promised to every instance that is placed there, running or not, so that each can be started; what
 * guests take that are not ours is off as well.
 */
export function roomOf(
  host: HostDetail,
  instances: readonly InstanceRow[],
  volumes: readonly VolumeRow[],
  memoryOvercommit: number,
): Omit<HostRoom, keyof NetworksThere> {
  const compute = computeReport(host.report)
  const here = instances.filter((row) => row.host === host.id)
  const { memoryMiB = 0, freeMemoryMiB = 0, freeDiskBytes = 0 } = compute?.capacity ?? {}
  const promised = sum(here.map(({ document }) => document.memoryMiB))
  const ours = sum(
    here
      .filter(({ id }) => holdsMemory.includes(compute?.instances.get(id)?.state ?? ''))
      .map(({ document }) => document.memoryMiB),
  )
  const others = Math.max(0, memoryMiB - freeMemoryMiB - ours)
  const toMake = [
    ...here
      .filter(({ id }) => (compute?.instances.get(id)?.disks.length ?? 0) === 0)
      .map((row) => row.document.root.sizeBytes),
    ...volumes.filter(({ id, host: on }) => on === host.id && !compute?.volumes.has(id)).map((row) => row.sizeBytes),
  ]
  return {
    id: host.id,
    name: host.name,
    labels: host.labels,
    condition: host.condition,
    fenced: host.fencedAt !== undefined,
    architecture: host.report?.platform.architecture ?? '',
    capabilities: compute?.capacity ? compute.capabilities : undefined,
    freeMemoryMiB: Math.floor((memoryMiB - others) * memoryOvercommit) - promised,
    freeDiskBytes: freeDiskBytes - sum(toMake),
    guests: here.filter(({ document }) => document.wanted !== 'absent').map(({ name, member }) => ({ name, member })),
  }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((all, one) => all + one, 0)
}
