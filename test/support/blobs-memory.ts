import { Readable } from 'node:stream'
import { AppError } from '../../src/contract/errors.ts'
import type { Blobs } from '../../src/registry/blobs.ts'
import { newHash, parseDigest } from '../../src/registry/digests.ts'

/** What a store holds: whoever opens it again finds the same. */
export interface MemoryStore {
  blobs: Map<string, Buffer>
  uploads: Map<string, Buffer>
  id?: string
}

export function newMemoryStore(): MemoryStore {
  return { blobs: new Map(), uploads: new Map() }
}

const pieceBytes = 256 * 1024
const nothing = Buffer.alloc(0)

/** Blobs in the memory of a test that cares about what a registry does, and not about disks. */
export function openMemoryBlobs(store: MemoryStore = newMemoryStore()): Blobs {
  const { blobs, uploads } = store
  const uploadOf = (upload: string) => uploads.get(upload) ?? nothing
  const find = (digest: string) => {
    parseDigest(digest)
    return blobs.get(digest)
  }
  const blobOf = (digest: string) => {
    const found = find(digest)
    if (!found) throw new AppError('BLOB_UNKNOWN', `there is no blob ${digest}`)
    return found
  }
  return {
    minChunkBytes: 1,
    uploaded: async (upload) => uploadOf(upload).length,
    async append(upload, source, { maxBytes }) {
      for await (const piece of source) {
        const before = uploadOf(upload)
        if (before.length + piece.length > maxBytes)
          throw new AppError('payload-too-large', `the upload is longer than ${maxBytes} bytes, the most that is taken`)
        uploads.set(upload, Buffer.concat([before, piece]))
      }
      return uploadOf(upload).length
    },
    digest: async (upload) => `sha256:${newHash('sha256').update(uploadOf(upload)).digest('hex')}`,
    async commit(upload, digest, record) {
      const { algorithm, hex } = parseDigest(digest)
      const bytes = uploadOf(upload)
      if (newHash(algorithm).update(bytes).digest('hex') !== hex)
        throw new AppError('DIGEST_INVALID', `the ${bytes.length} bytes of the upload do not have the digest ${digest}`)
      const blob = { sizeBytes: bytes.length }
      blobs.set(digest, bytes)
      await record?.(blob)
      uploads.delete(upload)
      return blob
    },
    uploads: async () => [...uploads.keys()],
    async abandon(upload) {
      uploads.delete(upload)
    },
    async stat(digest) {
      const bytes = find(digest)
      return bytes && { sizeBytes: bytes.length }
    },
    async read(digest, range) {
      const bytes = blobOf(digest)
      return Readable.from(range ? [bytes.subarray(range.first, range.last + 1)] : [bytes])
    },
    async pour(digest, { first, last }, write) {
      const bytes = blobOf(digest)
      for (let at = first; at <= last; at += pieceBytes)
        await write(bytes.subarray(at, Math.min(at + pieceBytes, last + 1)))
    },
    id: async () => store.id,
    async setId(id) {
      store.id = id
    },
    async *digests() {
      yield [...blobs.keys()]
    },
    async remove(digests) {
      for (const digest of digests) blobs.delete(digest)
    },
  }
}
