import { type Static, Type } from 'typebox'
import { RepositoryName, Timestamp } from './names.ts'

/** `POST /api/v1/collections` */
export const Collect = Type.Object(
  {
    /** Only say what would go. */
    dryRun: Type.Optional(Type.Boolean()),
  },
  { additionalProperties: false },
)
export type Collect = Static<typeof Collect>

/** A blob that nothing needs. */
export const CollectedBlob = Type.Object({
  digest: Type.String(),
  sizeBytes: Type.Integer(),
  /** The repositories that held it, without a manifest that names it; none when it was held by none. */
  repositories: Type.Array(RepositoryName),
})
export type CollectedBlob = Static<typeof CollectedBlob>

/** What a collection removed, or would remove. */
export const Collection = Type.Object({
  dryRun: Type.Boolean(),
  startedAt: Timestamp,
  endedAt: Timestamp,
  /** Nothing younger than this was looked at. */
  before: Timestamp,
  blobs: Type.Integer(),
  /** Bytes that the storage has again. */
  freedBytes: Type.Integer(),
  /** Bytes in the storage that no row knows; they are removed when the grace time has passed. */
  orphans: Type.Integer(),
  orphanBytes: Type.Integer(),
  /** The first of the blobs. */
  removed: Type.Array(CollectedBlob),
})
export type Collection = Static<typeof Collection>

/** A line of the answer of `POST /api/v1/collections`: how far it came, and at the end what came of it or why nothing did. */
export const CollectionLine = Type.Union([
  Type.Object({ done: Type.Integer(), total: Type.Integer() }),
  Type.Object({ collection: Collection }),
  Type.Object({ problem: Type.Object({ code: Type.String(), message: Type.String() }) }),
])
export type CollectionLine = Static<typeof CollectionLine>
