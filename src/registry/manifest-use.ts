import { fixedQuery } from '../database/fixed-query.ts'
import type { Db } from '../database/open.ts'
import type { StoredManifest } from './manifest-rows.ts'
import { noteEveryMs } from './note-every.ts'

/** When manifests mattered to somebody, beside when they came and were pulled: retention leaves what was noted within its grace time. */

interface Use {
  repository: string
  digest: string
  now: string
}

const updateUse = fixedQuery((db, { repository, digest, now }: Use) =>
  db
    .updateTable('manifests')
    .set({ used_at: now })
    .where('repository', '=', repository)
    .where('digest', '=', digest)
    .returning('digest'),
)

const updateOldUse = fixedQuery((db, { repository, digest, now, old }: Use & { old: string }) =>
  db
    .updateTable('manifests')
    .set({ used_at: now })
    .where('repository', '=', repository)
    .where('digest', '=', digest)
    .where('used_at', '<', old),
)

/** Notes that a manifest was pushed again. */
export async function noteUse(db: Db, repository: string, digest: string, now: string): Promise<void> {
  const old = new Date(Date.parse(now) - noteEveryMs).toISOString()
  await updateOldUse(db, { repository, digest, now, old })
}

/** Notes that a manifest has lost a tag: when it has no other one, its time begins now. */
export async function noteUntagged(db: Db, repository: string, digest: string, now: string): Promise<void> {
  const tag = await db
    .selectFrom('tags')
    .select('name')
    .where('repository', '=', repository)
    .where('manifest', '=', digest)
    .limit(1)
    .executeTakeFirst()
  if (!tag) await noteUse(db, repository, digest, now)
}

/**
 * For a client that is told that a manifest is there, by its digest, and so does not push it before it names it in an index. False when it has gone since it
 * was read.
 */
export async function promiseManifest(
  db: Db,
  repository: string,
  { digest, usedAt }: StoredManifest,
  now: Date,
): Promise<boolean> {
  if (usedAt !== '' && now.getTime() - Date.parse(usedAt) <= noteEveryMs) return true
  return (await updateUse(db, { repository, digest, now: now.toISOString() })).length > 0
}
