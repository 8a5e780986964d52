import type { Image } from '../cloud/images.ts'
import type { Digest } from '../contract/digest.ts'
import { AppError } from '../contract/errors.ts'
import { ImageConfig } from '../contract/image.ts'
import { mediaTypes } from '../contract/oci.ts'
import { parseJson } from '../contract/parse.ts'
import type { PinnedImage } from '../contract/plan.ts'
import type { Db } from '../database/open.ts'
import type { Blobs } from '../registry/blobs.ts'
import { parseManifest } from '../registry/manifest-form.ts'
import { findManifest, findTaggedManifest } from '../registry/manifest-rows.ts'
import { keepTag, removalNote } from '../registry/removed-tags.ts'

/**
 * An image release as it is kept in the registry. Of an index it is the member for amd64, the only architecture that Xen has on FreeBSD; else
 * its first.
 * @throws AppError release-unknown
 */
export async function findImage(db: Db, blobs: Blobs, name: string, version: string): Promise<Image> {
  const repository = repositoryOf(name)
  const top = await findTaggedManifest(db, repository, version)
  if (!top) throw await missingImage(db, name, version)
  const { index } = parseManifest(top.content, top.mediaType)
  const digests = index ? index.manifests.map(({ digest }) => digest) : [top.digest]
  const members: Image[] = []
  for (const digest of digests) {
    const member = await readImage(db, blobs, repository, digest)
    if (member) members.push(member)
  }
  const image = members.find(({ config }) => config.architecture === 'amd64') ?? members[0]
  if (!image)
    throw new AppError(
      'release-unknown',
      `${repository}:${version} is no image; publish one with \`slipway image push\``,
    )
  return { ...image, ref: { ...image.ref, name, version } }
}

/** Whether images are still there that were found before; they stay until the transaction ends. @throws AppError release-unknown */
export async function checkImages(trx: Db, pinned: readonly Pick<PinnedImage, 'name' | 'version'>[]): Promise<void> {
  for (const { name, version } of pinned)
    if (!(await keepTag(trx, repositoryOf(name), version))) throw await missingImage(trx, name, version)
}

function repositoryOf(image: string): string {
  return `images/${image}`
}

async function missingImage(db: Db, name: string, version: string): Promise<AppError> {
  const repository = repositoryOf(name)
  const note = await removalNote(db, repository, version)
  return new AppError(
    'release-unknown',
    `the image ${name}@${version} is not published${note}; \`slipway artifact show ${repository}\` shows what is`,
  )
}

async function readImage(db: Db, blobs: Blobs, repository: string, digest: string): Promise<Image | undefined> {
  const stored = await findManifest(db, repository, digest)
  const manifest = stored && parseManifest(stored.content, stored.mediaType).manifest
  const layer = manifest?.layers[0]
  if (manifest?.artifactType !== mediaTypes.image || !layer) return undefined
  const text = Buffer.concat(await (await blobs.read(manifest.config.digest)).toArray()).toString('utf8')
  const config = parseJson(ImageConfig, text, `the config of ${repository}@${digest}`, 'release-invalid')
  const { name, version, virtualSizeBytes } = config
  const ref = {
    name,
    version,
    digest: digest as Digest,
    layer: { digest: layer.digest as Digest, sizeBytes: layer.size },
  }
  return { config, ref: { ...ref, virtualSizeBytes } }
}
