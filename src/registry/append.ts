import type { FileHandle } from 'node:fs/promises'

/** How much may wait for the disk. */
const waitingBytes = 1 << 20

/**
 * Writes what comes to the end of a file, each piece at once or, while another write is under way, with all that came meanwhile. So a slow
 * client's bytes are in the file, and a fast one's are hashed by `take` while the disk works. When the source fails, all that came before
 * is in the file.
 * @throws what the source or `take` throws; an error of the disk
 */
export async function appendAll(
  file: FileHandle,
  source: AsyncIterable<Uint8Array>,
  take: (piece: Uint8Array) => void,
): Promise<void> {
  let waiting: Uint8Array[] = []
  let bytes = 0
  let isWriting = false
  let written = Promise.resolve()

  async function writeWaiting(): Promise<void> {
    isWriting = true
    while (waiting.length > 0) {
      const pieces = waiting
      waiting = []
      bytes = 0
      await writeWhole(file, pieces)
    }
    isWriting = false
  }

  try {
    for await (const piece of source) {
      take(piece)
      waiting.push(piece)
      bytes += piece.length
      if (!isWriting) {
        written = writeWaiting()
        // Who asks for it comes later; an error must not be nobody's until then.
        written.catch(() => {})
      }
      if (bytes >= waitingBytes) await written
    }
  } finally {
    await written
  }
}

/** All of it: a disk that runs full may take a part without an error, and says so only at the next write. */
async function writeWhole(file: FileHandle, pieces: Uint8Array[]): Promise<void> {
  if (pieces.length === 0) return
  const { bytesWritten } = await file.writev(pieces)
  const all = pieces.reduce((sum, piece) => sum + piece.length, 0)
  if (bytesWritten < all) await file.appendFile(Buffer.concat(pieces).subarray(bytesWritten))
}
