import { type Static, Type } from 'typebox'
import { HostSummary } from './host.ts'
import { InstanceId, InstanceName } from './instance.ts'
import { HostName, Timestamp } from './names.ts'

const Rate = Type.Number({ minimum: 0 })

/** How an instance did between two samples of its host. A ratio of CPU is of one processor: 1.5 is one and a half. Absent: not known. */
export const InstancePoint = Type.Object({
  id: InstanceId,
  /** The id, when the instance has been forgotten since. */
  name: Type.String(),
  cpuRatio: Type.Optional(Rate),
  memoryBytes: Rate,
  receivedBytesPerSecond: Type.Optional(Rate),
  sentBytesPerSecond: Type.Optional(Rate),
  readBytesPerSecond: Type.Optional(Rate),
  writtenBytesPerSecond: Type.Optional(Rate),
})
export type InstancePoint = Static<typeof InstancePoint>

/** How PF did between two samples. */
export const PfPoint = Type.Object({
  states: Rate,
  stateLimit: Type.Optional(Rate),
  searchesPerSecond: Type.Optional(Rate),
  insertsPerSecond: Type.Optional(Rate),
  passedPacketsPerSecond: Type.Optional(Rate),
  passedBytesPerSecond: Type.Optional(Rate),
  blockedPacketsPerSecond: Type.Optional(Rate),
})
export type PfPoint = Static<typeof PfPoint>

/** How a host did between two samples. */
export const HostPoint = Type.Object({
  at: Timestamp,
  /** Of all processors together, 0 to 1. */
  cpuRatio: Type.Optional(Rate),
  memoryBytes: Type.Optional(Rate),
  freeMemoryBytes: Type.Optional(Rate),
  poolBytes: Type.Optional(Rate),
  freePoolBytes: Type.Optional(Rate),
  pf: Type.Optional(PfPoint),
  instances: Type.Array(InstancePoint),
})
export type HostPoint = Static<typeof HostPoint>

/** `GET /api/v1/hosts/:name/history`: the oldest point first. A gap between two points is a time in which the host said nothing. */
export const HostHistory = Type.Object({ host: HostName, points: Type.Array(HostPoint) })
export type HostHistory = Static<typeof HostHistory>

/** `GET /api/v1/instances/:name/history`: the same, of one instance, on whatever host it was. */
export const InstanceHistory = Type.Object({
  instance: InstanceName,
  points: Type.Array(Type.Intersect([Type.Object({ at: Timestamp, host: HostName }), InstancePoint])),
})
export type InstanceHistory = Static<typeof InstanceHistory>

/** `GET /api/v1/top`: the newest point of every host, and how it stands. */
export const Top = Type.Object({
  hosts: Type.Array(Type.Object({ host: HostSummary, point: Type.Optional(HostPoint) })),
})
export type Top = Static<typeof Top>
