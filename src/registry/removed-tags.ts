import { sql } from 'kysely'
import { fixedQuery } from '../database/fixed-query.ts'
import type { Db } from '../database/open.ts'
import { kept } from '../database/transact.ts'

/**
 * The tags that retention has removed and that never move.
 *
 * Decision: what such a tag named is remembered for good. Why: a version means one content, for whoever pinned it; under its name the same content may
 * come back, and no other. Not: the name alone, which would not let a pipeline push the same release again.
 */

/** A tag that is there, or one that was removed. */
type Known = { manifest: string } & ({ updatedAt: string; removedAt: null } | { updatedAt: null; removedAt: string })

const selectKnown = fixedQuery((db, { repository, tag }: { repository: string; tag: string }) =>
  db
    .selectFrom('tags')
    .select(['manifest', 'updated_at as updatedAt', sql<string | null>`null`.as('removedAt')])
    .where('repository', '=', repository)
    .where('name', '=', tag)
    .unionAll(
      db
        .selectFrom('removed_tags')
        .select(['manifest', sql<string>`null`.as('updatedAt'), 'removed_at as removedAt'])
        .where('repository', '=', repository)
        .where('name', '=', tag),
    ),
)

/** What a tag names, or named until it was removed. */
export async function findKnownTag(db: Db, repository: string, tag: string): Promise<Known | undefined> {
  const [known] = await selectKnown(db, { repository, tag })
  return known as Known | undefined
}

/** Whether a tag is there, and then it stays until the transaction ends: call it before you begin to use what it names. */
export async function keepTag(trx: Db, repository: string, tag: string): Promise<boolean> {
  const query = trx.selectFrom('tags').select('name').where('repository', '=', repository).where('name', '=', tag)
  return (await kept(trx, query)).length > 0
}

/** Notes tags that are being removed. */
export async function addRemovedTags(
  trx: Db,
  repository: string,
  tags: readonly { name: string; manifest: string }[],
  now: string,
): Promise<void> {
  if (tags.length === 0) return
  await trx
    .insertInto('removed_tags')
    .values(tags.map(({ name, manifest }) => ({ repository, name, manifest, removed_at: now })))
    .onConflict((conflict) =>
      conflict
        .columns(['repository', 'name'])
        .doUpdateSet((row) => ({ manifest: row.ref('excluded.manifest'), removed_at: row.ref('excluded.removed_at') })),
    )
    .execute()
}

/** A removed tag is pushed again. */
export async function forgetRemovedTag(trx: Db, repository: string, tag: string): Promise<void> {
  await trx.deleteFrom('removed_tags').where('repository', '=', repository).where('name', '=', tag).execute()
}

/** For whoever asks for a tag that is not there: that retention has removed it, and when; empty when it has not. */
export async function removalNote(db: Db, repository: string, tag: string): Promise<string> {
  const known = await findKnownTag(db, repository, tag)
  return known?.removedAt ? `: it was removed by retention at ${known.removedAt}` : ''
}
