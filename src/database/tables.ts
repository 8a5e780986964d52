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
  blob_removals: BlobRemovalsTable
  removed_tags: RemovedTagsTable
  // fleet: who should run what
  channels: ChannelsTable
  channel_pointers: ChannelPointersTable
  join_tokens: JoinTokensTable
  hosts: HostsTable
  host_updates: HostUpdatesTable
  host_history: HostHistoryTable
  // cloud: which host should run which instance
  cloud_turn: CloudTurnTable
  image_pointers: ImagePointersTable
  stacks: StacksTable
  stack_revisions: StackRevisionsTable
  networks: NetworksTable
  instances: InstancesTable
  ports: PortsTable
  network_addresses: NetworkAddressesTable
  security_groups: SecurityGroupsTable
  port_groups: PortGroupsTable
  floating_ranges: FloatingRangesTable
  floating_ips: FloatingIpsTable
  port_forwards: PortForwardsTable
  volumes: VolumesTable
  operations: OperationsTable
  // server: who may do what, and who did
  tokens: TokensTable
  signing_keys: SigningKeysTable
  audit: AuditTable
  // server: what several of them share
  jobs: JobsTable
  storage: StorageTable
  streams: StreamsTable
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
  /** When its bytes were last read and compared with its digest; empty until then. */
  verified_at: Generated<string>
  /** When its bytes were found to be others; null when they are right as far as is known. */
  damaged_at: Generated<string | null>
}

/** Which repositories may serve a blob: a push or a mount makes the row. */
export interface RepositoryBlobsTable {
  repository: string
  digest: string
  created_at: string
  /** When a client was last told that the blob is there, so that it need not send it; to the hour. */
  used_at: string
  /** That of the blob, which never changes: all that a repository holds is added up at every push where there is a quota. */
  size: number
}

/** A blob whose row is gone and whose bytes are going. Nobody makes it anew while this row is there. */
export interface BlobRemovalsTable {
  digest: string
  since: string
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
  /** When a client last read it, to the hour or so; empty until then. Of what was there before this was noted: when that began. */
  pulled_at: Generated<string>
  /** When it was pushed again by its digest, or lost its last tag, or a client was told that it is there, so that it need not send it (to the hour); empty until then. */
  used_at: Generated<string>
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

/** A tag that retention has removed. Under its name only the same manifest comes back, if the tag never moves. */
export interface RemovedTagsTable {
  repository: string
  name: string
  manifest: string
  removed_at: string
}

/** An upload under way. Its bytes are a file of the blob store, whose size is the truth about how far it came. */
export interface UploadsTable {
  id: string
  repository: string
  created_at: string
  updated_at: string
  /** What the upload is becoming, from just before its bytes are a blob: they are not collected until its rows are there. */
  digest: Generated<string | null>
  /** How many bytes of its repository's quota are its own; 0 where there is no quota. */
  reserved: Generated<number>
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
  /** When somebody said that the host is off; null again with its next report. */
  fenced_at: string | null
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

/** What hosts said of their use, the last of each minute, for a short while. */
export interface HostHistoryTable {
  host: string
  /** Since 1970. */
  minute: number
  at: string
  /** Packed, see fleet/host-sample.ts. */
  sample: Uint8Array
}

/** One row. Whoever changes what is placed or allocated counts it up first, and so waits for those who came before. */
export interface CloudTurnTable {
  id: number
  turn: number
}

/** Which version of an image a channel means. */
export interface ImagePointersTable {
  image: string
  channel: string
  version: string
  promoted_at: string
  promoted_by: string
}

export interface StacksTable {
  name: string
  /** The newest of its revisions. */
  revision: number
  /** 1 when it is on its way out: the row goes with the last of its instances and volumes. */
  removing: number
}

export interface StackRevisionsTable {
  stack: string
  revision: number
  /** The YAML as it was given. */
  text: string
  /** PinnedImage[] as JSON. */
  images: string
  note: string
  applied_at: string
  applied_by: string
}

export interface NetworksTable {
  id: string
  stack: string
  name: string
  /** StackNetwork as JSON. */
  spec: string
  /** `present`, or `absent`: it goes with the last of its ports. */
  wanted: string
}

/** An instance, from its first apply until its host says that it is gone. */
export interface InstancesTable {
  id: string
  stack: string
  /** In the whole cloud; taken once among those that are not on their way out. */
  name: string
  /** What the stack calls it, without the number of a count. */
  member: string
  host: string
  /** One of `wantedStates`; the document says the same. */
  wanted: string
  /** 1 while its host is not told of it, because one of the same name is still on its way out. */
  held: number
  revision: number
  /** The generation of its host that tells the newest revision. */
  generation: number
  /** StackPlacement as JSON, as it was when the instance was last checked against it. */
  placement: string
  /** InstanceLabels as JSON. */
  labels: Generated<string>
  /** DesiredInstance as JSON: what its host is told. */
  document: string
}

export interface PortsTable {
  id: string
  instance: string
  network: string
  mac: string
  /** Ranges that it may send from beside its own addresses: string[] as JSON. */
  allowed: string
  /** 1 when its instance is not to have it any more, and has it until it starts again. */
  leaving: number
}

/** An address of a network that is taken: by a port, or by a host that serves the network. */
export interface NetworkAddressesTable {
  network: string
  /** In the shortest form, without the length of a prefix. */
  address: string
  port: string | null
  host: string | null
}

export interface SecurityGroupsTable {
  /** Stays the same as long as its stack has a group of this name. */
  id: string
  stack: string
  name: string
  /** StackGroup as JSON. */
  spec: string
  /** `present`, or `absent`: it goes with the last of its ports. */
  wanted: string
}

/** Which ports a security group decides for. */
export interface PortGroupsTable {
  port: string
  security_group: string
}

/** Outside addresses that stacks may have, as an operator declared them. */
export interface FloatingRangesTable {
  name: string
  range: string
  routed: number
  /** Only hosts with all of these labels: JSON. */
  labels: string
}

export interface FloatingIpsTable {
  id: string
  stack: string
  name: string
  range: string
  /** Taken once in the whole cloud. */
  address: string
  /** StackFloatingIp as JSON. */
  spec: string
}

export interface PortForwardsTable {
  id: string
  stack: string
  /** What is listened on, which is what makes it this one: "tcp-8022", "front-udp-53". */
  name: string
  /** StackForward as JSON. */
  spec: string
}

export interface VolumesTable {
  id: string
  stack: string
  name: string
  /** Null until an instance has it. */
  host: string | null
  size_bytes: number
  /** `present` or `absent`. */
  wanted: string
  generation: number
}

export interface OperationsTable {
  id: string
  /** The turn in which it was asked for: hosts are told them in this order. */
  turn: number
  instance: string
  host: string
  kind: string
  /** JSON */
  arguments: string
  /** One of `cloudOperationStates`. */
  state: string
  result: string | null
  problem: string | null
  requested_by: string
  requested_at: string
  not_after: string
  ended_at: string | null
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

/** What is done by the clock, by one of the servers. */
export interface JobsTable {
  task: string
  /** The schedule by which `due_at` was worked out. */
  cron: string
  /** When it is to be done next. It stays in the past while a run has not ended. */
  due_at: string
  succeeded_at: string | null
}

/** The storage that this database belongs to: one row, `blobs`. */
export interface StorageTable {
  kind: 'blobs'
  id: string
}

/** A stream that waits for its ends, and the server where they are joined. */
export interface StreamsTable {
  id: string
  /** Where the other servers reach that one. */
  url: string
  /** What they are to pin of its certificate; null when it speaks plain HTTP. */
  fingerprint: string | null
  opened_at: string
}
