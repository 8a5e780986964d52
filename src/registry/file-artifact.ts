import { Readable } from 'node:stream'
import type { FastifyRequest } from 'fastify'
import type { Published } from '../contract/artifact.ts'
import type { Digest } from '../contract/digest.ts'
import { type Manifest, mediaTypes } from '../contract/oci.ts'
import { sha256 } from '../platform/digest.ts'
import { findBlob } from './catalog.ts'
import { titleAnnotation } from './file-name.ts'
import { putManifest } from './manifests.ts'
import { receive } from './receive.ts'
import { type RegistryContext, tellPush } from './route-context.ts'

const emptyConfig = '{}'

/**
 * Takes the body of a request as a file, and makes it an artifact of one layer under a tag. The same file may be put again. When it fails,
 * nothing is under the tag that was not there before.
 * @throws AppError as uploads and putManifest do: TAG_IMMUTABLE, payload-too-large, storage-full, TOOMANYREQUESTS
 */
export async function putFile(
  context: RegistryContext,
  request: FastifyRequest,
  { repository, tag, name }: { repository: string; tag: string; name: string },
): Promise<Published> {
  const { db, blobs, neverMoves } = context
  const layer = await uploadBlob(context, repository, (id) =>
    receive(request, (coming) => context.uploads.append(repository, id, coming)),
  )
  const config = { digest: sha256(emptyConfig), size: emptyConfig.length }
  if ((await findBlob(db, repository, config.digest)) === undefined)
    await uploadBlob(context, repository, (id) =>
      context.uploads.append(repository, id, { source: Readable.from([Buffer.from(emptyConfig)]) }),
    )
  const manifest: Manifest = {
    schemaVersion: 2,
    mediaType: mediaTypes.manifest,
    artifactType: mediaTypes.file,
    config: { mediaType: mediaTypes.empty, ...config },
    layers: [{ mediaType: 'application/octet-stream', ...layer, annotations: { [titleAnnotation]: name } }],
  }
  const content = Buffer.from(JSON.stringify(manifest))
  const contentType = mediaTypes.manifest
  const { digest } = await putManifest(db, blobs, {
    ...{ repository, content, contentType, tags: [tag], neverMoves },
    onTaken: async (trx, ...taken) => context.onPush?.(trx, request, repository, ...taken),
    now: new Date(),
  })
  tellPush(context, repository)
  return { repository, version: tag, digest: digest as Digest, sizeBytes: layer.size }
}

/** Makes a blob of what `append` sends into a session of its own, which is gone afterwards in any case: nobody could go on with it. */
async function uploadBlob(
  { uploads, blobs }: RegistryContext,
  repository: string,
  append: (id: string) => Promise<number>,
): Promise<{ digest: string; size: number }> {
  const id = await uploads.start(repository)
  try {
    const size = await append(id)
    const digest = await blobs.digest(id)
    await uploads.finish(repository, id, digest)
    return { digest, size }
  } catch (error) {
    await uploads.cancel(repository, id)
    throw error
  }
}
