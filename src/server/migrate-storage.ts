import type { Db } from '../database/open.ts'
import type { Blobs } from '../registry/blobs.ts'
import { succeedStorage } from '../registry/storage-id.ts'

export interface MigratedStorage {
  blobs: number
  blobBytes: number
  /** Were in the new store already. */
  there: number
  copied: number
  /** Digests that the database knows and the old store lacks, or has damaged. They are to be pushed again. */
  damaged: string[]
}

/**
 * Copies every blob that the database knows from one store to another, whole and with the right digest or not at all. It may be killed and run again: what is there is
 * not copied twice, and a blob that was half copied goes on where it was. The old store is only read.
 * @throws AppError storage-full | storage-unavailable of either store; conflict when the new store holds what another database knows
 */
export async function migrateStorage(
  db: Db,
  from: Blobs,
  to: Blobs,
  onProgress: (doneBytes: number, totalBytes: number) => void = () => {},
): Promise<MigratedStorage> {
  await succeedStorage(db, from, to)
  const rows = await db.selectFrom('blobs').select(['digest', 'size']).orderBy('digest').execute()
  const blobBytes = rows.reduce((sum, { size }) => sum + size, 0)
  const result: MigratedStorage = { blobs: rows.length, blobBytes, there: 0, copied: 0, damaged: [] }
  let doneBytes = 0
  for (const { digest, size } of rows) {
    if ((await to.stat(digest))?.sizeBytes === size) result.there++
    else if (await copy(digest, size, from, to)) result.copied++
    // One that was collected meanwhile is nobody's loss.
    else if (await isKept(db, digest)) result.damaged.push(digest)
    doneBytes += size
    onProgress(doneBytes, blobBytes)
  }
  return result
}

async function isKept(db: Db, digest: string): Promise<boolean> {
  return (await db.selectFrom('blobs').select('digest').where('digest', '=', digest).execute()).length > 0
}

/** False when the old store does not have these bytes. */
async function copy(digest: string, size: number, from: Pick<Blobs, 'stat' | 'read'>, to: Blobs): Promise<boolean> {
  if ((await from.stat(digest))?.sizeBytes !== size) return false
  const upload = `migrated-${digest.replace(':', '-')}`
  const kept = await to.uploaded(upload)
  if (kept > size) await to.abandon(upload)
  const first = kept > size ? 0 : kept
  if (first < size || size === 0)
    await to.append(upload, await from.read(digest, size === 0 ? undefined : { first, last: size - 1 }), {
      maxBytes: size,
    })
  try {
    await to.commit(upload, digest)
    return true
  } catch (error) {
    if ((error as { code?: string }).code !== 'DIGEST_INVALID') throw error
    await to.abandon(upload)
    return false
  }
}
