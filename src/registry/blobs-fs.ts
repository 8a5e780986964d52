import type { Hash } from 'node:crypto'
import { createReadStream, fstatSync } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Readable } from 'node:stream'
import { AppError } from '../contract/errors.ts'
import {
  asStorageError,
  listFolder,
  makeFolder,
  moveInto,
  readTextIfThere,
  remove,
  removeFile,
  replaceFile,
  sizeIfThere,
  syncFolder,
} from '../platform/files.ts'
import { appendAll } from './append.ts'
import type { Blobs, ByteRange } from './blobs.ts'
import { type Algorithm, algorithms, isDigest, newHash, parseDigest } from './digests.ts'
import { pour } from './pour.ts'

export interface FsBlobsOptions {
  /** Holds the tree below; made when it is not there. */
  folder: string
}

/**
 * Blobs in a folder:
 *
 *     blobs/<algorithm>/<first two digits>/<all digits>    complete, durable, read only
 *     blobs/storage-id                                     see storage-id.ts
 *     uploads/<upload>                                     growing; its size is the truth about how far it came
 */
export async function openFs({ folder }: FsBlobsOptions): Promise<Blobs> {
  const idPath = join(folder, 'blobs', 'storage-id')
  const uploadPath = (upload: string) => join(folder, 'uploads', upload)
  const blobPath = (digest: string) => {
    const { algorithm, hex } = parseDigest(digest)
    return join(folder, 'blobs', algorithm, hex.slice(0, 2), hex)
  }
  for (const made of ['uploads', ...Object.keys(algorithms).map((algorithm) => join('blobs', algorithm))])
    await makeFolder(join(folder, made))
  for (const above of ['blobs', '.']) await syncFolder(join(folder, above))

  /** sha256 over the uploads of this process, so that a commit need not read them again. */
  const running = new Map<string, { hash: Hash; bytes: number }>()

  async function hashOf(upload: string, algorithm: Algorithm, size: number): Promise<string> {
    const known = running.get(upload)
    if (algorithm === 'sha256' && known?.bytes === size) return known.hash.copy().digest('hex')
    const hash = newHash(algorithm)
    for await (const piece of createReadStream(uploadPath(upload), { highWaterMark: 1 << 20 })) hash.update(piece)
    return hash.digest('hex')
  }

  /** Folders whose own entry is on the disk, so that a commit need not see to it again. */
  const durable = new Set<string>()

  async function makeDurable(path: string): Promise<void> {
    if (durable.has(path)) return
    await makeFolder(path)
    await syncFolder(dirname(path))
    durable.add(path)
  }

  async function uploaded(upload: string): Promise<number> {
    return (await sizeIfThere(uploadPath(upload))) ?? 0
  }

  function openBlob(digest: string): Promise<FileHandle> {
    return open(blobPath(digest), 'r').catch((error) => {
      throw error.code === 'ENOENT' ? new AppError('BLOB_UNKNOWN', `there is no blob ${digest}`) : error
    })
  }

  return {
    minChunkBytes: 1,

    uploaded,

    async append(upload, source, { maxBytes }) {
      const path = uploadPath(upload)
      const file = await openForAppend(path)
      try {
        let bytes = sizeOf(file)
        const known = running.get(upload) ?? { hash: newHash('sha256'), bytes: 0 }
        running.set(upload, known)
        const hash = (piece: Uint8Array) => {
          if (known.bytes === bytes) {
            known.hash.update(piece)
            known.bytes += piece.length
          }
          bytes += piece.length
        }
        await appendAll(file, limited(source, maxBytes - bytes, maxBytes), { hash, sync: () => syncUpload(file, path) })
        return bytes
      } catch (error) {
        // Bytes that the disk did not take are in the hash; the client may send others in their place.
        running.delete(upload)
        throw asStorageError(error, path)
      } finally {
        await file.close()
      }
    },

    async digest(upload) {
      const size = await uploaded(upload)
      return `sha256:${size === 0 ? newHash('sha256').digest('hex') : await hashOf(upload, 'sha256', size)}`
    },

    async commit(upload, digest, record) {
      const { algorithm, hex } = parseDigest(digest)
      const path = uploadPath(upload)
      const target = blobPath(digest)
      const file = await openForAppend(path)
      let sizeBytes: number
      try {
        sizeBytes = sizeOf(file)
        if ((await hashOf(upload, algorithm, sizeBytes)) !== hex)
          throw new AppError('DIGEST_INVALID', `the ${sizeBytes} bytes of the upload do not have the digest ${digest}`)
        await syncUpload(file, path)
        await makeDurable(dirname(target))
        await moveInto(path, target)
        running.delete(upload)
      } catch (error) {
        throw asStorageError(error, target)
      } finally {
        await file.close()
      }
      await record?.({ sizeBytes })
      return { sizeBytes }
    },

    uploads: () => listFolder(join(folder, 'uploads')),

    async abandon(upload) {
      running.delete(upload)
      await remove(uploadPath(upload))
    },

    async stat(digest) {
      const sizeBytes = await sizeIfThere(blobPath(digest))
      return sizeBytes === undefined ? undefined : { sizeBytes }
    },

    read: async (digest, range) => readRange(await openBlob(digest), range),

    async pour(digest, range, write) {
      const file = await openBlob(digest)
      try {
        await pour(file, range, write)
      } finally {
        await file.close()
      }
    },

    id: async () => (await readTextIfThere(idPath))?.trim(),

    setId: (id) => replaceFile(idPath, `${id}\n`),

    async *digests() {
      for (const algorithm of Object.keys(algorithms))
        for (const start of await listFolder(join(folder, 'blobs', algorithm))) {
          const names = await listFolder(join(folder, 'blobs', algorithm, start))
          yield names.map((name) => `${algorithm}:${name}`).filter(isDigest)
        }
    },

    async remove(digests) {
      for (const digest of digests) await removeFile(blobPath(digest))
    },
  }
}

/** What comes from a source, as long as it is not more than there is room for. @throws AppError payload-too-large */
async function* limited(source: AsyncIterable<Uint8Array>, room: number, maxBytes: number): AsyncGenerator<Uint8Array> {
  let left = room
  for await (const piece of source) {
    left -= piece.length
    if (left < 0)
      throw new AppError('payload-too-large', `the upload is longer than ${maxBytes} bytes, the most that is taken`)
    yield piece
  }
}

function readRange(file: FileHandle, range: ByteRange | undefined): Readable {
  return file.createReadStream({ highWaterMark: 1 << 18, ...(range ? { start: range.first, end: range.last } : {}) })
}

/**
 * Makes what was uploaded durable. A disk tells only once that it lost something and calls the rest fine, so nobody may go on with an upload for which
 * this failed: it is removed.
 */
async function syncUpload(file: FileHandle, path: string): Promise<void> {
  try {
    await file.datasync()
  } catch (error) {
    await remove(path).catch(() => {})
    throw error
  }
}

/** At once: the system has it in memory, and handing the question to another thread takes longer than the answer. */
function sizeOf({ fd }: FileHandle): number {
  return fstatSync(fd).size
}

function openForAppend(path: string): Promise<FileHandle> {
  return open(path, 'a').catch((error) => {
    throw asStorageError(error, path)
  })
}
