import { AppError } from '../contract/errors.ts'
import type { Db } from '../database/open.ts'
import { transact } from '../database/transact.ts'
import { newId } from '../platform/secret.ts'
import type { Blobs } from './blobs.ts'

/**
 * Sees to it that a database and a storage belong together: the storage has an id, and the database remembers it. On the first start they are joined.
 *
 * Why: a server whose database is another than the one that knows the blobs takes them for orphans, and collects them; one whose storage is another finds
 * all blobs damaged. So neither starts: not two servers of one PostgreSQL that have a folder each, not a new database over an old bucket.
 * @throws AppError conflict; storage-unavailable | database-unavailable
 */
export async function joinStorage(db: Db, blobs: Blobs): Promise<void> {
  const known = await knownStorage(db, blobs)
  const found = await blobs.id()
  if (found === known) return
  throw new AppError(
    'conflict',
    found === undefined
      ? `the database knows a storage ${known}, and this one has no id: another folder or bucket was meant, or its blobs are not copied yet; several servers need storage: s3, in one bucket. If these are its blobs, write ${known} to blobs/storage-id there`
      : `the database knows a storage ${known}, and this one is ${found}: another folder, bucket or database was meant`,
  )
}

/** Lets blobs be copied to a storage that is to take the place of the one that the database knows. @throws AppError conflict */
export async function succeedStorage(db: Db, from: Blobs, to: Blobs): Promise<void> {
  await joinStorage(db, from)
  const id = await knownStorage(db, from)
  const found = await to.id()
  if (found === id) return
  if (found !== undefined && (await hasBlobs(to)))
    throw new AppError('conflict', `the storage to copy to is ${found}, which holds the blobs of another database`)
  await to.setId(id)
}

/** The id of the storage that the database knows; that of this one when it knows none. */
async function knownStorage(db: Db, blobs: Blobs): Promise<string> {
  const id = newId()
  return transact(db, async (trx) => {
    const row = await trx.selectFrom('storage').select('id').executeTakeFirst()
    if (row) return row.id
    const other = await blobs.id()
    if (other !== undefined && (await hasBlobs(blobs)))
      throw new AppError(
        'conflict',
        `the storage ${other} holds the blobs of another database, which a server of this one would collect: another folder, bucket or database was meant. If this database is to have them, remove blobs/storage-id there`,
      )
    // Of several servers, the one whose row it is writes the id.
    await trx.insertInto('storage').values({ kind: 'blobs', id }).execute()
    await blobs.setId(id)
    return id
  })
}

async function hasBlobs(blobs: Blobs): Promise<boolean> {
  for await (const some of blobs.digests()) if (some.length > 0) return true
  return false
}
