import type { Capability, Capacity, ComputeStatus, InstanceStatus, VolumeStatus } from '../contract/compute-status.ts'
import type { DaemonStatus } from '../contract/daemon.ts'
import type { StoredDisk } from './disk-store.ts'
import { rootDisk } from './instance-disks.ts'
import type { Journal } from './operations/journal.ts'
import { type Reconciler, type Standing, waitingChanges } from './reconcile.ts'
import type { Records } from './record.ts'

export interface StatusParts {
  reconciler: Reconciler
  records: Records
  journal: Journal
  capabilities: () => Readonly<Record<string, Capability>>
  capacity: () => Capacity | null
  health: (id: string) => Pick<InstanceStatus, 'health' | 'healthMessage'>
}

export interface InstanceDisk {
  device: string
  backend: 'phy' | 'qdisk'
  stored: StoredDisk
}

/** What compute's status has beside what every daemon tells. */
export type OwnStatus = Omit<ComputeStatus, Exclude<keyof DaemonStatus, 'capabilities'>>

export function ownStatus(parts: StatusParts): OwnStatus {
  const { reconciler, journal, capabilities, capacity } = parts
  const standings = [...reconciler.standings()]
  return {
    instances: standings.slice(0, 4096).map(([id, standing]) => instanceStatus(parts, id, standing)),
    volumes: [...reconciler.desired().volumes.keys()].map((id) => volumeStatus(parts, id)),
    images: (reconciler.look()?.disks ?? []).flatMap(({ name }) =>
      name.kind === 'image' ? [name.digest as never] : [],
    ),
    operations: journal.reports(),
    capabilities: { ...capabilities() },
    capacity: capacity(),
  }
}

/** What of a status is worth telling at once: not the figures that move all the time. */
export function statusFingerprint({ instances, volumes, images, operations, capabilities }: OwnStatus): string {
  const steady = instances.map(({ disks, snapshots, ...instance }) => ({
    ...instance,
    disks: disks.map(({ usedBytes, ...disk }) => disk),
    snapshots: snapshots.map(({ usedBytes, ...snapshot }) => snapshot),
  }))
  return JSON.stringify([steady, volumes.map(({ usedBytes, ...volume }) => volume), images, operations, capabilities])
}

function instanceStatus(parts: StatusParts, id: string, standing: Standing): InstanceStatus {
  const { reconciler, records, health } = parts
  const desired = reconciler.desired().instances.get(id)
  const record = records.get(id)
  const look = reconciler.look()
  const guest = look?.guest(id)
  const lives = guest?.state === 'running' || guest?.state === 'paused'
  const details = reconciler.sightings.get(id)?.details
  const atNextStart = lives ? waitingChanges(record?.started, desired) : []
  const current = lives && desired && record?.started && atNextStart.length === 0
  const ports = (record?.started ?? desired)?.ports ?? []
  const domain = record?.domain?.domid === guest?.domid ? record?.domain : undefined
  const root = look?.disk(rootDisk(id))
  return {
    id,
    // An operation may have ended it since: then it is on its way up again.
    state: standing.state === 'running' && !lives ? 'starting' : standing.state,
    since: standing.since.toISOString(),
    ...(standing.reason ? { reason: standing.reason.slice(0, 500) } : {}),
    revision: current ? desired.revision : (record?.started?.revision ?? 0),
    atNextStart: atNextStart.slice(0, 16).map((what) => what.slice(0, 40)),
    ...(guest ? { domid: guest.domid } : {}),
    ...(lives && domain ? { startedAt: domain.since } : {}),
    ...(record?.firstBootSeconds === undefined ? {} : { firstBootSeconds: record.firstBootSeconds }),
    restarts: record?.restarts ?? 0,
    ...health(id),
    disks: disksOf(parts, id),
    interfaces: lives
      ? (details?.interfaces ?? []).flatMap(({ mac, name }) => {
          const port = ports.find((it) => it.mac === mac)?.id
          return port === undefined ? [] : [{ port, name: name.slice(0, 20) }]
        })
      : [],
    snapshots: (root?.snapshots ?? []).slice(-256).map((snapshot) => ({ ...snapshot })),
    ...(lives && details?.vncAddress ? { vncAddress: details.vncAddress } : {}),
  }
}

function disksOf(parts: StatusParts, id: string): InstanceStatus['disks'] {
  return instanceDisks(parts, id).map(({ device, backend, stored: { sizeBytes, usedBytes } }) => ({
    device,
    sizeBytes,
    usedBytes,
    backend,
  }))
}

/** The disks of an instance that are there: its first one and its volumes. */
export function instanceDisks({ reconciler, records }: StatusParts, id: string): InstanceDisk[] {
  const look = reconciler.look()
  if (!look) return []
  const volumes = (records.get(id)?.started ?? reconciler.desired().instances.get(id))?.volumes ?? []
  const backends = new Map(reconciler.sightings.get(id)?.details?.disks.map((it) => [it.device, it.backend]))
  const names = [
    { device: 'xvda', name: rootDisk(id) },
    ...volumes.map(({ device, volume }) => ({ device, name: { kind: 'volume' as const, id: volume } })),
  ]
  return names.flatMap(({ device, name }) => {
    const stored = look.disk(name)
    return stored ? [{ device, backend: backends.get(device) ?? 'phy', stored }] : []
  })
}

function volumeStatus({ reconciler }: StatusParts, id: string): VolumeStatus {
  const decision = reconciler.volumes().get(id)
  const look = reconciler.look()
  const disk = look?.disk({ kind: 'volume', id })
  return {
    id,
    state: decision?.state ?? 'failed',
    ...(decision?.reason ? { reason: decision.reason.slice(0, 500) } : decision ? {} : { reason: 'not looked at yet' }),
    sizeBytes: disk?.sizeBytes ?? 0,
    usedBytes: disk?.usedBytes ?? 0,
  }
}
