import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Db } from '../database/open.ts'
import type { Log } from '../platform/log.ts'
import type { Metrics } from '../platform/metrics.ts'
import type { Blobs } from './blobs.ts'
import type { RegistryCounts } from './metrics.ts'
import type { Target } from './route-path.ts'
import type { Uploads } from './uploads.ts'

export interface RegistryOptions {
  db: Db
  blobs: Blobs
  limits: {
    maxManifestBytes: number
    maxBlobBytes: number
    /** Upload sessions that a repository may have open at once. */
    maxOpenUploads: number
  }
  /** Tags that never move, beside versions: patterns with `*` for any characters, separated by commas. */
  immutableTags?: string
  log: Log
  /** Where pushes, pulls and their times are counted, if anywhere. */
  metrics?: Metrics
  /**
   * Lets a request do what it asks for, or throws. The repository is empty for the question whether there is a registry at all.
   * @throws AppError UNAUTHORIZED | DENIED
   */
  authorize(request: FastifyRequest, action: 'pull' | 'push', repository: string): Promise<void>
  /** Something of a repository changed that people may be looking at. */
  onChange(repository: string): void
  /** A manifest was taken; called once for the reference in the address and for each further tag. */
  onPush?(request: FastifyRequest, repository: string, reference: string, digest: string): Promise<void>
  /** Tags that nobody pushed: what a channel points to. Asked when no pushed tag has the name. */
  resolveTag?(repository: string, tag: string): Promise<string | undefined>
}

/** Tells everybody who wants to know that a manifest was taken. */
export async function tellPush(
  { counts, onChange, onPush }: RegistryContext,
  request: FastifyRequest,
  repository: string,
  tags: readonly string[],
  digest: string,
): Promise<void> {
  counts.uploaded(repository)
  for (const pushed of tags.length > 0 ? tags : [digest]) await onPush?.(request, repository, pushed, digest)
  onChange(repository)
}

export interface RegistryContext extends RegistryOptions {
  uploads: Uploads
  counts: RegistryCounts
  neverMoves(tag: string): boolean
}

export type Method = 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
export type Handler<T extends Target> = (
  context: RegistryContext,
  target: T,
  request: FastifyRequest,
  reply: FastifyReply,
) => Promise<FastifyReply>
/** What may be done with each kind of address. */
export type Handlers<K extends Target['kind']> = {
  [Kind in K]: Partial<Record<Method, Handler<Extract<Target, { kind: Kind }>>>>
}

/** A parameter of the query that is given at most once; of several the first counts. */
export function queryText(request: FastifyRequest, name: string): string | undefined {
  return queryTexts(request, name)[0]
}

/** All values of a parameter of the query. */
export function queryTexts(request: FastifyRequest, name: string): string[] {
  const value = (request.query as Record<string, string | string[] | undefined>)[name]
  return value === undefined ? [] : Array.isArray(value) ? value : [value]
}
