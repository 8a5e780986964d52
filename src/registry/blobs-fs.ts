import type { Hash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Readable } from 'node:stream'
import { AppError } from '../contract/errors.ts'
import { asStorageError, makeFolder, moveInto, remove, sizeIfThere, syncFolder } from '../platform/files.ts'
import type { Blobs, ByteRange } from './blobs.ts'
import { type Algorithm, algorithms, newHash, parseDigest } from './digests.ts'

export interface FsBlobsOptions {
  /** Holds the tree below; made when it is not there. */
  folder: string
}

/**
 * Blobs in a folder:
 *
 *     blobs/<algorithm>/<first two digits>/<all digits>    complete, durable, read only
 *     uploads/<upload>                                     growing; its size is the truth about how far it came
 */
export async function openFs({ folder }: FsBlobsOptions): Promise<Blobs> {
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

  async function uploaded(upload: string): Promise<number> {
    return (await sizeIfThere(uploadPath(upload))) ?? 0
  }

  return {
    minChunkBytes: 1,

    uploaded,

    async append(upload, source, { maxBytes }) {
      const path = uploadPath(upload)
      const file = await openForAppend(path)
      try {
        let bytes = (await file.stat()).size
        const known = running.get(upload) ?? { hash: newHash('sha256'), bytes: 0 }
        for await (const piece of source) {
          if (bytes + piece.length > maxBytes)
            throw new AppError(
              'payload-too-large',
              `the upload is longer than ${maxBytes} bytes, the most that is taken`,
            )
          await file.appendFile(piece)
          if (known.bytes === bytes) {
            known.hash.update(piece)
            known.bytes += piece.length
            running.set(upload, known)
          }
          bytes += piece.length
        }
        return bytes
      } catch (error) {
        throw asStorageError(error, path)
      } finally {
        await file.close()
      }
    },

    async digest(upload) {
      const size = await uploaded(upload)
      return `sha256:${size === 0 ? newHash('sha256').digest('hex') : await hashOf(upload, 'sha256', size)}`
    },

    async commit(upload, digest) {
      const { algorithm, hex } = parseDigest(digest)
      const path = uploadPath(upload)
      const target = blobPath(digest)
      const file = await openForAppend(path)
      try {
        await file.sync()
        const sizeBytes = (await file.stat()).size
        if ((await hashOf(upload, algorithm, sizeBytes)) !== hex)
          throw new AppError('DIGEST_INVALID', `the ${sizeBytes} bytes of the upload do not have the digest ${digest}`)
        await makeFolder(dirname(target))
        await moveInto(path, target)
        await syncFolder(dirname(dirname(target)))
        running.delete(upload)
        return { sizeBytes }
      } catch (error) {
        throw asStorageError(error, target)
      } finally {
        await file.close()
      }
    },

    async abandon(upload) {
      running.delete(upload)
      await remove(uploadPath(upload))
    },

    async stat(digest) {
      const sizeBytes = await sizeIfThere(blobPath(digest))
      return sizeBytes === undefined ? undefined : { sizeBytes }
    },

    async read(digest, range) {
      const file = await open(blobPath(digest), 'r').catch((error) => {
        throw error.code === 'ENOENT' ? new AppError('BLOB_UNKNOWN', `there is no blob ${digest}`) : error
      })
      return readRange(file, range)
    },

    remove: (digest) => remove(blobPath(digest)),
  }
}

function readRange(file: FileHandle, range: ByteRange | undefined): Readable {
  return file.createReadStream({ highWaterMark: 1 << 18, ...(range ? { start: range.first, end: range.last } : {}) })
}

function openForAppend(path: string): Promise<FileHandle> {
  return open(path, 'a').catch((error) => {
    throw asStorageError(error, path)
  })
}
