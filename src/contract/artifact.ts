import { type Static, Type } from 'typebox'
import { Digest } from './digest.ts'
import { RepositoryName, TagName, Timestamp } from './names.ts'

/** One tag of a repository. */
export const ArtifactRelease = Type.Object({
  tag: TagName,
  digest: Type.String(),
  mediaType: Type.String(),
  artifactType: Type.Union([Type.String(), Type.Null()]),
  /** Bytes of everything that the manifest names, and of itself. */
  sizeBytes: Type.Integer(),
  /** The role that signed the release; null until it is signed. */
  signedBy: Type.Union([Type.String(), Type.Null()]),
  pushedAt: Timestamp,
})
export type ArtifactRelease = Static<typeof ArtifactRelease>

/** A row of `GET /api/v1/artifacts`. */
export const Artifact = Type.Object({ repository: RepositoryName, tags: Type.Integer(), sizeBytes: Type.Integer() })
export type Artifact = Static<typeof Artifact>

/** `GET /api/v1/artifacts/:repository`; releases newest first. */
export const ArtifactDetail = Type.Object({ repository: RepositoryName, releases: Type.Array(ArtifactRelease) })
export type ArtifactDetail = Static<typeof ArtifactDetail>

/** What `slipway publish --json` prints. */
export const Published = Type.Object({
  repository: RepositoryName,
  version: TagName,
  digest: Digest,
  sizeBytes: Type.Integer(),
})
export type Published = Static<typeof Published>
