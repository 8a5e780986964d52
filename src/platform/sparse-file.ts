import { type FileHandle, open, truncate } from 'node:fs/promises'
import { asStorageError } from './files.ts'

/** Zeros are looked for, and left out, in stretches of this size. */
const blockBytes = 64 * 1024
const chunkBytes = 1024 * 1024
const sectorBytes = 512
const zeros = Buffer.alloc(blockBytes)

/**
 * Writes a stream over a device or a file that is there and reads as zeros so far, and answers its length. What it has answered is on the disk.
 * @throws AppError storage-full; what the stream throws
 */
export async function writeOver(path: string, source: AsyncIterable<Uint8Array>): Promise<number> {
  return withFile(path, 'r+', (file) => writeSparse(file, source))
}

/** Writes a new file that begins with a stream and has `sizeBytes`, and answers the stream's length. @throws as `writeOver`; EEXIST */
export async function writeNew(
  path: string,
  sizeBytes: number,
  source: AsyncIterable<Uint8Array> = none(),
): Promise<number> {
  return withFile(path, 'wx', async (file) => {
    const length = await writeSparse(file, source)
    await file.truncate(sizeBytes)
    return length
  })
}

/** Makes a file longer, by a hole. */
export async function lengthen(path: string, sizeBytes: number): Promise<void> {
  await truncate(path, sizeBytes)
}

async function withFile(path: string, flags: string, work: (file: FileHandle) => Promise<number>): Promise<number> {
  const file = await open(path, flags, 0o600)
  try {
    const length = await work(file)
    await file.sync()
    return length
  } catch (error) {
    throw asStorageError(error, path)
  } finally {
    await file.close()
  }
}

async function* none(): AsyncGenerator<Uint8Array> {}

/**
 * Writes a stream to a file or device that reads as zeros so far, and answers its length. Stretches of zeros are not written, so they take no
 * room. Every write begins and ends at whole sectors, since a raw device takes nothing else; what is missing to the last one is zeros.
 */
async function writeSparse(file: FileHandle, source: AsyncIterable<Uint8Array>): Promise<number> {
  const chunk = Buffer.allocUnsafe(chunkBytes)
  let filled = 0
  let at = 0
  async function flush(): Promise<void> {
    const whole = Math.ceil(filled / sectorBytes) * sectorBytes
    await writeNonZero(file, chunk.fill(0, filled, whole).subarray(0, whole), at)
    at += filled
    filled = 0
  }
  for await (const piece of source)
    for (let from = 0; from < piece.length; ) {
      const length = Math.min(piece.length - from, chunkBytes - filled)
      chunk.set(piece.subarray(from, from + length), filled)
      filled += length
      from += length
      if (filled === chunkBytes) await flush()
    }
  await flush()
  return at
}

async function writeNonZero(file: FileHandle, bytes: Buffer, at: number): Promise<void> {
  for (let from = 0; from < bytes.length; ) {
    const to = endOf(bytes, from, (block) => !isZero(block))
    for (let done = from; done < to; ) done += (await file.write(bytes, done, to - done, at + done)).bytesWritten
    from = endOf(bytes, to, isZero)
  }
}

/** Where the blocks from `from` on stop being `such`. */
function endOf(bytes: Buffer, from: number, such: (block: Buffer) => boolean): number {
  let to = from
  while (to < bytes.length && such(bytes.subarray(to, to + blockBytes))) to += blockBytes
  return Math.min(to, bytes.length)
}

function isZero(block: Buffer): boolean {
  return block.equals(zeros.subarray(0, block.length))
}
