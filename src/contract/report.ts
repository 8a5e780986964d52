import { type Static, Type } from 'typebox'
import { DaemonStatus } from './daemon.ts'
import { Digest } from './digest.ts'
import { ImageName } from './image.ts'
import { ComponentName, Timestamp, Version } from './names.ts'
import { OperationReport } from './operation.ts'
import { HostPlatform } from './platform.ts'
import { ReleaseSet } from './release-set.ts'
import { Failure, Rejection, UpdateOutcome, UpdateState } from './update.ts'

/** One health check of a component, as it stood when it was last run. */
export const CheckResult = Type.Object({
  component: ComponentName,
  check: Type.String(),
  healthy: Type.Boolean(),
  /** What the check said when it was not healthy. */
  message: Type.Optional(Type.String({ maxLength: 2000 })),
})
export type CheckResult = Static<typeof CheckResult>

/** An image that instances of this host wait for. */
export const ImageReport = Type.Object({
  name: ImageName,
  version: Version,
  /** Of its layer. */
  digest: Digest,
  doneBytes: Type.Integer({ minimum: 0 }),
  sizeBytes: Type.Integer({ minimum: 0 }),
  /** Why it does not come, while it is tried again. */
  problem: Type.Optional(Type.String({ maxLength: 500 })),
})
export type ImageReport = Static<typeof ImageReport>

/**
 * What a daemon of the host answers on its socket, as the agent passes it on. What the host can do and has stands here where the daemon tells it
 * (ComputeStatus says in which form); it is not looked into, so that a newer form does not cost the host its whole report.
 */
const ReportedDaemon = Type.Object({
  ...DaemonStatus.properties,
  capabilities: Type.Optional(Type.Unknown()),
  capacity: Type.Optional(Type.Unknown()),
})

/** The body of `POST /api/v1/hosts/self/report`: how a host is, after every change of state and at least twice a minute. */
export const HostReport = Type.Object({
  /** The generation of the desired document that the host has; 0 before the first. */
  generation: Type.Integer({ minimum: 0 }),
  platform: HostPlatform,
  /** What `freebsd-version` prints: "14.3-RELEASE-p5". */
  release: Type.String({ maxLength: 100 }),
  agentVersion: Type.String({ maxLength: 64 }),
  /** Where Prometheus finds this host's page: "192.0.2.7:9760". Absent when the page is switched off. */
  metricsAddress: Type.Optional(Type.String({ maxLength: 261 })),
  /** How it is spoken to there; absent from an agent that knew of http only. */
  metricsScheme: Type.Optional(Type.Enum(['http', 'https'])),
  state: UpdateState,
  stateSince: Timestamp,
  /** The set that `current` points to; null before the first. */
  current: Type.Union([ReleaseSet, Type.Null()]),
  /** The set that it would go back to; absent before the first update, and from an agent that did not tell it. */
  previous: Type.Optional(ReleaseSet),
  checks: Type.Array(CheckResult, { maxItems: 1024 }),
  /** Why the update under way is being rolled back, or why the host is stuck. */
  failure: Type.Optional(Failure),
  lastUpdate: Type.Optional(UpdateOutcome),
  rejected: Type.Array(Rejection, { maxItems: 256 }),
  daemons: Type.Record(Type.String(), ReportedDaemon),
  /** Found by probing: what this host can do, and why not. */
  capabilities: Type.Record(
    Type.String(),
    Type.Object({ available: Type.Boolean(), reason: Type.Optional(Type.String()) }),
  ),
  /** Of those that the agent itself carries out; a daemon's stand in its status. */
  operations: Type.Array(OperationReport, { maxItems: 1024 }),
  images: Type.Optional(Type.Array(ImageReport, { maxItems: 256 })),
})
export type HostReport = Static<typeof HostReport>
