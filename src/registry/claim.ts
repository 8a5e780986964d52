import { setTimeout as delay } from 'node:timers/promises'
import { AppError } from '../contract/errors.ts'
import { fixedQuery } from '../database/fixed-query.ts'
import type { Db } from '../database/open.ts'
import { transact } from '../database/transact.ts'
import { backoffMs } from '../platform/clock.ts'

/** Together some ten seconds. Removing the bytes of a blob takes much less, unless who was at it has just died. */
const maxTries = 16

/**
 * Says that an upload is about to become the blob `digest`: until its row is gone, which it is with the rows of the blob, nobody collects that. When
 * a collection is just removing the blob, this waits until it is gone.
 *
 * Decision: who makes a blob and who removes one agree by rows, each in a transaction: a claim here, a row of `blob_removals` there, and
 * neither is written beside the other. Why: bytes and rows cannot change in one step. Not: a lock for all, for which every push would wait.
 * @throws AppError storage-unavailable when the blob does not go
 */
export async function claimDigest(db: Db, upload: string, digest: string): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    const isGoing = await transact(db, async (trx) => {
      await updateDigest(trx, { upload, digest })
      return (await selectRemoval(trx, { digest })).length > 0
    })
    if (!isGoing) return
    if (attempt === maxTries)
      throw new AppError('storage-unavailable', `${digest} is being removed from the storage; push it again later`)
    await delay(backoffMs(attempt, { firstMs: 5, maxMs: 1000 }))
  }
}

const updateDigest = fixedQuery((db, { upload, digest }: { upload: string; digest: string }) =>
  db.updateTable('uploads').set({ digest }).where('id', '=', upload),
)

const selectRemoval = fixedQuery((db, { digest }: { digest: string }) =>
  db.selectFrom('blob_removals').select('digest').where('digest', '=', digest),
)
