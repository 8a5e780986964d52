import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Digest, hex } from '../contract/digest.ts'
import { AppError } from '../contract/errors.ts'
import type { Descriptor } from '../contract/oci.ts'
import { sha256, sha256OfFile } from '../platform/digest.ts'
import { remove, sizeIfThere } from '../platform/files.ts'

/**
 * Content by digest, in a folder:
 *
 *     cache/sha256/<64 hex>         complete; its digest was checked when it came
 *     cache/sha256/<64 hex>.part    on its way; a later download goes on with it
 */
export function cacheFolder(cache: string): string {
  return join(cache, 'sha256')
}

/** The path of a digest's file, whether it is there or not. */
export function cachePath(cache: string, digest: string): string {
  return join(cacheFolder(cache), hex(digest as Digest))
}

/** The bytes of a small thing in the cache, checked again. @throws AppError not-found | DIGEST_INVALID (and the file is removed) */
export async function readCached(cache: string, digest: string): Promise<Buffer> {
  const path = cachePath(cache, digest)
  const bytes = await readFile(path).catch((error) => {
    throw error.code === 'ENOENT' ? missing(cache, digest) : error
  })
  if (sha256(bytes) !== digest) throw await damaged(path, digest)
  return bytes
}

/** Reads a file of the cache again, whole. @throws AppError not-found | DIGEST_INVALID (and the file is removed) */
export async function verifyCached(cache: string, { digest }: Pick<Descriptor, 'digest'>): Promise<void> {
  const path = cachePath(cache, digest)
  if ((await sizeIfThere(path)) === undefined) throw missing(cache, digest)
  if ((await sha256OfFile(path)) !== digest) throw await damaged(path, digest)
}

function missing(cache: string, digest: string): AppError {
  return new AppError('not-found', `${digest} is not in the cache ${cache}`)
}

async function damaged(path: string, digest: string): Promise<AppError> {
  await remove(path)
  return new AppError('DIGEST_INVALID', `${path} was damaged (its bytes are not those of ${digest}) and is removed`)
}
