import type { DamagedBlob, ScrubStatus } from '../contract/scrub.ts'
import type { Db } from '../database/open.ts'

/** A damaged blob, and the manifests that need it, by which hosts know what they run. */
export type Damage = Omit<DamagedBlob, 'hosts'> & { manifests: string[] }

export async function listDamaged(db: Db): Promise<Damage[]> {
  const blobs = await db.selectFrom('blobs').selectAll().where('damaged_at', 'is not', null).orderBy('digest').execute()
  const damages: Damage[] = []
  for (const { digest, size, damaged_at } of blobs) {
    const holders = await db.selectFrom('repository_blobs').select('repository').where('digest', '=', digest).execute()
    const damage: Damage = {
      ...{ digest, sizeBytes: size, damagedAt: damaged_at as string, releases: [], manifests: [] },
      repositories: holders.map(({ repository }) => repository).sort(),
    }
    for (const repository of damage.repositories) {
      const named = await listNaming(db, repository, [digest])
      const manifests = [...named, ...(await listNaming(db, repository, named))]
      damage.manifests.push(...manifests)
      damage.releases.push(...(await listTags(db, repository, manifests)))
    }
    damages.push(damage)
  }
  return damages
}

/** The manifests of a repository that name one of these blobs or manifests. */
async function listNaming(db: Db, repository: string, digests: string[]): Promise<string[]> {
  if (digests.length === 0) return []
  const rows = await db
    .selectFrom('manifest_references')
    .select('manifest')
    .where('repository', '=', repository)
    .where('digest', 'in', digests)
    .execute()
  // Told to leave out the same here, SQLite goes through all manifests of the repository in their order.
  return [...new Set(rows.map(({ manifest }) => manifest))]
}

async function listTags(db: Db, repository: string, manifests: string[]): Promise<DamagedBlob['releases']> {
  if (manifests.length === 0) return []
  const rows = await db
    .selectFrom('tags')
    .select('name')
    .where('repository', '=', repository)
    .where('manifest', 'in', manifests)
    .execute()
  const names = rows.map(({ name }) => name).sort()
  return names.map((tag) => ({ repository, tag }))
}

/** How far scrubbing is. */
export async function scrubProgress(db: Db): Promise<Omit<ScrubStatus, 'damaged'>> {
  const { blobs, never, oldest } = await db
    .selectFrom('blobs')
    .select((row) => [
      row.fn.countAll<number>().as('blobs'),
      row.fn.sum<number | null>(row.case().when('verified_at', '=', '').then(1).else(0).end()).as('never'),
      row.fn.min<string | null>(row.fn<string | null>('nullif', ['verified_at', row.val('')])).as('oldest'),
    ])
    .executeTakeFirstOrThrow()
  return { blobs: Number(blobs), neverVerified: Number(never), oldestVerifiedAt: oldest }
}
