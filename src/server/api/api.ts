import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import type {
  FastifyBaseLogger,
  FastifyInstance,
  RawReplyDefaultExpression,
  RawRequestDefaultExpression,
  RawServerDefault,
} from 'fastify'
import type { Cloud } from '../../cloud/stacks.ts'
import type { Digest } from '../../contract/digest.ts'
import type { ServerConfig } from '../../contract/server-config.ts'
import type { Db } from '../../database/open.ts'
import type { HostChanges } from '../../fleet/changes.ts'
import type { Releases } from '../../fleet/releases.ts'
import type { Blobs } from '../../registry/blobs.ts'
import type { Collector } from '../collector.ts'
import type { Events } from '../events.ts'
import type { Scrubber } from '../scrubbing.ts'
import type { StreamOwner } from '../stream-owners.ts'

export type TypedApp = FastifyInstance<
  RawServerDefault,
  RawRequestDefaultExpression,
  RawReplyDefaultExpression,
  FastifyBaseLogger,
  TypeBoxTypeProvider
>

/** What the routes below /api/v1 work with. Each takes from it what it uses. */
export interface Api {
  app: TypedApp
  db: Db
  config: Readonly<ServerConfig>
  releases: Releases
  blobs: Blobs
  cloud: Cloud
  collector: Collector
  scrubber: Scrubber
  changes: HostChanges
  events: Events
  /** The address under which hosts and people reach this server. */
  publicUrl: () => string
  /** What hosts are to pin of the server's certificate; undefined when they need not, or cannot. */
  fingerprint: () => Digest | undefined
  /** Where the other servers of the same database reach this one; undefined when nobody can say. */
  reachedAt: () => StreamOwner | undefined
  /** Aborted when the server stops: whoever holds a request open ends it. */
  closing: AbortSignal
}
