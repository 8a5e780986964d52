import type { ComputeFigures, InstanceFigures } from '../../contract/figures.ts'
import type { PoolStatus } from '../disk-store.ts'
import type { DiskUse } from './disks.ts'
import { instancesByDomid, type SampleFacts } from './facts.ts'
import { domainCpus, type HostReading } from './host.ts'
import type { GuestTraffic } from './interfaces.ts'

/** The last reading of each source; undefined when it failed. */
export interface Readings {
  host: HostReading | undefined
  traffic: readonly GuestTraffic[] | undefined
  disks: readonly DiskUse[] | undefined
  pool: PoolStatus | undefined
}

const MiB = 1024 * 1024

/** The readings of one moment in few numbers, for whoever keeps a short history of this host. */
export function computeFigures(at: Date, { host, traffic, disks, pool }: Readings, facts: SampleFacts): ComputeFigures {
  const { hardware } = facts
  const cpus = host && domainCpus(host)
  const trafficOf = Map.groupBy(traffic ?? [], ({ domid }) => domid)
  const disksOf = Map.groupBy(disks ?? [], ({ domid }) => domid)
  const instances = [...instancesByDomid(facts)].map(([domid, { status, guest }]): InstanceFigures => {
    const own = trafficOf.get(domid)
    const used = disksOf.get(domid)
    return {
      id: status.id,
      cpuSeconds: cpus?.get(domid)?.seconds ?? guest?.cpuSeconds ?? 0,
      memoryBytes: (guest?.memoryMiB ?? 0) * MiB,
      ...(own && { receivedBytes: sum(own, (it) => it.received.bytes), sentBytes: sum(own, (it) => it.sent.bytes) }),
      ...(used && { readBytes: sum(used, (it) => it.readBytes), writtenBytes: sum(used, (it) => it.writtenBytes) }),
    }
  })
  return {
    at: at.toISOString(),
    ...(cpus && { cpuSeconds: Math.round(sum([...cpus.values()], ({ seconds }) => seconds) * 10) / 10 }),
    ...(hardware && {
      cpus: hardware.cpus,
      memoryBytes: hardware.memoryMiB * MiB,
      freeMemoryBytes: hardware.freeMemoryMiB * MiB,
    }),
    ...(pool?.room && { poolBytes: pool.room.sizeBytes, freePoolBytes: pool.room.freeBytes }),
    instances,
  }
}

function sum<T>(things: readonly T[], value: (thing: T) => number): number {
  return things.reduce((total, thing) => total + value(thing), 0)
}
