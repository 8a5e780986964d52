import { type Static, Type } from 'typebox'
import { RepositoryName, TagName, Timestamp } from './names.ts'

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

/** A tag that no rule of `retention` keeps. */
export const RetiredTag = Type.Object({
  repository: RepositoryName,
  tag: TagName,
  /** Of the manifest that it names. */
  digest: Type.String(),
  /** The rule, as it stands in the configuration: "ci/* pr-*: keepDays 14". Of a signature: what it belongs to. */
  reason: Type.String(),
})
export type RetiredTag = Static<typeof RetiredTag>

/** A manifest that goes with a tag, or because it has had none for long. */
export const RetiredManifest = Type.Object({ repository: RepositoryName, digest: Type.String(), reason: Type.String() })
export type RetiredManifest = Static<typeof RetiredManifest>

/** What retention removed, or would remove. */
export const Retired = Type.Object({
  tags: Type.Integer(),
  manifests: Type.Integer(),
  /** The first of them. */
  removedTags: Type.Array(RetiredTag),
  removedManifests: Type.Array(RetiredManifest),
})
export type Retired = Static<typeof Retired>

/** What a collection of blobs removed, or would remove. */
export const BlobCollection = Type.Object({
  dryRun: Type.Boolean(),
  startedAt: Timestamp,
  endedAt: Timestamp,
  /** Nothing younger than this was looked at. */
  before: Timestamp,
  blobs: Type.Integer(),
  /** How many of them no repository held. */
  unheld: Type.Integer(),
  /** Bytes that the storage has again. */
  freedBytes: Type.Integer(),
  /** Bytes in the storage that no row knows; they are removed when the grace time has passed. */
  orphans: Type.Integer(),
  orphanBytes: Type.Integer(),
  /** The first of the blobs. */
  removed: Type.Array(CollectedBlob),
})
export type BlobCollection = Static<typeof BlobCollection>

/** What a collection removed, or would remove: tags and manifests by the rules of retention, then blobs that nothing needs. */
export const Collection = Type.Object({ ...BlobCollection.properties, retired: Retired })
export type Collection = Static<typeof Collection>
