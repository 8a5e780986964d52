import { sql } from 'kysely'
import { AppError } from '../contract/errors.ts'
import { fixedQuery } from '../database/fixed-query.ts'
import type { Db } from '../database/open.ts'
import { noteEveryMs } from './note-every.ts'

/** The rows of repositories, and of which blobs and tags they have. A row about bytes is written after the bytes. */

export async function hasRepository(db: Db, repository: string): Promise<boolean> {
  const row = await db.selectFrom('repositories').select('name').where('name', '=', repository).executeTakeFirst()
  return row !== undefined
}

/**
 * Names of repositories that have a manifest, in order, from the first one after `after`. One with blobs only is a push that has not come
 * to its end.
 */
export async function listRepositories(db: Db, { after, limit }: { after: string; limit: number }): Promise<string[]> {
  const rows = await db
    .selectFrom('repositories')
    .select('name')
    .where('name', '>', after)
    .where((row) =>
      row.exists(
        row.selectFrom('manifests').whereRef('manifests.repository', '=', 'repositories.name').select('digest'),
      ),
    )
    .orderBy('name')
    .limit(limit)
    .execute()
  return rows.map(({ name }) => name)
}

const insertRepository = fixedQuery((db, { repository, now }: { repository: string; now: string }) =>
  db
    .insertInto('repositories')
    .values({ name: repository, created_at: now })
    .onConflict((conflict) => conflict.doNothing()),
)

/** Makes the repository known; it is there from its first blob or manifest on. */
export async function addRepository(db: Db, repository: string, now: string): Promise<void> {
  await insertRepository(db, { repository, now })
}

const insertBlob = fixedQuery((db, { digest, size, now }: { digest: string; size: number; now: string }) =>
  db
    .insertInto('blobs')
    .values({ digest, size, created_at: now, verified_at: now })
    // Its bytes were just written anew: whatever was damaged is healed.
    .onConflict((conflict) => conflict.column('digest').doUpdateSet({ size, verified_at: now, damaged_at: null })),
)

const insertRepositoryBlob = fixedQuery(
  (db, { repository, digest, size, now }: { repository: string; digest: string; size: number; now: string }) =>
    db
      .insertInto('repository_blobs')
      .values({ repository, digest, size, created_at: now, used_at: now })
      .onConflict((conflict) => conflict.columns(['repository', 'digest']).doUpdateSet({ used_at: now, size })),
)

/** Lets a repository serve a blob whose bytes are durable, and may not be collected before this is committed. */
export async function addBlob(db: Db, repository: string, digest: string, size: number, now: string): Promise<void> {
  await addRepository(db, repository, now)
  await insertBlob(db, { digest, size, now })
  await insertRepositoryBlob(db, { repository, digest, size, now })
}

/** Lets a repository serve a blob that another one serves. Call it in the transaction that found it there. */
export async function mountBlob(db: Db, repository: string, digest: string, size: number, now: string): Promise<void> {
  await addRepository(db, repository, now)
  await insertRepositoryBlob(db, { repository, digest, size, now })
}

const selectBlob = fixedQuery((db, { repository, digest }: { repository: string; digest: string }) =>
  db
    .selectFrom('repository_blobs')
    .innerJoin('blobs', 'blobs.digest', 'repository_blobs.digest')
    .select(['blobs.size', 'repository_blobs.used_at'])
    .where('repository_blobs.repository', '=', repository)
    .where('repository_blobs.digest', '=', digest)
    .where('blobs.damaged_at', 'is', null),
)

/** The size of a blob, when the repository may serve it and it is not damaged: then a client pushes it again. */
export async function findBlob(db: Db, repository: string, digest: string): Promise<number | undefined> {
  const [row] = await selectBlob(db, { repository, digest })
  return row?.size
}

/** The error for whoever asks for a blob that findBlob does not find. */
export async function missingBlob(db: Db, repository: string, digest: string): Promise<AppError> {
  const damaged = await db
    .selectFrom('repository_blobs')
    .innerJoin('blobs', 'blobs.digest', 'repository_blobs.digest')
    .select('blobs.damaged_at')
    .where('repository_blobs.repository', '=', repository)
    .where('repository_blobs.digest', '=', digest)
    .executeTakeFirst()
  return new AppError(
    'BLOB_UNKNOWN',
    damaged?.damaged_at
      ? `the blob ${digest} of ${repository} was found damaged at ${damaged.damaged_at}; push it again`
      : `${repository} has no blob ${digest}`,
  )
}

const updateUse = fixedQuery((db, { repository, digest, now }: { repository: string; digest: string; now: string }) =>
  db
    .updateTable('repository_blobs')
    .set({ used_at: now })
    .where('repository', '=', repository)
    .where('digest', '=', digest)
    .returning('digest'),
)

/** As findBlob, for a client that will not send a blob which is there: it stays for the grace time of the collection. */
export async function promiseBlob(db: Db, repository: string, digest: string, now: Date): Promise<number | undefined> {
  const [row] = await selectBlob(db, { repository, digest })
  if (row && now.getTime() - Date.parse(row.used_at) > noteEveryMs) {
    // It may have been collected since it was read.
    const [noted] = await updateUse(db, { repository, digest, now: now.toISOString() })
    return noted && row.size
  }
  return row?.size
}

/** Some repositories that may serve a blob, by name. */
export async function findBlobRepositories(db: Db, digest: string, limit: number): Promise<string[]> {
  const rows = await db
    .selectFrom('repository_blobs')
    .select('repository')
    .where('digest', '=', digest)
    .orderBy('repository')
    .limit(limit)
    .execute()
  return rows.map(({ repository }) => repository)
}

/** Takes a blob from a repository; its bytes stay until nothing needs them. False when it was not there. */
export async function removeBlob(db: Db, repository: string, digest: string): Promise<boolean> {
  const { numDeletedRows } = await db
    .deleteFrom('repository_blobs')
    .where('repository', '=', repository)
    .where('digest', '=', digest)
    .executeTakeFirstOrThrow()
  return numDeletedRows > 0n
}

const selectTag = fixedQuery((db, { repository, tag }: { repository: string; tag: string }) =>
  db.selectFrom('tags').select('manifest').where('repository', '=', repository).where('name', '=', tag),
)

/** The digest that a tag names. */
export async function findTag(db: Db, repository: string, tag: string): Promise<string | undefined> {
  const [row] = await selectTag(db, { repository, tag })
  return row?.manifest
}

const upsertTag = fixedQuery((db, values: { repository: string; tag: string; manifest: string; now: string }) => {
  const { repository, tag, manifest, now } = values
  return db
    .insertInto('tags')
    .values({ repository, name: tag, manifest, updated_at: now })
    .onConflict((conflict) => conflict.columns(['repository', 'name']).doUpdateSet({ manifest, updated_at: now }))
})

/** Points a tag to a manifest of the repository, wherever it pointed before. */
export async function setTag(db: Db, repository: string, tag: string, manifest: string, now: string): Promise<void> {
  await upsertTag(db, { repository, tag, manifest, now })
}

export async function removeTag(db: Db, repository: string, tag: string): Promise<boolean> {
  const { numDeletedRows } = await db
    .deleteFrom('tags')
    .where('repository', '=', repository)
    .where('name', '=', tag)
    .executeTakeFirstOrThrow()
  return numDeletedRows > 0n
}

/** The names of the tags of a manifest. */
export async function listTagsOf(db: Db, repository: string, manifest: string): Promise<string[]> {
  const rows = await db
    .selectFrom('tags')
    .select('name')
    .where('repository', '=', repository)
    .where('manifest', '=', manifest)
    .execute()
  return rows.map(({ name }) => name)
}

/**
 * Names of tags in the order of their characters' codes, from the first one after `after`. They come as one text, as no tag has a space: 10,000
 * rows took Node three times as long.
 */
export async function listTags(
  db: Db,
  repository: string,
  { after, limit }: { after?: string | undefined; limit?: number | undefined } = {},
): Promise<string[]> {
  const { names } = await db
    .selectFrom((page) =>
      page
        .selectFrom('tags')
        .select('name')
        .where('repository', '=', repository)
        .$if(after !== undefined, (query) => query.where('name', '>', after as string))
        .orderBy('name')
        .$if(limit !== undefined, (query) => query.limit(limit as number))
        .as('page'),
    )
    .select(sql<string | null>`string_agg(name, ' ' order by name)`.as('names'))
    .executeTakeFirstOrThrow()
  return names === null ? [] : names.split(' ')
}
