import { type Static, Type } from 'typebox'
import { HostName, RepositoryName, TagName, Timestamp } from './names.ts'

/** A blob whose bytes are not what its digest says, or cannot be read. It is not served until it is pushed again. */
export const DamagedBlob = Type.Object({
  digest: Type.String(),
  sizeBytes: Type.Integer(),
  damagedAt: Timestamp,
  /** Repositories that hold it. */
  repositories: Type.Array(RepositoryName),
  /** What needs it: tags of manifests that name it, or of indexes that name these. */
  releases: Type.Array(Type.Object({ repository: RepositoryName, tag: TagName })),
  /** Hosts that run one of these or are to, or have an instance of it. */
  hosts: Type.Array(HostName),
})
export type DamagedBlob = Static<typeof DamagedBlob>

/** What a reading of every blob found: the result of `POST /api/v1/scrubs`. */
export const Scrub = Type.Object({
  startedAt: Timestamp,
  endedAt: Timestamp,
  /** How many were read. */
  blobs: Type.Integer(),
  /** How many of these are damaged. */
  damaged: Type.Integer(),
})
export type Scrub = Static<typeof Scrub>

/** `GET /api/v1/scrub` */
export const ScrubStatus = Type.Object({
  blobs: Type.Integer(),
  /** How many have never been read again since they were pushed, or since scrubbing began. */
  neverVerified: Type.Integer(),
  /** When the one was read that was read longest ago; null when there is none. */
  oldestVerifiedAt: Type.Union([Timestamp, Type.Null()]),
  damaged: Type.Array(DamagedBlob),
})
export type ScrubStatus = Static<typeof ScrubStatus>
