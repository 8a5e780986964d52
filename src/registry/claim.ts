import { setTimeout as delay } from 'node:timers/promises'
import { AppError } from '../contract/errors.ts'
import { fixedQuery } from '../database/fixed-query.ts'
import type { Db } from '../database/open.ts'
import { backoffMs } from '../platform/clock.ts'
import { unknownUpload } from './upload-rows.ts'

/** Together some ten seconds. Removing the bytes of a blob takes much less, unless who was at it has just died. */
const maxTries = 16

/**
 * Says that an upload is about to become the blob `digest`: until its row is gone, which it is with the rows of the blob, nobody removes the bytes of
 * that. When a collection is just removing them, this waits until it is done.
 *
 * Decision: who makes a blob and who removes one agree by rows. Each first writes what it is about to do (a claim here, a row of `blob_removals`
 * there), and only then, when that is committed, looks whether the other has: so at least one of them sees the other, and gives way (here, and
 * `claimedOrBack`). Why: bytes and rows cannot change in one step. Not: a lock for all, for which every push would wait; nor SERIALIZABLE transactions, which
 * pushes that have nothing to do with each other break off in each other, as PostgreSQL watches over whole pages of small tables.
 * @throws AppError BLOB_UPLOAD_UNKNOWN; storage-unavailable when the blob does not go
 */
export async function claimDigest(db: Db, repository: string, upload: string, digest: string): Promise<void> {
  const [claim] = await updateDigest(db, { repository, upload, digest })
  if (!claim) throw unknownUpload(repository, upload)
  for (let attempt = 1; ; attempt++) {
    const [removal] = await selectRemoval(db, { digest })
    if (!removal) return
    if (attempt === maxTries)
      throw new AppError('storage-unavailable', `${digest} is being removed from the storage; push it again later`)
    await delay(backoffMs(attempt, { firstMs: 5, maxMs: 1000 }))
  }
}

/**
 * Which of these blobs, whose removal is committed, must keep their bytes after all: an upload claims them and may not have seen the removal, or has
 * brought back their rows already.
 */
export async function claimedOrBack(db: Db, digests: readonly string[]): Promise<Set<string>> {
  // In this order: a claim ends when the row of its blob comes, with the same commit.
  const claims = await db.selectFrom('uploads').select('digest').where('digest', 'in', digests).execute()
  const rows = await db.selectFrom('blobs').select('digest').where('digest', 'in', digests).execute()
  return new Set([...claims, ...rows].map(({ digest }) => digest as string))
}

const updateDigest = fixedQuery(
  (db, { repository, upload, digest }: { repository: string; upload: string; digest: string }) =>
    db
      .updateTable('uploads')
      .set({ digest })
      .where('id', '=', upload)
      .where('repository', '=', repository)
      .returning('id'),
)

const selectRemoval = fixedQuery((db, { digest }: { digest: string }) =>
  db.selectFrom('blob_removals').select('digest').where('digest', '=', digest),
)
