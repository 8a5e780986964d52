import type { FileHandle } from 'node:fs/promises'
import type { ByteRange } from './blobs.ts'

/** With 1 MiB a large file took an eighth longer, with 4 MiB no less. */
const pieceBytes = 2 << 20
const kept: Buffer[] = []
const mostKept = 8

/**
 * Hands the bytes of a file to `write`, piece by piece; the next is read while one is written. Each lies in one of two buffers that are used
 * again and again, so it is valid only until the promise of its `write` is settled.
 */
export async function pour(
  file: FileHandle,
  range: ByteRange,
  write: (piece: Uint8Array) => Promise<void>,
): Promise<void> {
  const end = range.last + 1
  let filling = takeBuffer()
  /** Most files have but one piece. */
  let resting: Buffer | undefined
  const read = async (position: number) => {
    const buffer = filling
    const { bytesRead } = await file.read(buffer, 0, Math.min(buffer.length, end - position), position)
    if (bytesRead === 0 && position < end) throw new Error(`a blob ended at ${position} instead of ${end}`)
    return buffer.subarray(0, bytesRead)
  }
  let reading = read(range.first)
  try {
    for (let position = range.first; position < end; ) {
      const piece = await reading
      position += piece.length
      if (position < end) {
        ;[filling, resting] = [resting ?? takeBuffer(), filling]
        reading = read(position)
      }
      await write(piece)
    }
    for (const buffer of [filling, resting]) if (buffer && kept.length < mostKept) kept.push(buffer)
  } finally {
    // The caller closes the file: nobody may be reading it then.
    await reading.catch(() => {})
  }
}

function takeBuffer(): Buffer {
  return kept.pop() ?? Buffer.allocUnsafeSlow(pieceBytes)
}
