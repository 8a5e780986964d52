import type { FastifyReply, FastifyRequest } from 'fastify'
import { AppError, isAppError } from '../contract/errors.ts'
import type { RegistryAction } from '../contract/scope.ts'
import type { QuotaRule } from '../contract/server-config.ts'
import type { Db } from '../database/open.ts'
import type { Log } from '../platform/log.ts'
import type { Metrics } from '../platform/metrics.ts'
import type { Blobs } from './blobs.ts'
import type { RegistryCounts } from './metrics.ts'
import type { Pulls } from './pulls.ts'
import type { Quotas } from './quota.ts'
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
  /** How many bytes each repository may hold. */
  quotas?: readonly QuotaRule[]
  /** Tags that never move, beside versions: patterns with `*` for any characters, separated by commas. */
  immutableTags?: string
  log: Log
  /** Where it is noted when manifests are pulled, if anywhere. */
  pulls?: Pulls
  /** Where pushes, pulls and their times are counted, if anywhere. */
  metrics?: Metrics
  /**
   * Lets a request do what it asks for, or throws. The repository is empty for the question whether there is a registry at all, and for
   * its catalog.
   * @throws AppError UNAUTHORIZED | DENIED
   */
  authorize(request: FastifyRequest, action: RegistryAction, repository: string): Promise<void>
  /** Whether the catalog shows a repository to the caller; all are shown when it is not given. */
  isListed?(request: FastifyRequest, repository: string): boolean
  /** The WWW-Authenticate lines for a request that was answered with UNAUTHORIZED; Basic when it is not given. */
  challenges?(request: FastifyRequest): string[]
  /** Something of a repository changed that people may be looking at. */
  onChange(repository: string): void
  /**
   * A manifest is being taken; called for each of its tags, or for its digest when there is none. What this writes is written with the manifest
   * or not at all.
   */
  onPush?(trx: Db, request: FastifyRequest, repository: string, reference: string, digest: string): Promise<void>
  /** Tags that nobody pushed: what a channel points to. Asked when no pushed tag has the name. */
  resolveTag?(repository: string, tag: string): Promise<string | undefined>
}

/** Tells everybody who wants to know that a manifest was taken. */
export function tellPush({ counts, onChange }: RegistryContext, repository: string): void {
  counts.uploaded(repository)
  onChange(repository)
}

export interface RegistryContext extends Omit<RegistryOptions, 'quotas'> {
  uploads: Uploads
  quotas: Quotas
  counts: RegistryCounts
  neverMoves(tag: string): boolean
}

/** Whether a request may read a repository, where that is no condition for the rest of it. */
export async function mayPull(
  { authorize }: RegistryContext,
  request: FastifyRequest,
  repository: string,
): Promise<boolean> {
  try {
    await authorize(request, 'pull', repository)
    return true
  } catch (error) {
    if (isAppError(error, 'UNAUTHORIZED', 'DENIED')) return false
    throw error
  }
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

/** A parameter of the query that is a number of things. @throws AppError input-invalid */
export function queryCount(request: FastifyRequest, name: string): number | undefined {
  const text = queryText(request, name)
  if (text === undefined) return undefined
  const count = Number(text)
  if (text !== '' && Number.isSafeInteger(count) && count >= 0) return count
  throw new AppError('input-invalid', `${name} must be a whole number from 0 on, and not ${JSON.stringify(text)}`)
}

/** All values of a parameter of the query. */
export function queryTexts(request: FastifyRequest, name: string): string[] {
  const value = (request.query as Record<string, string | string[] | undefined>)[name]
  return value === undefined ? [] : Array.isArray(value) ? value : [value]
}
