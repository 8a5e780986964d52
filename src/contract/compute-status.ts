import { type Static, Type } from 'typebox'
import { DaemonStatus } from './daemon.ts'
import { Digest } from './digest.ts'
import { ComputeFigures } from './figures.ts'
import { InstanceId, SnapshotName } from './instance.ts'
import { Id, Timestamp } from './names.ts'
import { OperationReport } from './operation.ts'

/**
 * How an instance is on its host. `preparing`: its disks are being made. `waiting`: it cannot start yet, see `reason`. `backing-off`: it ended
 * too often, the next start has a time. `crashed` and `stopped`: it does not run, and the restart policy leaves it so. `failed`: what is
 * wanted cannot be done here. `absent`: it was removed with its disks. `left`: it is here but nobody wants anything of it; it is left alone.
 */
export const instanceStates = [
  'preparing',
  'waiting',
  'starting',
  'running',
  'paused',
  'stopping',
  'stopped',
  'crashed',
  'backing-off',
  'failed',
  'absent',
  'left',
] as const
export const InstanceState = Type.Enum([...instanceStates])
export type InstanceState = (typeof instanceStates)[number]

export const instanceHealths = ['unknown', 'starting', 'healthy', 'unhealthy'] as const

export const SnapshotStatus = Type.Object({
  name: SnapshotName,
  at: Timestamp,
  /** Whether the guest's memory is part of it. */
  memory: Type.Boolean(),
  /** What would be given back if it went. */
  usedBytes: Type.Integer({ minimum: 0 }),
})
export type SnapshotStatus = Static<typeof SnapshotStatus>

export const InstanceStatus = Type.Object({
  id: InstanceId,
  state: InstanceState,
  since: Timestamp,
  /** Why it is not running: a sentence. */
  reason: Type.Optional(Type.String({ maxLength: 500 })),
  /** The newest revision of which it runs all: the one that its domain was started with, or a later one that it took while it ran. 0 before the first start. */
  revision: Type.Integer({ minimum: 0 }),
  /** What of the newest revision waits for the next start: "memory", "boot". */
  atNextStart: Type.Array(Type.String({ maxLength: 40 }), { maxItems: 16 }),
  /** Changes at every start and reboot; never a key. */
  domid: Type.Optional(Type.Integer({ minimum: 0 })),
  startedAt: Type.Optional(Timestamp),
  /** From its very first start until its check was healthy. */
  firstBootSeconds: Type.Optional(Type.Number({ minimum: 0 })),
  /** How often it was started again because it ended by itself. */
  restarts: Type.Integer({ minimum: 0 }),
  health: Type.Enum([...instanceHealths]),
  healthMessage: Type.Optional(Type.String({ maxLength: 500 })),
  disks: Type.Array(
    Type.Object({
      device: Type.String({ maxLength: 8 }),
      sizeBytes: Type.Integer({ minimum: 0 }),
      usedBytes: Type.Integer({ minimum: 0 }),
      backend: Type.Enum(['phy', 'qdisk']),
    }),
    { maxItems: 16 },
  ),
  /** The interface of each port on the host: another at every start. */
  interfaces: Type.Array(Type.Object({ port: Id, name: Type.String({ maxLength: 20 }) }), { maxItems: 8 }),
  snapshots: Type.Array(SnapshotStatus, { maxItems: 256 }),
  /** `127.0.0.1:5901` while the guest has a screen. */
  vncAddress: Type.Optional(Type.String({ maxLength: 30 })),
})
export type InstanceStatus = Static<typeof InstanceStatus>

export const VolumeStatus = Type.Object({
  id: Id,
  state: Type.Enum(['present', 'absent', 'failed']),
  reason: Type.Optional(Type.String({ maxLength: 500 })),
  sizeBytes: Type.Integer({ minimum: 0 }),
  usedBytes: Type.Integer({ minimum: 0 }),
})
export type VolumeStatus = Static<typeof VolumeStatus>

/** Something that a host can or cannot do, found by trying: "xen.hvm", "zvol", "snapshot.memory". */
export const Capability = Type.Object({
  available: Type.Boolean(),
  /** Why not: a sentence with the way out. */
  reason: Type.Optional(Type.String({ maxLength: 500 })),
})
export type Capability = Static<typeof Capability>

/** What instances can be given of this host. */
export const Capacity = Type.Object({
  /** For guests: what the hypervisor has, less the host's own share. */
  memoryMiB: Type.Integer({ minimum: 0 }),
  freeMemoryMiB: Type.Integer({ minimum: 0 }),
  cpus: Type.Integer({ minimum: 0 }),
  diskBytes: Type.Integer({ minimum: 0 }),
  freeDiskBytes: Type.Integer({ minimum: 0 }),
})
export type Capacity = Static<typeof Capacity>

/** What compute answers on `GET /status`. */
export const ComputeStatus = Type.Object({
  ...DaemonStatus.properties,
  instances: Type.Array(InstanceStatus, { maxItems: 4096 }),
  volumes: Type.Array(VolumeStatus, { maxItems: 4096 }),
  /** The layers of the images that stand ready for cloning: the agent need not keep their bytes. */
  images: Type.Array(Digest, { maxItems: 4096 }),
  operations: Type.Array(OperationReport, { maxItems: 1024 }),
  capabilities: Type.Record(Type.String(), Capability),
  capacity: Type.Union([Capacity, Type.Null()]),
  /** Changes with every sample, which is no reason to tell. */
  figures: Type.Optional(ComputeFigures),
})
export type ComputeStatus = Static<typeof ComputeStatus>
