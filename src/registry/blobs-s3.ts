import type { Hash } from 'node:crypto'
import { text } from 'node:stream/consumers'
import { AppError } from '../contract/errors.ts'
import { sha256 } from '../platform/digest.ts'
import type { Blobs } from './blobs.ts'
import { algorithms, isDigest, newHash, parseDigest } from './digests.ts'
import { type Bucket, leastPartBytes } from './s3-bucket.ts'
import { chainOf, lengthOf, type Piece, readPiece } from './s3-chain.ts'
import { readPieces, writePieces } from './s3-pieces.ts'

const mostKept = 1000
const idKey = 'blobs/storage-id'

/** A client may follow at once, or after a pause; a download that has begun goes on after the end. */
const addressSeconds = 15 * 60

/**
 * Blobs in a bucket of an S3 server:
 *
 *     blobs/<algorithm>/<first two digits>/<all digits>    complete
 *     blobs/storage-id                                     see storage-id.ts
 *     uploads/<upload>/<offset>-<bytes>-<random>           pieces of an upload, all but the last of 5 MiB or more
 *
 * An object is there as a whole or not at all, so whichever server of several is asked, and whenever one is killed, an upload is as long as its pieces
 * and a blob is whole. Two servers may write to one upload at the same time (see `chainOf`). A commit joins the pieces within the S3 server. With `redirect`, clients are sent there for the bytes.
 */
export function openS3(bucket: Bucket, { redirect = false } = {}): Blobs {
  /** sha256 over uploads whose pieces this process has written, so that a commit need not read them again. */
  const running = new Map<string, { hash: Hash; over: string }>()
  /** Uploads that came in one piece, in whose place their bytes are already. */
  const placed = new Map<string, { digest: string; sizeBytes: number }>()

  const keysOf = async (upload: string) => (await bucket.list(`uploads/${upload}/`)).map(({ key }) => key)
  const piecesIn = (keys: readonly string[]) => keys.map(readPiece).filter((piece) => piece !== undefined)

  async function chainUpTo(upload: string, offset = Number.MAX_SAFE_INTEGER): Promise<Piece[]> {
    const pieces = piecesIn(await keysOf(upload))
    return chainOf(pieces.filter((piece) => piece.offset + piece.sizeBytes <= offset))
  }

  /** Names the bytes of these pieces: none is ever written twice. */
  const nameOf = (chain: readonly Piece[]) => sha256(chain.map(({ key }) => key).join())

  function runningOver(upload: string, chain: readonly Piece[]): Hash | undefined {
    const known = running.get(upload)
    return known?.over === nameOf(chain) ? known.hash : undefined
  }

  /** Keeps something of an upload, the newest last. Of an upload that another server finished nobody tells this one. */
  function keep<T>(map: Map<string, T>, upload: string, value: T): void {
    map.delete(upload)
    map.set(upload, value)
    for (const oldest of map.keys()) {
      if (map.size <= mostKept) break
      map.delete(oldest)
    }
  }

  /**
   * Puts bytes where their blob belongs when they are that blob. If they are, they are all of it, whatever another server may have of the upload: no other
   * bytes have the digest. For a small blob it is one request in place of five.
   */
  async function placeWhole(upload: string, digest: string, bytes: Buffer, sha256Over?: Hash): Promise<boolean> {
    const { algorithm, hex } = parseDigest(digest)
    const hash = (algorithm === 'sha256' && sha256Over?.copy()) || newHash(algorithm).update(bytes)
    if (hash.digest('hex') !== hex) return false
    await bucket.put(blobKey(digest), bytes)
    keep(placed, upload, { digest, sizeBytes: bytes.length })
    return true
  }

  async function hashOf(upload: string, algorithm: 'sha256' | 'sha512', chain: readonly Piece[]) {
    const known = algorithm === 'sha256' && runningOver(upload, chain)
    if (known) return known.copy().digest('hex')
    const hash = newHash(algorithm)
    for await (const bytes of readPieces(bucket, chain)) hash.update(bytes)
    return hash.digest('hex')
  }

  async function blob(digest: string, offset: number, length: number) {
    const found = await bucket.get(blobKey(digest), offset, length)
    if (!found) throw new AppError('BLOB_UNKNOWN', `there is no blob ${digest}`)
    return found
  }

  return {
    minChunkBytes: leastPartBytes,

    uploaded: async (upload) => lengthOf(await chainUpTo(upload)),

    async append(upload, source, { maxBytes, offset, becomes }) {
      placed.delete(upload)
      const before = await chainUpTo(upload, offset)
      if (offset !== undefined && lengthOf(before) !== offset)
        throw new AppError(
          'BLOB_UPLOAD_OFFSET',
          `another server went on with the upload, and nothing of it ends at ${offset} any more`,
        )
      const hash = before.length === 0 ? newHash('sha256') : runningOver(upload, before)
      // Bytes that are not kept may come into the hash; the client may send others in their place.
      running.delete(upload)
      const after = await writePieces(bucket, `uploads/${upload}/`, before, source, {
        maxBytes,
        took: (bytes) => hash?.update(bytes),
        place: becomes === undefined ? undefined : (bytes) => placeWhole(upload, becomes, bytes, hash),
      })
      const whole = placed.get(upload)
      if (whole) return whole.sizeBytes
      if (hash) keep(running, upload, { hash, over: nameOf(after) })
      return lengthOf(after)
    },

    digest: async (upload) => `sha256:${await hashOf(upload, 'sha256', await chainUpTo(upload))}`,

    async commit(upload, digest, record) {
      const whole = placed.get(upload)
      if (whole?.digest === digest) {
        await record?.({ sizeBytes: whole.sizeBytes })
        placed.delete(upload)
        return { sizeBytes: whole.sizeBytes }
      }
      const { algorithm, hex } = parseDigest(digest)
      const keys = await keysOf(upload)
      const chain = chainOf(piecesIn(keys))
      const sizeBytes = lengthOf(chain)
      if ((await hashOf(upload, algorithm, chain)) !== hex)
        throw new AppError('DIGEST_INVALID', `the ${sizeBytes} bytes of the upload do not have the digest ${digest}`)
      if (sizeBytes === 0) await bucket.put(blobKey(digest), Buffer.alloc(0))
      else
        await bucket.join(
          chain.map(({ key }) => key),
          blobKey(digest),
        )
      await record?.({ sizeBytes })
      running.delete(upload)
      // The blob is there and known. What stays is found without a session one day, and goes.
      await bucket.remove(keys).catch(() => {})
      return { sizeBytes }
    },

    async uploads() {
      const found = await bucket.list('uploads/')
      return [...new Set(found.map(({ key }) => key.split('/')[1] as string))]
    },

    async abandon(upload) {
      running.delete(upload)
      placed.delete(upload)
      await bucket.remove(await keysOf(upload))
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

    async id() {
      const found = await bucket.get(idKey)
      return found && (await text(found)).trim()
    },

    setId: (id) => bucket.put(idKey, Buffer.from(`${id}\n`)),

    async *digests() {
      for (const algorithm of Object.keys(algorithms))
        for await (const page of bucket.pages(`blobs/${algorithm}/`))
          yield page.map(({ key }) => `${algorithm}:${key.split('/').at(-1)}`).filter(isDigest)
    },

    remove: (digests) => bucket.remove(digests.map(blobKey)),
  }
}

function blobKey(digest: string): string {
  const { algorithm, hex } = parseDigest(digest)
  return `blobs/${algorithm}/${hex.slice(0, 2)}/${hex}`
}
