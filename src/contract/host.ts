import { type Static, Type } from 'typebox'
import { ChannelName, ComponentName, HostName, Id, Labels, Timestamp, Version } from './names.ts'
import { NetworkStatus } from './network-status.ts'
import { ReleaseSet } from './release-set.ts'
import { HostReport } from './report.ts'

/**
 * How a host stands, in one word: `enrolled` (never reported), `silent` (no report for a while), `stuck` and `rolled-back` (see its
 * failure), `updating`, `healthy` (runs what is desired, every check passes), `unhealthy` (a check fails), `waiting` (runs less than what
 * is desired and is not at work on it).
 */
export const hostConditions = [
  'enrolled',
  'silent',
  'stuck',
  'rolled-back',
  'updating',
  'unhealthy',
  'waiting',
  'healthy',
] as const
export const HostCondition = Type.Enum([...hostConditions])
export type HostCondition = (typeof hostConditions)[number]

/** A row of `GET /api/v1/hosts`. */
export const HostSummary = Type.Object({
  id: Id,
  name: HostName,
  channel: ChannelName,
  labels: Labels,
  condition: HostCondition,
  /** Why the condition is not `healthy`: a sentence. */
  reason: Type.Optional(Type.String()),
  /** What runs now, by component. */
  versions: Type.Record(ComponentName, Version),
  enrolledAt: Timestamp,
  lastSeenAt: Type.Union([Timestamp, Type.Null()]),
  /** When somebody said that the host is off, so that its instances may run elsewhere; until it reports again. */
  fencedAt: Type.Optional(Timestamp),
})
export type HostSummary = Static<typeof HostSummary>

/** How the networks of a host stand. */
export const HostNetwork = Type.Object({
  ...Type.Pick(NetworkStatus, ['loaded', 'trial', 'refused', 'egress', 'filterLocal']).properties,
  ...Type.Partial(Type.Pick(NetworkStatus, ['drift', 'statesKilled'])).properties,
  /** How many ports have their rules in force. */
  ports: Type.Integer({ minimum: 0 }),
})
export type HostNetwork = Static<typeof HostNetwork>

/** `GET /api/v1/hosts/:name` */
export const HostDetail = Type.Object({
  ...HostSummary.properties,
  generation: Type.Integer(),
  /** What the host should run; null while its channel points to nothing. */
  desired: Type.Union([ReleaseSet, Type.Null()]),
  /** The last report, whole; null before the first. */
  report: Type.Union([HostReport, Type.Null()]),
  /** What its network says; absent while it says nothing. */
  network: Type.Optional(HostNetwork),
})
export type HostDetail = Static<typeof HostDetail>
