import { type Static, Type } from 'typebox'
import { Digest } from './digest.ts'
import { ImageName } from './image.ts'
import { CloudName } from './instance.ts'
import { ChannelName, HostName, Timestamp, Version } from './names.ts'
import { maxStackTextLength } from './stack.ts'

/**
 * What an apply would do to one thing. `change-live`: while it runs. `change-at-next-start`: nothing is interrupted, and nothing changes until
 * the instance starts again. `replace`: it is removed with its disks and made anew, with the same addresses. `refused`: the stack cannot be
 * applied as it is, for this reason.
 */
export const planActionKinds = [
  'create',
  'change-live',
  'change-at-next-start',
  'replace',
  'remove',
  'refused',
] as const
export type PlanActionKind = (typeof planActionKinds)[number]

/** One difference between what is and what would be. Secrets are not shown: their values are "(changed)". */
export const PlanChange = Type.Object({
  field: Type.String(),
  from: Type.String(),
  to: Type.String(),
  when: Type.Enum(['live', 'next-start']),
})
export type PlanChange = Static<typeof PlanChange>

export const PlanAction = Type.Object({
  kind: Type.Enum([...planActionKinds]),
  thing: Type.Enum(['instance', 'volume', 'network', 'security-group', 'floating-ip', 'port-forward']),
  /** `<stack>.<name>` */
  name: Type.String(),
  /** Where; null for what is on no host. */
  host: Type.Union([HostName, Type.Null()]),
  /** Whether somebody who uses it would notice: it stops, or its data is gone. */
  interrupts: Type.Boolean(),
  /** A sentence. */
  reason: Type.String(),
  changes: Type.Array(PlanChange),
})
export type PlanAction = Static<typeof PlanAction>

/** Why an instance goes where it goes. */
export const PlanPlacement = Type.Object({
  instance: Type.String(),
  /** Null when none fits. */
  host: Type.Union([HostName, Type.Null()]),
  hosts: Type.Array(
    Type.Object({
      host: HostName,
      fits: Type.Boolean(),
      /** "1.5 GiB short", "silent", "6.0 GiB free after it" */
      reason: Type.String(),
    }),
  ),
})
export type PlanPlacement = Static<typeof PlanPlacement>

/** An image as it is pinned. */
export const PinnedImage = Type.Object({
  name: ImageName,
  /** The channel that was asked, when one was. */
  channel: Type.Optional(ChannelName),
  version: Version,
  digest: Digest,
})
export type PinnedImage = Static<typeof PinnedImage>

/** The answer of `POST /api/v1/plans`: what an apply would do. It reserves nothing. */
export const Plan = Type.Object({
  stack: CloudName,
  /** The revision that an apply would make. */
  revision: Type.Integer({ minimum: 1 }),
  /** Of what would be done; an apply that is given it refuses to do anything else. */
  digest: Digest,
  images: Type.Array(PinnedImage),
  actions: Type.Array(PlanAction),
  /** How many instances and volumes stay as they are. */
  unchanged: Type.Integer({ minimum: 0 }),
  placements: Type.Array(PlanPlacement),
  /** What is allowed but worth a second look, a sentence each. */
  warnings: Type.Array(Type.String()),
})
export type Plan = Static<typeof Plan>

const text = Type.String({ minLength: 1, maxLength: maxStackTextLength })

/** `POST /api/v1/plans` */
export const MakePlan = Type.Object({ text }, { additionalProperties: false })

/** `POST /api/v1/stacks`: with the digest of a plan, exactly that is done, or nothing. */
export const ApplyStack = Type.Object({ text, plan: Type.Optional(Digest) }, { additionalProperties: false })
export type ApplyStack = Static<typeof ApplyStack>

/** `POST /api/v1/stacks/:name/revert` */
export const RevertStack = Type.Object(
  { revision: Type.Integer({ minimum: 1 }), plan: Type.Optional(Digest) },
  { additionalProperties: false },
)
export type RevertStack = Static<typeof RevertStack>

/** The answer to both. */
export const AppliedStack = Type.Object({ stack: CloudName, revision: Type.Integer({ minimum: 1 }), plan: Plan })
export type AppliedStack = Static<typeof AppliedStack>

/** A row of `GET /api/v1/stacks`. */
export const StackSummary = Type.Object({
  name: CloudName,
  revision: Type.Integer(),
  appliedAt: Timestamp,
  appliedBy: Type.String(),
  instances: Type.Integer(),
  /** Those that run. */
  running: Type.Integer(),
  volumes: Type.Integer(),
  /** Whether it is on its way out: it is gone when its last instance is. */
  removing: Type.Boolean(),
})
export type StackSummary = Static<typeof StackSummary>

/** One apply. */
export const StackRevision = Type.Object({
  revision: Type.Integer(),
  appliedAt: Timestamp,
  appliedBy: Type.String(),
  /** "revert to 3"; empty for an ordinary apply. */
  note: Type.String(),
  images: Type.Array(PinnedImage),
})
export type StackRevision = Static<typeof StackRevision>

/** `GET /api/v1/stacks/:name`; revisions newest first. */
export const StackDetail = Type.Object({
  ...StackSummary.properties,
  networks: Type.Array(
    Type.Object({ name: CloudName, bridge: Type.String(), ranges: Type.Array(Type.String()), ports: Type.Integer() }),
  ),
  securityGroups: Type.Array(Type.Object({ name: CloudName, rules: Type.Integer(), ports: Type.Integer() })),
  floatingIps: Type.Array(
    Type.Object({ name: CloudName, address: Type.String(), instance: Type.Union([Type.String(), Type.Null()]) }),
  ),
  /** "tcp 8022 to shop.web:22" */
  portForwards: Type.Array(Type.String()),
  revisions: Type.Array(StackRevision),
})
export type StackDetail = Static<typeof StackDetail>

/** `GET /api/v1/stacks/:name/revisions/:revision` */
export const StackRevisionText = Type.Object({ ...StackRevision.properties, text: Type.String() })
export type StackRevisionText = Static<typeof StackRevisionText>
