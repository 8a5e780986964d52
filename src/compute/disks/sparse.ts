import type { FileHandle } from 'node:fs/promises'

/** Zeros are looked for, and left out, in stretches of this size. */
const blockBytes = 64 * 1024
const chunkBytes = 1024 * 1024
const sectorBytes = 512
const zeros = Buffer.alloc(blockBytes)

/**
 * Writes a stream to a file or device that reads as zeros so far, and answers its length. Stretches of zeros are not written, so they take no
 * room. Every write begins and ends at whole sectors, since a raw device takes nothing else; what is missing to the last one is zeros.
 */
export async function writeSparse(file: FileHandle, source: AsyncIterable<Uint8Array>): Promise<number> {
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
