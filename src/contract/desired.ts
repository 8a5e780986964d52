import { type Static, Type } from 'typebox'
import { Id } from './names.ts'
import { ReleaseSet } from './release-set.ts'

const Generation = Type.Integer({ minimum: 0 })
const Network = Type.Record(Type.String(), Type.Unknown())

/**
 * What one host should run: the answer of `GET /api/v1/hosts/self/desired`, and the file desired.json on the host.
 * `generation` only grows; its text in quotes is the ETag.
 *
 * The agent hands the sections of the daemons on as they are: what is in them is checked by the daemon that has to understand it, so that an
 * agent need not be updated first.
 */
export const DesiredDocument = Type.Object({
  /** The host's id. An agent refuses the document of another host. */
  host: Id,
  generation: Generation,
  /** Absent (null) while the host's channel points to nothing: the host then keeps what it has. */
  releaseSet: Type.Union([ReleaseSet, Type.Null()]),
  instances: Type.Array(Type.Unknown()),
  volumes: Type.Optional(Type.Array(Type.Unknown())),
  network: Network,
  operations: Type.Array(Type.Unknown()),
})
export type DesiredDocument = Static<typeof DesiredDocument>

/**
 * The file that the agent writes for compute, below /var/db/slipway/desired/. Its rows are a DesiredInstance, a DesiredVolume and an
 * Operation each, and are checked one by one: one that this release of compute does not understand must not cost the others.
 */
export const DesiredInstances = Type.Object({
  generation: Generation,
  instances: Type.Array(Type.Unknown(), { maxItems: 4096 }),
  volumes: Type.Optional(Type.Array(Type.Unknown(), { maxItems: 4096 })),
  operations: Type.Optional(Type.Array(Type.Unknown(), { maxItems: 1024 })),
})
export type DesiredInstances = Static<typeof DesiredInstances>

/** The file that the agent writes for network. */
export const DesiredNetwork = Type.Object({ generation: Generation, network: Network })
export type DesiredNetwork = Static<typeof DesiredNetwork>
