import type { Database } from './tables.ts'

/**
 * Every table with its primary key, each after those that it refers to. Whoever adds a table adds it here: the compiler asks for it.
 */
export const primaryKeys = {
  repositories: ['name'],
  blobs: ['digest'],
  repository_blobs: ['repository', 'digest'],
  manifests: ['repository', 'digest'],
  manifest_references: ['repository', 'manifest', 'kind', 'digest'],
  tags: ['repository', 'name'],
  uploads: ['id'],
  blob_removals: ['digest'],
  removed_tags: ['repository', 'name'],
  channels: ['name'],
  channel_pointers: ['channel', 'component'],
  join_tokens: ['id'],
  hosts: ['id'],
  host_updates: ['host', 'at'],
  host_history: ['host', 'minute'],
  cloud_turn: ['id'],
  image_pointers: ['image', 'channel'],
  stacks: ['name'],
  stack_revisions: ['stack', 'revision'],
  networks: ['id'],
  instances: ['id'],
  ports: ['id'],
  network_addresses: ['network', 'address'],
  security_groups: ['id'],
  port_groups: ['port', 'security_group'],
  floating_ranges: ['name'],
  floating_ips: ['id'],
  port_forwards: ['id'],
  volumes: ['id'],
  operations: ['id'],
  tokens: ['id'],
  signing_keys: ['purpose'],
  audit: ['id'],
  jobs: ['task'],
  storage: ['kind'],
  streams: ['id'],
} as const satisfies { readonly [T in keyof Database]: readonly (keyof Database[T])[] }

export const tableNames = Object.keys(primaryKeys) as (keyof Database)[]
