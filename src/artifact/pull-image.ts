import { isDigest } from '../contract/digest.ts'
import { AppError } from '../contract/errors.ts'
import type { ImageRef } from '../contract/instance.ts'
import { Manifest, mediaTypes } from '../contract/oci.ts'
import { parseJson } from '../contract/parse.ts'
import { makeFolder, remove } from '../platform/files.ts'
import type { Http } from '../platform/http.ts'
import { cacheFolder, cachePath, readCached } from './cache.ts'
import { fetchBlob, fetchManifest } from './fill-cache.ts'
import { openRegistryClient, type RegistryClientOptions } from './registry-client.ts'
import type { TransferOptions } from './registry-peer.ts'

export interface PullImageOptions extends TransferOptions {
  http: Http
  image: Pick<ImageRef, 'name' | 'version' | 'digest' | 'layer'>
  cache: string
  client?: RegistryClientOptions
}

/**
 * Brings the disk of an image into the cache, as the file of its layer's digest. The manifest is fetched first and must name that very layer:
 * whoever vouched for the manifest vouched for the disk. Killed anywhere, it may be called again and goes on.
 * @throws AppError release-invalid (the manifest names another layer), DIGEST_INVALID, storage-full, what RegistryClient throws
 */
export async function pullImage({ http, image, cache, client, ...transfer }: PullImageOptions): Promise<void> {
  await makeFolder(cacheFolder(cache))
  const registry = openRegistryClient(http, `images/${image.name}`, client)
  await fetchManifest(registry, image.digest, cache, { signal: transfer.signal })
  const what = `the manifest of ${image.name}@${image.version}`
  const text = (await readCached(cache, image.digest)).toString('utf8')
  const { artifactType, layers } = parseJson(Manifest, text, what, 'release-invalid')
  const [disk] = layers
  if (artifactType !== mediaTypes.image || layers.length !== 1 || disk?.mediaType !== mediaTypes.disk)
    throw new AppError('release-invalid', `${what} is not that of an image with one disk`)
  if (disk.digest !== image.layer.digest || !isDigest(disk.digest))
    throw new AppError('release-invalid', `${what} names the disk ${disk.digest}, but ${image.layer.digest} is desired`)
  await fetchBlob(registry, disk, cache, transfer)
  await remove(cachePath(cache, image.digest))
}
