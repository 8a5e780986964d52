import { createHash, type Hash } from 'node:crypto'
import { type FileHandle, open } from 'node:fs/promises'
import { AppError } from '../contract/errors.ts'
import { asStorageError, moveInto, remove } from '../platform/files.ts'

/** A file on its way: what is there so far, and the hash over it, which is read again once when the file is opened. */
export class PartialFile {
  readonly digest: string
  /** The length of the whole. */
  readonly size: number
  /** The length of what is there. */
  bytes = 0
  readonly #path: string
  readonly #file: FileHandle
  #hash: Hash

  private constructor(path: string, file: FileHandle, digest: string, size: number) {
    this.#path = path
    this.#file = file
    this.digest = digest
    this.size = size
    this.#hash = hashFor(digest)
  }

  static async open(path: string, digest: string, size: number): Promise<PartialFile> {
    hashFor(digest)
    const file = await open(path, 'a+').catch((error) => {
      throw asStorageError(error, path)
    })
    const part = new PartialFile(path, file, digest, size)
    for await (const piece of file.createReadStream({ start: 0, autoClose: false, highWaterMark: 1 << 20 })) {
      part.#hash.update(piece)
      part.bytes += piece.length
    }
    if (part.bytes > size) await part.restart()
    return part
  }

  /** @throws AppError SIZE_INVALID | storage-full */
  async append(piece: Buffer): Promise<void> {
    if (this.bytes + piece.length > this.size)
      throw new AppError('SIZE_INVALID', `${this.digest} is longer than the ${this.size} bytes that were declared`)
    await this.#file.appendFile(piece).catch((error) => {
      throw asStorageError(error, this.#path)
    })
    this.#hash.update(piece)
    this.bytes += piece.length
  }

  async restart(): Promise<void> {
    await this.#file.truncate(0)
    this.#hash = hashFor(this.digest)
    this.bytes = 0
  }

  isRight(): boolean {
    return this.#found() === this.digest
  }

  /** Makes the file durable and renames it to `path`. @throws AppError DIGEST_INVALID | storage-full */
  async finish(path: string): Promise<void> {
    if (!this.isRight())
      throw new AppError('DIGEST_INVALID', `the bytes received for ${this.digest} have the digest ${this.#found()}`)
    await this.#file.sync().catch((error) => {
      throw asStorageError(error, this.#path)
    })
    await moveInto(this.#path, path)
  }

  async remove(): Promise<void> {
    await remove(this.#path)
  }

  async close(): Promise<void> {
    await this.#file.close()
  }

  #found(): string {
    return `${this.digest.split(':')[0]}:${this.#hash.copy().digest('hex')}`
  }
}

function hashFor(digest: string): Hash {
  const algorithm = /^(sha256|sha512):[0-9a-f]+$/.exec(digest)?.[1]
  if (algorithm === undefined)
    throw new AppError('DIGEST_INVALID', `${digest} is not a digest that can be checked; sha256 and sha512 can`)
  return createHash(algorithm)
}
