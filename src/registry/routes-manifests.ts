import type { FastifyRequest } from 'fastify'
import { AppError } from '../contract/errors.ts'
import type { Db } from '../database/open.ts'
import { isKnown } from './condition.ts'
import { findByReference } from './find-manifest.ts'
import { promiseManifest } from './manifest-use.ts'
import { deleteManifest, putManifest } from './manifests.ts'
import { removalNote } from './removed-tags.ts'
import { type Handlers, queryTexts, tellPush } from './route-context.ts'
import { checkedTag } from './route-path.ts'
import { warn } from './warning.ts'

/** end-3, end-7 and end-9 of OCI Distribution 1.1. */
export const manifestHandlers: Handlers<'manifest'> = {
  manifest: {
    async GET(context, { repository, reference }, request, reply) {
      const manifest = await findByReference(context, repository, reference)
      if (!manifest) throw await missingManifest(context.db, repository, reference)
      if (request.method === 'GET') context.pulls?.note(repository, manifest)
      else if (reference.includes(':') && !(await promiseManifest(context.db, repository, manifest, new Date())))
        throw await missingManifest(context.db, repository, reference)
      if (isKnown(request, reply, manifest.digest)) return reply.send()
      if (request.method === 'GET') context.counts.downloaded(repository)
      reply.header('content-type', manifest.mediaType).header('content-length', manifest.content.length)
      return reply.send(request.method === 'HEAD' ? undefined : manifest.content)
    },

    async PUT(context, { repository, reference }, request, reply) {
      const { db, blobs, limits } = context
      const isDigest = reference.includes(':')
      const named = queryTexts(request, 'tag').map(checkedTag)
      if (!isDigest && named.length > 0)
        throw new AppError('UNSUPPORTED', 'the parameter tag goes with a digest in the address, not with another tag')
      const tags = isDigest ? named : [reference]
      const { digest, subject, missing } = await putManifest(db, blobs, {
        repository,
        content: await readBody(request, limits.maxManifestBytes),
        contentType: request.headers['content-type']?.split(';')[0]?.trim() ?? '',
        digest: isDigest ? reference : undefined,
        tags,
        neverMoves: context.neverMoves,
        onTaken: async (trx, ...taken) => context.onPush?.(trx, request, repository, ...taken),
        now: new Date(),
      })
      tellPush(context, repository)
      if (subject !== null) reply.header('oci-subject', subject)
      if (named.length > 0) reply.header('oci-tag', named)
      if (missing.length > 0) warn(reply, `not in ${repository}, so not to be pulled from it: ${missing.join(', ')}`)
      return reply
        .code(201)
        .header('location', `/v2/${repository}/manifests/${digest}`)
        .header('docker-content-digest', digest)
        .send()
    },

    async DELETE({ db, onChange, neverMoves }, { repository, reference }, _request, reply) {
      await deleteManifest(db, repository, reference, neverMoves)
      onChange(repository)
      return reply.code(202).send()
    },
  },
}

async function missingManifest(db: Db, repository: string, reference: string): Promise<AppError> {
  const note = reference.includes(':') ? '' : await removalNote(db, repository, reference)
  return new AppError('MANIFEST_UNKNOWN', `${repository} has no manifest ${reference}${note}`)
}

async function readBody({ raw, headers }: FastifyRequest, maxBytes: number): Promise<Buffer> {
  const pieces: Buffer[] = []
  let size = Number(headers['content-length'] ?? 0)
  if (size <= maxBytes) {
    size = 0
    for await (const piece of raw.iterator({ destroyOnReturn: false })) {
      size += piece.length
      if (size > maxBytes) break
      pieces.push(piece)
    }
  }
  if (size > maxBytes)
    throw new AppError('MANIFEST_TOO_LARGE', `the manifest has more than ${maxBytes} bytes, the most that is taken`)
  return Buffer.concat(pieces)
}
