import type { Db } from '../database/open.ts'
import { transact } from '../database/transact.ts'
import type { Blobs } from './blobs.ts'

/**
 * Finds bytes in the storage that no row knows: a crash between bytes and row leaves them, or a database that was restored from a backup. They get
 * a row as of now, so that the collection removes them like every other blob that nobody holds, but not before its grace time has passed: whoever
 * restored an older database has this long to notice.
 */
export async function adoptOrphans(
  db: Db,
  blobs: Pick<Blobs, 'stat'>,
  digests: readonly string[],
  { dryRun, now }: { dryRun: boolean; now: Date },
): Promise<{ digest: string; sizeBytes: number }[]> {
  const orphans: { digest: string; sizeBytes: number }[] = []
  for (const digest of await findUnknown(db, digests)) {
    const found = await blobs.stat(digest)
    if (found) orphans.push({ digest, sizeBytes: found.sizeBytes })
  }
  if (orphans.length === 0 || dryRun) return orphans
  return transact(db, async (trx) => {
    const unknown = new Set(
      await findUnknown(
        trx,
        orphans.map(({ digest }) => digest),
      ),
    )
    const adopted = orphans.filter(({ digest }) => unknown.has(digest))
    if (adopted.length > 0)
      await trx
        .insertInto('blobs')
        .values(adopted.map(({ digest, sizeBytes }) => ({ digest, size: sizeBytes, created_at: now.toISOString() })))
        .execute()
    return adopted
  })
}

/** Those without a row that are not on their way: neither out, nor in. */
async function findUnknown(db: Db, digests: readonly string[]): Promise<string[]> {
  const known = new Set<string | null>()
  for (const table of ['blobs', 'blob_removals', 'uploads'] as const)
    for (const { digest } of await db.selectFrom(table).select('digest').where('digest', 'in', digests).execute())
      known.add(digest)
  return digests.filter((digest) => !known.has(digest))
}
