import { type Static, Type } from 'typebox'
import { InstanceId, SnapshotName } from './instance.ts'
import { Id, Timestamp } from './names.ts'

const to = { id: Id, target: InstanceId, notAfter: Timestamp }

/**
 * Something to be done once to an instance, at most once by its id, and not after `notAfter`. The host journals it before it acts; one that
 * was under way when the daemon was killed is finished where that is safe to repeat, and else reported as failed, never done again.
 */
export const Operation = Type.Union([
  /** The instance's `wanted` says the same; the operation only gives its result a name. */
  Type.Object({ ...to, kind: Type.Literal('start') }),
  Type.Object({ ...to, kind: Type.Literal('stop'), arguments: Type.Object({ force: Type.Boolean() }) }),
  Type.Object({ ...to, kind: Type.Literal('reboot'), arguments: Type.Object({ force: Type.Boolean() }) }),
  /** All disks at one moment; with its memory, the guest goes on from there when it is restored. */
  Type.Object({
    ...to,
    kind: Type.Literal('snapshot'),
    arguments: Type.Object({ name: SnapshotName, memory: Type.Boolean() }),
  }),
  /** Back to a snapshot. Younger snapshots stand in the way, and go only when `discardYounger` says so. */
  Type.Object({
    ...to,
    kind: Type.Literal('restore'),
    arguments: Type.Object({ name: SnapshotName, discardYounger: Type.Boolean() }),
  }),
  Type.Object({ ...to, kind: Type.Literal('delete-snapshot'), arguments: Type.Object({ name: SnapshotName }) }),
  /** The agent dials the stream `stream` of the server and joins it to the instance's console. */
  Type.Object({ ...to, kind: Type.Literal('console'), arguments: Type.Object({ stream: Id }) }),
])
export type Operation = Static<typeof Operation>
export type OperationKind = Operation['kind']

/** `accepted`: journalled, it waits for its turn. `done` and `failed` are for good. */
export const operationStates = ['accepted', 'running', 'done', 'failed'] as const
export const OperationState = Type.Enum([...operationStates])
export type OperationState = (typeof operationStates)[number]

/** How an operation stands on its host. Told until the desired document does not name it any more. */
export const OperationReport = Type.Object({
  id: Id,
  state: OperationState,
  /** What came of it, a sentence: "snapshot nightly of 2 disks". */
  result: Type.Optional(Type.String({ maxLength: 500 })),
  /** Why it failed, a sentence. */
  problem: Type.Optional(Type.String({ maxLength: 1000 })),
  at: Timestamp,
})
export type OperationReport = Static<typeof OperationReport>
