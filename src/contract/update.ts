import { type Static, Type } from 'typebox'
import { Digest } from './digest.ts'
import { ComponentName, Timestamp } from './names.ts'
import { ReleaseRef, ReleaseSet } from './release-set.ts'

/** The states of an update, in their order. The words stand in the journal, in reports and in metrics. */
export const updateStates = [
  'idle',
  'fetch',
  'verify',
  'stage',
  'stop',
  'switch',
  'start',
  'restarting',
  'probe',
  'confirm',
  'commit',
  'rollback',
  'stuck',
] as const
export const UpdateState = Type.Enum([...updateStates])
export type UpdateState = (typeof updateStates)[number]

/** Why a step failed, in one word of a closed list (a metric label), and in a sentence. */
export const failureReasons = [
  'download-failed',
  'digest-mismatch',
  'release-invalid',
  'bundle-refused',
  'platform-mismatch',
  'requirement-unmet',
  'storage-full',
  'service-failed',
  'health-check-failed',
  'agent-did-not-start',
  'not-confirmed',
  'interrupted',
  'rollback-failed',
  'internal',
] as const
export const Failure = Type.Object({
  reason: Type.Enum([...failureReasons]),
  /** A sentence for a person: what was wrong, with which value. At most 2,000 characters. */
  message: Type.String({ maxLength: 2000 }),
  /** The component that the failure names, if it names one. */
  component: Type.Optional(ComponentName),
  /** The state in which it happened. */
  state: UpdateState,
  at: Timestamp,
})
export type Failure = Static<typeof Failure>

/** How an update of a host ends. */
export const updateResults = ['committed', 'failed', 'rolled-back', 'stuck'] as const

/** What became of the last update of a host. */
export const UpdateOutcome = Type.Object({
  set: ReleaseSet,
  result: Type.Enum([...updateResults]),
  failure: Type.Optional(Failure),
  at: Timestamp,
})
export type UpdateOutcome = Static<typeof UpdateOutcome>

/** How often updates ended how on this host: counters that outlive the agent's own restart. */
export const UpdateCounts = Type.Object({
  /** One row for each component that the update would have changed. `reason` is empty when nothing failed. */
  attempts: Type.Array(
    Type.Object({
      component: ComponentName,
      result: UpdateOutcome.properties.result,
      reason: Type.String(),
      count: Type.Integer({ minimum: 1 }),
    }),
  ),
  /** `component` is the one to blame, empty when none was named. */
  rollbacks: Type.Array(
    Type.Object({ component: Type.String(), reason: Type.String(), count: Type.Integer({ minimum: 1 }) }),
  ),
})
export type UpdateCounts = Static<typeof UpdateCounts>

/**
 * The file journal.json: where an update stands. It is written before each step acts (DESIGN of the agent: journal, then act), so
 * after a crash it names the step that may have been cut short.
 */
export const Journal = Type.Object({
  version: Type.Literal(1),
  state: UpdateState,
  /** When this state was entered. */
  since: Timestamp,
  /** The set that is being applied; absent in `idle`. */
  target: Type.Optional(ReleaseSet),
  /** The set to return to; absent in `idle` and on the very first update of a host. */
  origin: Type.Optional(ReleaseSet),
  /** How often the journal was saved in this update; past a limit the update is taken for a loop and ended. */
  saves: Type.Integer({ minimum: 0 }),
  /** Until when `confirm` may wait. */
  confirmBy: Type.Optional(Timestamp),
  /** Why the update is being rolled back. */
  failure: Type.Optional(Failure),
  /** How the last update ended. It is written together with the state that ends the update, so it is neither lost nor told twice. */
  lastUpdate: Type.Optional(UpdateOutcome),
  /** Absent before the first update. */
  counts: Type.Optional(UpdateCounts),
})
export type Journal = Static<typeof Journal>

/** A set that was rolled back here, and the component to blame when a check named one. Refused until an operator clears it. */
export const Rejection = Type.Object({
  set: Digest,
  component: Type.Optional(ReleaseRef),
  failure: Failure,
  at: Timestamp,
})
export type Rejection = Static<typeof Rejection>

/** The file rejected.json. */
export const Rejections = Type.Object({ version: Type.Literal(1), rejected: Type.Array(Rejection) })
export type Rejections = Static<typeof Rejections>
