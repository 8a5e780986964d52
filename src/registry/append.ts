import type { FileHandle } from 'node:fs/promises'

/** How much is written before the disk begins with it. Of 512 MiB 10 ms were then left to wait for at the end, and 290 ms without. */
const syncBytes = 32 << 20

/**
 * Writes what comes to the end of a file; `hash` is told of each piece while it is written. When the source fails, all that came before is in the file.
 * `sync` lets the disk begin early with what is a lot.
 * @throws what the source or `sync` throws; an error of the disk
 */
export async function appendAll(
  file: FileHandle,
  source: AsyncIterable<Uint8Array>,
  { hash, sync }: { hash(piece: Uint8Array): void; sync(): Promise<void> },
): Promise<void> {
  let unsynced = 0
  let syncing: Promise<void> | undefined
  try {
    for await (const piece of source) {
      const writing = file.appendFile(piece)
      hash(piece)
      await writing
      unsynced += piece.length
      if (unsynced < syncBytes || syncing) continue
      unsynced = 0
      syncing = sync().then(() => {
        // One that fails stays, so that it is the last.
        syncing = undefined
      })
      // Who waits for it comes later; until then an error must not end the process.
      syncing.catch(() => {})
    }
  } finally {
    // Nothing may use the file any more when the caller closes it.
    await syncing
  }
}
