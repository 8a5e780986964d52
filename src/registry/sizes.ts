import { sql } from 'kysely'
import type { Db } from '../database/open.ts'
import type { ManifestReferencesTable } from '../database/tables.ts'
import { kept } from '../database/transact.ts'

type Reference = Pick<ManifestReferencesTable, 'kind' | 'digest'>

/** Databases limit the number of values in one statement, and a manifest may name thousands. */
const digestsAtOnce = 1000

/** A function that tells how many bytes those have of what is named that the repository may serve. Its manifests stay until the transaction ends. */
export async function sizesOf(
  trx: Db,
  repository: string,
  references: readonly Reference[],
): Promise<(reference: Reference) => number | undefined> {
  const sizes = {
    blob: await sizesIn(references, 'blob', (digests) =>
      trx
        .selectFrom('repository_blobs')
        .innerJoin('blobs', 'blobs.digest', 'repository_blobs.digest')
        .select(['blobs.digest', 'blobs.size'])
        .where('repository_blobs.repository', '=', repository)
        .where('repository_blobs.digest', 'in', digests)
        .where('blobs.damaged_at', 'is', null)
        .execute(),
    ),
    manifest: await sizesIn(references, 'manifest', (digests) =>
      kept(
        trx,
        trx
          .selectFrom('manifests')
          .select(['digest', sql<number>`length(content)`.as('size')])
          .where('repository', '=', repository)
          .where('digest', 'in', digests),
      ),
    ),
  }
  return ({ kind, digest }) => sizes[kind].get(digest)
}

async function sizesIn(
  references: readonly Reference[],
  wanted: Reference['kind'],
  select: (digests: string[]) => Promise<{ digest: string; size: number }[]>,
): Promise<Map<string, number>> {
  const digests = references.flatMap(({ kind, digest }) => (kind === wanted ? digest : []))
  const sizes = new Map<string, number>()
  for (let at = 0; at < digests.length; at += digestsAtOnce)
    for (const { digest, size } of await select(digests.slice(at, at + digestsAtOnce))) sizes.set(digest, size)
  return sizes
}
