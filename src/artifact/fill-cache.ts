import type { Descriptor } from '../contract/oci.ts'
import { replaceFile, sizeIfThere } from '../platform/files.ts'
import { cachePath } from './cache.ts'
import type { RegistryClient } from './registry-client.ts'
import type { TransferOptions } from './registry-peer.ts'

/** Brings a manifest into the cache, by its digest, unless it is there. */
export async function fetchManifest(
  registry: RegistryClient,
  digest: string,
  cache: string,
  transfer: TransferOptions,
): Promise<void> {
  if (await isCached(cache, digest)) return
  const { bytes } = await registry.getManifest(digest, transfer)
  await replaceFile(cachePath(cache, digest), bytes)
}

/** Brings a blob into the cache, unless it is there. */
export async function fetchBlob(
  registry: RegistryClient,
  descriptor: Pick<Descriptor, 'digest' | 'size'>,
  cache: string,
  transfer: TransferOptions,
): Promise<void> {
  if (await isCached(cache, descriptor.digest)) return transfer.onProgress?.(descriptor.size, descriptor.size)
  await registry.pullBlob(descriptor, cachePath(cache, descriptor.digest), transfer)
}

export async function isCached(cache: string, digest: string): Promise<boolean> {
  return (await sizeIfThere(cachePath(cache, digest))) !== undefined
}
