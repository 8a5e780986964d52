import { type Static, Type } from 'typebox'
import { InstanceStatus, instanceHealths, instanceStates, type VolumeStatus } from './compute-status.ts'
import { Digest } from './digest.ts'
import { ImageName } from './image.ts'
import {
  CloudName,
  DesiredInstance,
  InstanceId,
  InstanceLabels,
  InstanceName,
  SnapshotName,
  VolumeName,
} from './instance.ts'
import { HostName, Id, Timestamp, Version } from './names.ts'
import { operationStates } from './operation.ts'

/**
 * How an instance is, as the server knows it: what its host says, or `unknown` (the host is silent, or was fenced, or its compute does not
 * answer), or `pending` (the host has not said anything of it yet).
 */
export const cloudInstanceStates = ['unknown', 'pending', ...instanceStates] as const

/** A row of `GET /api/v1/instances`. */
export const CloudInstance = Type.Object({
  id: InstanceId,
  name: InstanceName,
  stack: CloudName,
  host: HostName,
  state: Type.Enum([...cloudInstanceStates]),
  /** Why it is as it is: a sentence. */
  reason: Type.Optional(Type.String()),
  wanted: DesiredInstance.properties.wanted,
  /** Whether its host has yet to hear of the newest change. */
  pending: Type.Boolean(),
  /** What waits for the next start. */
  atNextStart: Type.Array(Type.String()),
  type: DesiredInstance.properties.type,
  vcpus: Type.Integer(),
  memoryMiB: Type.Integer(),
  diskBytes: Type.Integer(),
  /** Null when its disk did not begin as an image. */
  image: Type.Union([Type.Object({ name: ImageName, version: Version, digest: Digest }), Type.Null()]),
  /** Without the length of their prefix. */
  addresses: Type.Array(Type.String()),
  health: Type.Enum([...instanceHealths]),
  healthMessage: Type.Optional(Type.String()),
  startedAt: Type.Optional(Timestamp),
  restarts: Type.Integer(),
  /** Absent when it has none. */
  labels: Type.Optional(InstanceLabels),
})
export type CloudInstance = Static<typeof CloudInstance>

/** `GET /api/v1/instances/:name` */
export const CloudInstanceDetail = Type.Object({
  ...CloudInstance.properties,
  revision: Type.Integer(),
  driver: DesiredInstance.properties.driver,
  ports: Type.Array(
    Type.Object({
      id: Id,
      network: Type.String(),
      bridge: Type.String(),
      mac: Type.String(),
      addresses: Type.Array(Type.String()),
    }),
  ),
  volumes: Type.Array(Type.Object({ name: VolumeName, device: Type.String(), readOnly: Type.Boolean() })),
  /** What its host says, whole; null while that is nothing. */
  status: Type.Union([InstanceStatus, Type.Null()]),
})
export type CloudInstanceDetail = Static<typeof CloudInstanceDetail>

/** `GET /api/v1/instances/:name/screen`: how to look at an instance's screen. */
export const InstanceScreen = Type.Object({
  host: HostName,
  /** On the host's own loopback: "127.0.0.1:5901". One gets there by ssh. */
  address: Type.String(),
  password: Type.String(),
})
export type InstanceScreen = Static<typeof InstanceScreen>

/** A row of `GET /api/v1/volumes`. */
export const CloudVolume = Type.Object({
  id: Id,
  name: VolumeName,
  stack: CloudName,
  /** Null until an instance has it. */
  host: Type.Union([HostName, Type.Null()]),
  state: Type.Enum(['unknown', 'pending', ...(['present', 'absent', 'failed'] satisfies VolumeStatus['state'][])]),
  reason: Type.Optional(Type.String()),
  sizeBytes: Type.Integer(),
  usedBytes: Type.Integer(),
  /** The names of the instances that have it. */
  instances: Type.Array(InstanceName),
})
export type CloudVolume = Static<typeof CloudVolume>

const name = { name: SnapshotName }
const force = { force: Type.Optional(Type.Boolean()) }
const closed = { additionalProperties: false } as const

/** `POST /api/v1/instances/:name/operations` */
export const RequestOperation = Type.Union([
  Type.Object({ kind: Type.Literal('start') }, closed),
  Type.Object({ kind: Type.Literal('stop'), arguments: Type.Optional(Type.Object(force, closed)) }, closed),
  Type.Object({ kind: Type.Literal('reboot'), arguments: Type.Optional(Type.Object(force, closed)) }, closed),
  Type.Object(
    {
      kind: Type.Literal('snapshot'),
      arguments: Type.Object({ ...name, memory: Type.Optional(Type.Boolean()) }, closed),
    },
    closed,
  ),
  Type.Object(
    {
      kind: Type.Literal('restore'),
      arguments: Type.Object({ ...name, discardYounger: Type.Optional(Type.Boolean()) }, closed),
    },
    closed,
  ),
  Type.Object({ kind: Type.Literal('delete-snapshot'), arguments: Type.Object(name, closed) }, closed),
])
export type RequestOperation = Static<typeof RequestOperation>

/**
 * How an operation stands. `pending`: its host has not taken it yet. `expired`: it did not take it in time, and will not do it any more.
 */
export const cloudOperationStates = ['pending', ...operationStates, 'expired'] as const
export const CloudOperation = Type.Object({
  id: Id,
  instance: InstanceName,
  host: HostName,
  kind: Type.String(),
  arguments: Type.Record(Type.String(), Type.Unknown()),
  state: Type.Enum([...cloudOperationStates]),
  /** What came of it, or why it failed: a sentence. */
  result: Type.Optional(Type.String()),
  problem: Type.Optional(Type.String()),
  requestedBy: Type.String(),
  requestedAt: Timestamp,
  notAfter: Timestamp,
  endedAt: Type.Union([Timestamp, Type.Null()]),
})
export type CloudOperation = Static<typeof CloudOperation>

/** Whether an operation will not change any more, but for an expired one of which its host says that it was done after all. */
export function hasEnded({ state }: Pick<CloudOperation, 'state'>): boolean {
  return state === 'done' || state === 'failed' || state === 'expired'
}

/** `POST /api/v1/images/:name/channels/:channel`: the channel points to this version from now on. */
export const PromoteImage = Type.Object({ version: Version }, closed)

/** A row of `GET /api/v1/images/:name/channels`, and the answer to PromoteImage. */
export const ImagePointer = Type.Object({
  image: ImageName,
  channel: Type.String(),
  version: Version,
  promotedAt: Timestamp,
  promotedBy: Type.String(),
})
export type ImagePointer = Static<typeof ImagePointer>
