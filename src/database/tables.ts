import type { Generated } from 'kysely'

/**
 * Every table, as Kysely sees it. Times are ISO 8601 texts in UTC, JSON stands in text columns, digests are whole
 * (`sha256:…`), sizes are in bytes.
 */
export interface Database {
  // registry: what is kept, by digest
  repositories: RepositoriesTable
  blobs: BlobsTable
  repository_blobs: RepositoryBlobsTable
  manifests: ManifestsTable
  manifest_references: ManifestReferencesTable
  tags: TagsTable
  uploads: UploadsTable
  // fleet: who should run what
  channels: ChannelsTable
  channel_pointers: ChannelPointersTable
  join_tokens: JoinTokensTable
  hosts: HostsTable
  host_updates: HostUpdatesTable
  // server: who may do what, and who did
  tokens: TokensTable
  signing_keys: SigningKeysTable
  audit: AuditTable
}

export interface RepositoriesTable {
  name: string
  created_at: string
}

/** A blob whose bytes are durable. The row is written after the bytes and removed before them. */
export interface BlobsTable {
  digest: string
  size: number
  created_at: string
}

/** Which repositories may serve a blob: a push or a mount makes the row. */
export interface RepositoryBlobsTable {
  repository: string
  digest: string
  created_at: string
}

/** A manifest of a repository; `content` is byte for byte what was pushed. */
export interface ManifestsTable {
  repository: string
  digest: string
  media_type: string
  artifact_type: string | null
  /** The digest of the manifest that this one refers to (`subject`). */
  subject: string | null
  content: Uint8Array
  created_at: string
}

/** What a manifest needs in order to be whole: blobs (config, layers) and, for an index, manifests. */
export interface ManifestReferencesTable {
  repository: string
  manifest: string
  kind: 'blob' | 'manifest'
  digest: string
  size: number
}

export interface TagsTable {
  repository: string
  name: string
  manifest: string
  updated_at: string
}

/** An upload under way. Its bytes are a file of the blob store, whose size is the truth about how far it came. */
export interface UploadsTable {
  id: string
  repository: string
  created_at: string
  updated_at: string
}

export interface ChannelsTable {
  name: string
  created_at: string
}

export interface ChannelPointersTable {
  channel: string
  component: string
  version: string
  promoted_at: string
  promoted_by: string
}

export interface JoinTokensTable {
  id: string
  secret_hash: string
  channel: string
  labels: string
  /** JoinTokenAgent as JSON: the agent release that hosts start with. */
  agent: string
  uses_left: number
  created_at: string
  expires_at: string
}

export interface HostsTable {
  id: string
  name: string
  key_hash: string
  channel: string
  labels: string
  /** HostPlatform as JSON. */
  platform: string
  enrolled_at: string
  /** Only grows; every change of what follows makes it one more. */
  generation: number
  /** ReleaseSet as JSON, or null while the channel points to nothing. */
  release_set: string | null
  /** Why the channel's pointers could not be turned into a set for this host; null when they could. */
  set_problem: string | null
  last_seen_at: string | null
  /** HostReport as JSON. */
  report: string | null
}

/** How updates ended, one row each: history for people, counters for Prometheus. */
export interface HostUpdatesTable {
  host: string
  at: string
  result: string
  reason: string | null
  component: string | null
  /** UpdateOutcome as JSON. */
  outcome: string
}

export interface TokensTable {
  id: string
  name: string
  /** One of `tokenKinds`. */
  role: string
  /** Scope[] as JSON; empty unless the role is `scoped`. */
  scopes: string
  secret_hash: string
  created_at: string
  expires_at: string | null
  last_used_at: string | null
}

/** Keys with which every server of this database signs; they go with it into backups, and end what was signed when they are removed. */
export interface SigningKeysTable {
  /** What is signed with it. */
  purpose: string
  /** 256 random bits in hexadecimal. */
  secret: string
  created_at: string
}

export interface AuditTable {
  /** Counted up by the database. */
  id: Generated<number>
  at: string
  actor: string
  action: string
  subject: string
  detail: string
  address: string
}
