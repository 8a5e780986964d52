import type { CollectedBlob } from '../contract/collection.ts'
import type { Db } from '../database/open.ts'

/** What of some blobs nothing needs. */
export interface Unneeded {
  /** Blobs that may go: no repository is going to hold them. */
  blobs: CollectedBlob[]
  /** Repositories that hold a blob for nothing: no manifest of theirs names it. Others may need it. */
  holders: { repository: string; digest: string }[]
}

/**
 * Finds what of these blobs nothing needs, and nobody was promised since `before`. What an upload is about to become is needed.
 *
 * A client that is told that a blob is there (HEAD, mount, the end of an upload) has the grace time to send the manifest that names it; the
 * manifest of one that comes later is refused with MANIFEST_BLOB_UNKNOWN, and nothing is lost.
 */
export async function findUnneeded(db: Db, digests: readonly string[], before: string): Promise<Unneeded> {
  if (digests.length === 0) return { blobs: [], holders: [] }
  const blobs = await db
    .selectFrom('blobs')
    .select(['digest', 'size', 'created_at'])
    .where('digest', 'in', digests)
    .execute()
  const holdings = await db
    .selectFrom('repository_blobs as held')
    .select(['held.repository', 'held.digest', 'held.used_at'])
    .select((row) =>
      row
        .exists(
          row
            .selectFrom('manifest_references as named')
            .whereRef('named.repository', '=', 'held.repository')
            .whereRef('named.digest', '=', 'held.digest')
            .where('named.kind', '=', 'blob')
            .select('named.manifest'),
        )
        .as('is_named'),
    )
    .where('held.digest', 'in', digests)
    .execute()
  const claims = await db.selectFrom('uploads').select('digest').where('digest', 'in', digests).execute()
  const needed = new Set(claims.map(({ digest }) => digest))
  const holders = holdings.filter(({ is_named, used_at, digest }) => {
    const isFree = !is_named && used_at < before
    if (!isFree) needed.add(digest)
    return isFree
  })
  const repositories = Map.groupBy(holders, ({ digest }) => digest)
  return {
    holders: holders.map(({ repository, digest }) => ({ repository, digest })),
    blobs: blobs
      .filter(({ digest, created_at }) => !needed.has(digest) && created_at < before)
      .map(({ digest, size }) => ({
        digest,
        sizeBytes: size,
        repositories: (repositories.get(digest) ?? []).map(({ repository }) => repository),
      })),
  }
}

/**
 * Removes the rows of what `findUnneeded` finds now, and notes that the bytes are going. Call it in a transaction: then no push, mount or manifest
 * comes in between.
 */
export async function removeUnneeded(
  trx: Db,
  digests: readonly string[],
  { before, now }: { before: string; now: string },
): Promise<Unneeded> {
  const unneeded = await findUnneeded(trx, digests, before)
  for (const [repository, rows] of Map.groupBy(unneeded.holders, ({ repository }) => repository))
    await trx
      .deleteFrom('repository_blobs')
      .where('repository', '=', repository)
      .where(
        'digest',
        'in',
        rows.map(({ digest }) => digest),
      )
      .execute()
  const going = unneeded.blobs.map(({ digest }) => digest)
  if (going.length > 0) {
    await trx.deleteFrom('blobs').where('digest', 'in', going).execute()
    await trx
      .insertInto('blob_removals')
      .values(going.map((digest) => ({ digest, since: now })))
      .onConflict((conflict) => conflict.column('digest').doUpdateSet({ since: now }))
      .execute()
  }
  return unneeded
}
