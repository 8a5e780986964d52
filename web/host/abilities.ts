import type { Capability, ComputeStatus } from '../../src/contract/compute-status.ts'
import type { HostReport } from '../../src/contract/report.ts'

type Capacity = NonNullable<ComputeStatus['capacity']>

/** What a host can do: what its agent found, and what its daemons found more closely. */
export function capabilitiesOf({ capabilities, daemons }: Pick<HostReport, 'capabilities' | 'daemons'>) {
  const told = [capabilities, ...Object.values(daemons).map((daemon) => daemon.capabilities)]
  return Object.fromEntries(
    told
      .flatMap((some) => Object.entries(isObject(some) ? some : {}))
      .filter((entry): entry is [string, Capability] => isObject(entry[1]) && typeof entry[1].available === 'boolean')
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  )
}

/** What the host has for instances; undefined while no compute tells, or tells it in a form that this page does not know. */
export function capacityOf({ daemons }: Pick<HostReport, 'daemons'>): Capacity | undefined {
  const capacity = daemons.compute?.capacity
  return isObject(capacity) && figures.every((key) => typeof capacity[key] === 'number')
    ? (capacity as unknown as Capacity)
    : undefined
}

const figures = [
  'memoryMiB',
  'freeMemoryMiB',
  'cpus',
  'diskBytes',
  'freeDiskBytes',
] as const satisfies (keyof Capacity)[]

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}
