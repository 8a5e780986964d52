import type { Progress } from '../contract/work.ts'
import type { Db } from '../database/open.ts'
import { type Clock, systemClock } from '../platform/clock.ts'
import type { Blobs } from './blobs.ts'
import { newHash, parseDigest } from './digests.ts'

export interface ScrubOptions {
  db: Db
  blobs: Pick<Blobs, 'read'>
  /** Blobs that were read after this are not read again. */
  before: Date
  /** How fast it reads, so that others have most of the disk. */
  bytesPerSecond: number
  onDamaged(digest: string, what: string): void
  /** How many bytes were read, of how many. */
  onProgress?: Progress
  clock?: Clock
  signal?: AbortSignal
}

/**
 * Reads blobs again, the one first that was read longest ago, and marks those that are damaged: they are served no more, which makes clients push them
 * again, and a push heals them. Killed anywhere, it goes on where it was. Answers how many it read.
 * @throws AppError storage-unavailable, database-unavailable; the signal's reason
 */
export async function scrub({
  db,
  blobs,
  before,
  bytesPerSecond,
  onDamaged,
  ...options
}: ScrubOptions): Promise<number> {
  const { clock = systemClock, signal, onProgress } = options
  const total = onProgress ? await countBytes(db, before) : 0
  let done = 0
  for (let count = 0; ; count++) {
    signal?.throwIfAborted()
    const blob = await db
      .selectFrom('blobs')
      .select(['digest', 'size', 'verified_at'])
      .where('damaged_at', 'is', null)
      .where('verified_at', '<', before.toISOString())
      .orderBy('verified_at')
      .orderBy('digest')
      .limit(1)
      .executeTakeFirst()
    if (!blob) return count
    const damage = await findDamage(blob.digest, async (bytes) => {
      done += bytes
      onProgress?.(Math.min(done, total), total)
      await clock.sleep((bytes / bytesPerSecond) * 1000, signal)
    })
    const now = clock.now().toISOString()
    // Who pushed it meanwhile has changed the row, and who collected it has removed it: then this was another blob.
    const { numUpdatedRows } = await db
      .updateTable('blobs')
      .set(damage === undefined ? { verified_at: now } : { damaged_at: now })
      .where('digest', '=', blob.digest)
      .where('verified_at', '=', blob.verified_at)
      .executeTakeFirstOrThrow()
    if (damage !== undefined && numUpdatedRows > 0n) onDamaged(blob.digest, damage)
  }

  async function findDamage(digest: string, pace: (bytes: number) => Promise<void>): Promise<string | undefined> {
    const { algorithm, hex } = parseDigest(digest)
    const hash = newHash(algorithm)
    try {
      for await (const piece of await blobs.read(digest)) {
        hash.update(piece)
        await pace(piece.length)
      }
    } catch (error) {
      const { code } = error as { code?: string }
      if (code === 'BLOB_UNKNOWN') return 'its bytes are gone'
      if (code === 'EIO') return 'the disk cannot read its bytes'
      throw error
    }
    return hash.digest('hex') === hex ? undefined : 'its bytes have another digest'
  }
}

async function countBytes(db: Db, before: Date): Promise<number> {
  const { bytes } = await db
    .selectFrom('blobs')
    .select((row) => row.fn.sum<number | string | null>('size').as('bytes'))
    .where('damaged_at', 'is', null)
    .where('verified_at', '<', before.toISOString())
    .executeTakeFirstOrThrow()
  return Number(bytes)
}
