import type { BlobCollection, CollectedBlob } from '../contract/collection.ts'
import type { Db } from '../database/open.ts'
import { transact } from '../database/transact.ts'
import { type Clock, systemClock } from '../platform/clock.ts'
import type { Blobs } from './blobs.ts'
import { claimedOrBack } from './claim.ts'
import { adoptOrphans } from './orphans.ts'
import { openPace } from './pace.ts'
import { findUnneeded, removeUnneeded } from './unneeded.ts'

/** So many blobs are looked at in one go. */
const batchSize = 200
/** So many are removed in one go: the connection of SQLite, and a store that is asked for more at once, would let others wait. */
const removedAtOnce = 50
/** How many are named in what a collection tells. */
const maxNamed = 1000
/** After this long, whoever was removing bytes is taken for dead. Half of it is the most that one spends on what it has taken up. */
const removalMs = 10 * 60_000

export interface CollectionOptions {
  db: Db
  blobs: Pick<Blobs, 'stat' | 'remove' | 'digests'>
  /** What came or was promised after this stays. */
  before: Date
  dryRun?: boolean
  /** Whether no other process can be removing bytes: then what a crash left is taken up at once. */
  isAlone?: boolean
  clock?: Clock
  signal?: AbortSignal
  onProgress?(done: number, total: number): void
}

/**
 * Removes the blobs that nothing needs, while pushes and pulls go on. Rows go first, some at a time, in transactions that see that nobody took the blob in
 * between; then the bytes. It pauses for twice as long as it works. Killed anywhere it leaves rows that say what was going, with which the next one begins.
 * Two at once are fine.
 * @throws AppError storage-unavailable | database-unavailable; the signal's reason. What was removed by then stays removed.
 */
export async function collect(options: CollectionOptions): Promise<BlobCollection> {
  const { db, blobs, before, dryRun = false, isAlone = false, clock = systemClock, signal, onProgress } = options
  const paced = openPace(clock, signal)
  const startedAt = clock.now()
  const collection = { blobs: 0, unheld: 0, freedBytes: 0, orphans: 0, orphanBytes: 0, removed: [] as CollectedBlob[] }
  const { total } = await db
    .selectFrom('blobs')
    .select((row) => row.fn.countAll<number>().as('total'))
    .executeTakeFirstOrThrow()

  async function collectBatch(digests: string[]): Promise<void> {
    const found = await paced(() => findUnneeded(db, digests, before.toISOString()))
    if (dryRun) {
      count(found.blobs)
      for (const { sizeBytes } of found.blobs) collection.freedBytes += sizeBytes
      return
    }
    const concerned = [...new Set([...found.holders, ...found.blobs].map(({ digest }) => digest))]
    for (let at = 0; at < concerned.length; at += removedAtOnce)
      await paced(() => collectSome(concerned.slice(at, at + removedAtOnce)))
  }

  /** Rows and bytes, without a rest in between: whoever pushes one of these waits until it is gone. */
  async function collectSome(digests: string[]): Promise<void> {
    const times = { before: before.toISOString(), now: clock.now().toISOString() }
    const removed = await transact(db, (trx) => removeUnneeded(trx, digests, times))
    count(removed.blobs)
    await removeBytes(removed.blobs)
  }

  /** Removes the bytes of blobs that `blob_removals` has, but of those that are just pushed again; and then their rows there. */
  async function removeBytes(going: readonly { digest: string; sizeBytes: number }[]): Promise<void> {
    if (going.length === 0) return
    const digests = going.map(({ digest }) => digest)
    const kept = await claimedOrBack(db, digests)
    const gone = going.filter(({ digest }) => !kept.has(digest))
    await blobs.remove(gone.map(({ digest }) => digest))
    await db.deleteFrom('blob_removals').where('digest', 'in', digests).execute()
    for (const { sizeBytes } of gone) collection.freedBytes += sizeBytes
  }

  /** Takes up what a collection left that has died; it stops when it takes so long that another one may take this one for dead. */
  async function removeLeft(): Promise<void> {
    const now = clock.now()
    // Whoever changes the row has it: of two, one.
    const left = await db
      .updateTable('blob_removals')
      .set({ since: now.toISOString() })
      .where('since', '<=', new Date(now.getTime() - (isAlone ? 0 : removalMs)).toISOString())
      .returning('digest')
      .execute()
    const giveUpAt = performance.now() + removalMs / 2
    for (let at = 0; at < left.length && performance.now() < giveUpAt; at += removedAtOnce)
      await paced(async () => {
        const there = []
        // Some may be gone already.
        for (const { digest } of left.slice(at, at + removedAtOnce))
          there.push({ digest, sizeBytes: (await blobs.stat(digest))?.sizeBytes ?? 0 })
        await removeBytes(there)
      })
  }

  function count(gone: CollectedBlob[]): void {
    collection.blobs += gone.length
    collection.unheld += gone.filter(({ repositories }) => repositories.length === 0).length
    collection.removed.push(...gone.slice(0, maxNamed - collection.removed.length))
  }

  if (!dryRun) await removeLeft()
  let done = 0
  for (let after: string | undefined = ''; after !== undefined; ) {
    const page = await db
      .selectFrom('blobs')
      .select('digest')
      .where('digest', '>', after)
      .orderBy('digest')
      .limit(batchSize)
      .execute()
    const digests = page.map(({ digest }) => digest)
    await collectBatch(digests)
    done += digests.length
    onProgress?.(Math.min(done, Number(total)), Number(total))
    after = digests.at(-1)
  }
  for await (const digests of blobs.digests())
    for (let at = 0; at < digests.length; at += batchSize) {
      const some = digests.slice(at, at + batchSize)
      const orphans = await paced(() => adoptOrphans(db, blobs, some, { dryRun, now: clock.now() }))
      collection.orphans += orphans.length
      for (const { sizeBytes } of orphans) collection.orphanBytes += sizeBytes
    }
  return {
    ...collection,
    dryRun,
    before: before.toISOString(),
    startedAt: startedAt.toISOString(),
    endedAt: clock.now().toISOString(),
  }
}
