import type { FileHandle } from 'node:fs/promises'

/** One fills while the other is written. */
const bufferBytes = 256 * 1024
/** How much is written before the disk begins with it. Of 512 MiB 10 ms were then left to wait for at the end, and 290 ms without. */
const syncBytes = 32 << 20

/**
 * Writes what comes to the end of a file, while the next pieces come and are hashed by `take`. Pieces are collected as long as more of them are there
 * already, and not longer: what a slow client sent is in the file. When the source fails, all that came before is in the file. `sync` lets the
 * disk begin early with what is a lot.
 * @throws what the source, `take` or `sync` throws; an error of the disk
 */
export async function appendAll(
  file: FileHandle,
  source: AsyncIterable<Uint8Array>,
  { take, sync }: { take(piece: Uint8Array): void; sync(): Promise<void> },
): Promise<void> {
  let filling = Buffer.allocUnsafeSlow(bufferBytes)
  let resting = Buffer.allocUnsafeSlow(bufferBytes)
  let filled = 0
  let unsynced = 0
  let isLookedAt = false
  // Of these two, one that fails stays, so that it is the last.
  let writing: Promise<void> | undefined
  let syncing: Promise<void> | undefined

  function flush(): void {
    const bytes = filling.subarray(0, filled)
    ;[filling, resting] = [resting, filling]
    unsynced += filled
    filled = 0
    writing = file.appendFile(bytes).then(() => {
      writing = undefined
      if (unsynced >= syncBytes && !syncing) syncBeside()
      if (filled > 0) lookSoon()
    })
    nobodyYet(writing)
  }

  function syncBeside(): void {
    unsynced = 0
    syncing = sync().then(() => {
      syncing = undefined
    })
    nobodyYet(syncing)
  }

  /** Immediates come after all that the network has brought by now. */
  function lookSoon(): void {
    if (isLookedAt) return
    isLookedAt = true
    setImmediate(() => {
      isLookedAt = false
      if (filled > 0 && !writing) flush()
    })
  }

  async function takeIn(piece: Uint8Array): Promise<void> {
    for (let at = 0; at < piece.length; ) {
      const part = piece.subarray(at, at + bufferBytes - filled)
      filling.set(part, filled)
      filled += part.length
      at += part.length
      while (filled === bufferBytes) await (writing ?? flush())
    }
    if (filled > 0) lookSoon()
  }

  try {
    for await (const piece of source) {
      take(piece)
      await takeIn(piece)
    }
  } finally {
    // Nothing may use the file any more when the caller closes it.
    try {
      while (writing || filled > 0) await (writing ?? flush())
    } finally {
      await syncing
    }
  }
}

/** Who waits for it comes later; until then an error must not end the process. */
function nobodyYet(promise: Promise<void>): void {
  promise.catch(() => {})
}
