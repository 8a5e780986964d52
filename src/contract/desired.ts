import { type Static, Type } from 'typebox'
import { Id } from './names.ts'
import { ReleaseSet } from './release-set.ts'

/**
 * What one host should run: the answer of `GET /api/v1/hosts/self/desired`, and the file desired.json on the host.
 * `generation` only grows; its text in quotes is the ETag.
 */
export const DesiredDocument = Type.Object({
  /** The host's id. An agent refuses the document of another host. */
  host: Id,
  generation: Type.Integer({ minimum: 0 }),
  /** Absent (null) while the host's channel points to nothing: the host then keeps what it has. */
  releaseSet: Type.Union([ReleaseSet, Type.Null()]),
  instances: Type.Array(Type.Unknown()),
  network: Type.Record(Type.String(), Type.Unknown()),
  operations: Type.Array(Type.Unknown()),
})
export type DesiredDocument = Static<typeof DesiredDocument>

/** The files that the agent writes for the daemons, below /var/db/slipway/desired/. */
export const DesiredInstances = Type.Object({
  generation: Type.Integer({ minimum: 0 }),
  instances: Type.Array(Type.Unknown()),
})
export type DesiredInstances = Static<typeof DesiredInstances>

export const DesiredNetwork = Type.Object({
  generation: Type.Integer({ minimum: 0 }),
  network: Type.Record(Type.String(), Type.Unknown()),
})
export type DesiredNetwork = Static<typeof DesiredNetwork>
