import type { FileHandle } from 'node:fs/promises'

/** How much may wait for the disk. */
const waitingBytes = 1 << 20
/** How much is written before the disk begins with it. Of 512 MiB 10 ms were then left to wait for at the end, and 290 ms without. */
const syncBytes = 32 << 20

/**
 * Writes what comes to the end of a file, each piece at once or, while another write is under way, with all that came meanwhile. So a slow
 * client's bytes are in the file, and a fast one's are hashed by `take` while the disk works. When the source fails, all that came before
 * is in the file. `sync` lets the disk begin early with what is a lot.
 * @throws what the source, `take` or `sync` throws; an error of the disk
 */
export async function appendAll(
  file: FileHandle,
  source: AsyncIterable<Uint8Array>,
  { take, sync }: { take(piece: Uint8Array): void; sync(): Promise<void> },
): Promise<void> {
  let waiting: Uint8Array[] = []
  let bytes = 0
  let isWriting = false
  let written = Promise.resolve()
  let unsynced = 0
  let synced: Promise<void> | undefined

  async function writeWaiting(): Promise<void> {
    isWriting = true
    while (waiting.length > 0) {
      const pieces = waiting
      unsynced += bytes
      waiting = []
      bytes = 0
      await writeWhole(file, pieces)
      if (unsynced >= syncBytes && !synced) syncBeside()
    }
    isWriting = false
  }

  function syncBeside(): void {
    unsynced = 0
    // One that fails stays, so that it is the last.
    const running = sync().then(() => {
      synced = undefined
    })
    synced = running
    nobodyYet(running)
  }

  try {
    for await (const piece of source) {
      take(piece)
      waiting.push(piece)
      bytes += piece.length
      if (!isWriting) {
        written = writeWaiting()
        nobodyYet(written)
      }
      if (bytes >= waitingBytes) await written
    }
  } finally {
    // Nothing may use the file any more when the caller closes it.
    await written.finally(() => synced)
  }
}

/** Who waits for it comes later; until then an error must not end the process. */
function nobodyYet(promise: Promise<void>): void {
  promise.catch(() => {})
}

/** All of it: a disk that runs full may take a part without an error, and says so only at the next write. */
async function writeWhole(file: FileHandle, pieces: Uint8Array[]): Promise<void> {
  if (pieces.length === 0) return
  const { bytesWritten } = await file.writev(pieces)
  const all = pieces.reduce((sum, piece) => sum + piece.length, 0)
  if (bytesWritten < all) await file.appendFile(Buffer.concat(pieces).subarray(bytesWritten))
}
