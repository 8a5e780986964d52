import type { Hash } from 'node:crypto'
import { AppError } from '../contract/errors.ts'
import type { Blobs } from './blobs.ts'
import { algorithms, isDigest, newHash, parseDigest } from './digests.ts'
import { type Bucket, leastPartBytes } from './s3-bucket.ts'
import { writePieces } from './s3-pieces.ts'

/** A client may follow at once, or after a pause; a download that has begun goes on after the end. */
const addressSeconds = 15 * 60

/**
 * Blobs in a bucket of an S3 server:
 *
 *     blobs/<algorithm>/<first two digits>/<all digits>    complete
 *     uploads/<upload>/<number>                            pieces of an upload, all but the last of 5 MiB or more
 *
 * An object is there as a whole or not at all, so whichever server of several is asked, and whenever one is killed, an upload is as long as its pieces
 * and a blob is whole. A commit joins the pieces within the S3 server. With `redirect`, clients are sent there for the bytes.
 */
export function openS3(bucket: Bucket, { redirect = false } = {}): Blobs {
  /** sha256 over the uploads of this process, so that a commit need not read them again. */
  const running = new Map<string, { hash: Hash; bytes: number }>()

  const pieces = (upload: string) => bucket.list(`uploads/${upload}/`)
  const lengthOf = (found: readonly { sizeBytes: number }[]) => found.reduce((sum, piece) => sum + piece.sizeBytes, 0)

  async function hashOf(upload: string, algorithm: 'sha256' | 'sha512', found: Awaited<ReturnType<typeof pieces>>) {
    const known = running.get(upload)
    if (algorithm === 'sha256' && known?.bytes === lengthOf(found)) return known.hash.copy().digest('hex')
    const hash = newHash(algorithm)
    for (const { key } of found) for await (const bytes of (await bucket.get(key)) ?? []) hash.update(bytes)
    return hash.digest('hex')
  }

  async function blob(digest: string, offset: number, length: number) {
    const found = await bucket.get(blobKey(digest), offset, length)
    if (!found) throw new AppError('BLOB_UNKNOWN', `there is no blob ${digest}`)
    return found
  }

  return {
    minChunkBytes: leastPartBytes,

    uploaded: async (upload) => lengthOf(await pieces(upload)),

    async append(upload, source, limits) {
      const found = await pieces(upload)
      const known = running.get(upload) ?? { hash: newHash('sha256'), bytes: 0 }
      running.set(upload, known)
      let bytes = lengthOf(found)
      try {
        return await writePieces(bucket, `uploads/${upload}/`, found, source, {
          ...limits,
          took(piece) {
            if (known.bytes === bytes) {
              known.hash.update(piece)
              known.bytes += piece.length
            }
            bytes += piece.length
          },
        })
      } catch (error) {
        // Bytes that were not kept are in the hash; the client may send others in their place.
        running.delete(upload)
        throw error
      }
    },

    digest: async (upload) => `sha256:${await hashOf(upload, 'sha256', await pieces(upload))}`,

    async commit(upload, digest) {
      const { algorithm, hex } = parseDigest(digest)
      const found = await pieces(upload)
      const sizeBytes = lengthOf(found)
      if ((await hashOf(upload, algorithm, found)) !== hex)
        throw new AppError('DIGEST_INVALID', `the ${sizeBytes} bytes of the upload do not have the digest ${digest}`)
      const keys = found.map(({ key }) => key)
      if (sizeBytes === 0) await bucket.put(blobKey(digest), Buffer.alloc(0))
      else await bucket.join(keys, blobKey(digest))
      await bucket.remove(keys)
      running.delete(upload)
      return { sizeBytes }
    },

    async uploads() {
      const found = await bucket.list('uploads/')
      return [...new Set(found.map(({ key }) => key.split('/')[1] as string))]
    },

    async abandon(upload) {
      running.delete(upload)
      await bucket.remove((await pieces(upload)).map(({ key }) => key))
    },

    async stat(digest) {
      const sizeBytes = await bucket.size(blobKey(digest))
      return sizeBytes === undefined ? undefined : { sizeBytes }
    },

    async read(digest, range) {
      return blob(digest, range?.first ?? 0, range ? range.last - range.first + 1 : 0)
    },

    async pour(digest, { first, last }, write) {
      if (last < first) return
      for await (const piece of await blob(digest, first, last - first + 1)) await write(piece)
    },

    ...(redirect ? { address: (digest: string) => bucket.presign(blobKey(digest), addressSeconds) } : {}),

    async *digests() {
      for (const algorithm of Object.keys(algorithms))
        for (let start = 0; start < 256; start++) {
          const found = await bucket.list(`blobs/${algorithm}/${start.toString(16).padStart(2, '0')}/`)
          yield found.map(({ key }) => `${algorithm}:${key.split('/').at(-1)}`).filter(isDigest)
        }
    },

    remove: (digest) => bucket.remove([blobKey(digest)]),
  }
}

function blobKey(digest: string): string {
  const { algorithm, hex } = parseDigest(digest)
  return `blobs/${algorithm}/${hex.slice(0, 2)}/${hex}`
}
