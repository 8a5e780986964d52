import { type Static, Type } from 'typebox'
import { InstanceId } from './instance.ts'
import { Timestamp } from './names.ts'

const Count = Type.Number({ minimum: 0 })

/**
 * What one instance has used so far, for the server's short history. All but the memory only grow, and begin at 0 again with every start of the
 * instance; what the host could not read is absent. Bytes are named as the instance sees them: what it received, what it read.
 */
export const InstanceFigures = Type.Object({
  id: InstanceId,
  cpuSeconds: Count,
  memoryBytes: Count,
  receivedBytes: Type.Optional(Count),
  sentBytes: Type.Optional(Count),
  readBytes: Type.Optional(Count),
  writtenBytes: Type.Optional(Count),
})
export type InstanceFigures = Static<typeof InstanceFigures>

/** `figures` in the status of compute: of the last samples. */
export const ComputeFigures = Type.Object({
  at: Timestamp,
  /** CPU time of all guests and the host itself, since the hypervisor booted; grows, except when a guest ends. */
  cpuSeconds: Type.Optional(Count),
  cpus: Type.Optional(Count),
  memoryBytes: Type.Optional(Count),
  freeMemoryBytes: Type.Optional(Count),
  poolBytes: Type.Optional(Count),
  freePoolBytes: Type.Optional(Count),
  instances: Type.Array(InstanceFigures, { maxItems: 4096 }),
})
export type ComputeFigures = Static<typeof ComputeFigures>

/** `figures` in the status of network: of the last samples. Packets and bytes are those that our own rules have counted. */
export const NetworkFigures = Type.Object({
  at: Timestamp,
  states: Count,
  stateLimit: Type.Optional(Count),
  stateSearches: Count,
  stateInserts: Count,
  passedPackets: Type.Optional(Count),
  passedBytes: Type.Optional(Count),
  blockedPackets: Type.Optional(Count),
})
export type NetworkFigures = Static<typeof NetworkFigures>
