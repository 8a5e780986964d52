import type { FastifyReply, FastifyRequest } from 'fastify'
import { AppError, isAppError } from '../contract/errors.ts'
import { transact } from '../database/transact.ts'
import * as catalog from './catalog.ts'
import { algorithms, parseDigest } from './digests.ts'
import { hasBody, receive } from './receive.ts'
import { type Handlers, mayPull, queryText, type RegistryContext } from './route-context.ts'
import { checkedName } from './route-path.ts'
import type { Coming } from './uploads.ts'

/** How many repositories are tried for a mount that names none. */
const maxSources = 100

/** end-4, end-5, end-6, end-11, end-13 and end-14 of OCI Distribution 1.1. */
export const uploadHandlers: Handlers<'uploads' | 'upload'> = {
  uploads: {
    async POST(context, { repository }, request, reply) {
      const mount = queryText(request, 'mount')
      if (mount !== undefined && (await mountBlob(context, request, repository, mount)))
        return blobCreated(reply, repository, mount)
      const algorithm = queryText(request, 'digest-algorithm') ?? 'sha256'
      if (!Object.hasOwn(algorithms, algorithm))
        throw new AppError(
          'DIGEST_INVALID',
          `the digest algorithm ${algorithm} is unknown; sha256 and sha512 are taken`,
        )
      const digest = queryText(request, 'digest')
      if (digest !== undefined) parseDigest(digest)
      const id = await context.uploads.start(repository)
      if (digest === undefined) {
        reply.header('oci-chunk-min-length', context.blobs.minChunkBytes)
        return uploadState(reply.code(202), repository, id, 0)
      }
      try {
        await receive(request, (coming) => context.uploads.finish(repository, id, digest, coming))
      } catch (error) {
        // The client does not know the session, so nobody could go on with it. It may be gone, and else expires.
        await context.uploads.cancel(repository, id).catch(() => {})
        throw error
      }
      return blobCreated(reply, repository, digest)
    },
  },
  upload: {
    async GET({ uploads }, { repository, id }, _request, reply) {
      return uploadState(reply.code(204), repository, id, await uploads.size(repository, id))
    },

    async PATCH(context, { repository, id }, request, reply) {
      try {
        const size = await receive(request, (coming) => context.uploads.append(repository, id, coming))
        return uploadState(reply.code(202), repository, id, size)
      } catch (error) {
        await sayOffset(context, error, repository, id, reply)
        throw error
      }
    },

    async PUT(context, { repository, id }, request, reply) {
      const digest = queryText(request, 'digest')
      if (digest === undefined) throw new AppError('DIGEST_INVALID', 'the query has no digest')
      parseDigest(digest)
      const finish = (coming?: Coming) => context.uploads.finish(repository, id, digest, coming)
      try {
        await (hasBody(request) ? receive(request, finish) : finish())
      } catch (error) {
        await sayOffset(context, error, repository, id, reply)
        throw error
      }
      return blobCreated(reply, repository, digest)
    },

    async DELETE({ uploads }, { repository, id }, _request, reply) {
      await uploads.cancel(repository, id)
      return reply.code(204).send()
    },
  },
}

/** A chunk out of order is answered with where the session stands. */
async function sayOffset(
  { uploads }: RegistryContext,
  error: unknown,
  repository: string,
  id: string,
  reply: FastifyReply,
) {
  if (isAppError(error, 'BLOB_UPLOAD_OFFSET')) stateHeaders(reply, repository, id, await uploads.size(repository, id))
}

/**
 * Whether the blob could be made one of this repository without sending it. Without `from` (an anonymous mount) it may come from any
 * repository that the client may read: knowing a digest is no right to its content.
 */
async function mountBlob(
  context: RegistryContext,
  request: FastifyRequest,
  repository: string,
  digest: string,
): Promise<boolean> {
  const { db, quotas, onChange } = context
  parseDigest(digest)
  const from = queryText(request, 'from')
  const sources = from === undefined ? await catalog.findBlobRepositories(db, digest, maxSources) : [checkedName(from)]
  for (const source of sources) {
    if (!(await mayPull(context, request, source))) continue
    const isMounted = await transact(db, async (trx) => {
      const size = await catalog.findBlob(trx, source, digest)
      if (size === undefined) return false
      if ((await catalog.findBlob(trx, repository, digest)) === undefined)
        await quotas.demandRoom(trx, repository, size)
      await catalog.mountBlob(trx, repository, digest, size, new Date().toISOString())
      return true
    })
    if (!isMounted) continue
    onChange(repository)
    return true
  }
  return false
}

function uploadState(reply: FastifyReply, repository: string, id: string, size: number): FastifyReply {
  return stateHeaders(reply, repository, id, size).send()
}

function stateHeaders(reply: FastifyReply, repository: string, id: string, size: number): FastifyReply {
  return reply
    .header('location', `/v2/${repository}/blobs/uploads/${id}`)
    .header('range', `0-${Math.max(0, size - 1)}`)
    .header('docker-upload-uuid', id)
}

function blobCreated(reply: FastifyReply, repository: string, digest: string): FastifyReply {
  return reply
    .code(201)
    .header('location', `/v2/${repository}/blobs/${digest}`)
    .header('docker-content-digest', digest)
    .send()
}
