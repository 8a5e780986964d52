import type { Selectable } from 'kysely'
import { fixedQuery } from '../database/fixed-query.ts'
import type { Db } from '../database/open.ts'
import type { ManifestsTable } from '../database/tables.ts'
import type { ParsedManifest } from './manifest-form.ts'
import { noteEveryMs } from './note-every.ts'

/** The rows of manifests and of what they refer to. */

/** Databases limit the number of values in one statement; a manifest may have thousands of layers. */
const rowsAtOnce = 500

export interface StoredManifest {
  digest: string
  mediaType: string
  artifactType: string | null
  /** Byte for byte what was pushed. */
  content: Buffer
  /** As its row says them. */
  pulledAt: string
  usedAt: string
}

const selectManifest = fixedQuery((db, { repository, digest }: { repository: string; digest: string }) =>
  db
    .selectFrom('manifests')
    .select(['digest', 'media_type', 'artifact_type', 'content', 'pulled_at', 'used_at'])
    .where('repository', '=', repository)
    .where('digest', '=', digest),
)

const selectTaggedManifest = fixedQuery((db, { repository, tag }: { repository: string; tag: string }) =>
  db
    .selectFrom('tags')
    .innerJoin('manifests', (join) =>
      join.onRef('manifests.repository', '=', 'tags.repository').onRef('manifests.digest', '=', 'tags.manifest'),
    )
    .select(['manifests.digest', 'manifests.media_type', 'manifests.artifact_type', 'manifests.content'])
    .select(['manifests.pulled_at', 'manifests.used_at'])
    .where('tags.repository', '=', repository)
    .where('tags.name', '=', tag),
)

export async function findManifest(db: Db, repository: string, digest: string): Promise<StoredManifest | undefined> {
  const [row] = await selectManifest(db, { repository, digest })
  return row && stored(row)
}

/** The manifest that a tag names. */
export async function findTaggedManifest(db: Db, repository: string, tag: string): Promise<StoredManifest | undefined> {
  const [row] = await selectTaggedManifest(db, { repository, tag })
  return row && stored(row)
}

type Row = Pick<
  Selectable<ManifestsTable>,
  'digest' | 'media_type' | 'artifact_type' | 'content' | 'pulled_at' | 'used_at'
>

function stored({ digest, media_type, artifact_type, content, pulled_at, used_at }: Row): StoredManifest {
  const { buffer, byteOffset, byteLength } = content
  return {
    digest,
    mediaType: media_type,
    artifactType: artifact_type,
    content: Buffer.from(buffer, byteOffset, byteLength),
    pulledAt: pulled_at,
    usedAt: used_at,
  }
}

const insertManifest = fixedQuery((db, row: Omit<ManifestsTable, 'pulled_at' | 'used_at'>) => {
  const { repository, digest, media_type, artifact_type, subject, content, created_at } = row
  return db
    .insertInto('manifests')
    .values({ repository, digest, media_type, artifact_type, subject, content, created_at })
    .onConflict((conflict) => conflict.doNothing())
    .returning('digest')
})

/** Writes a manifest and its references; one that is there already is the same one. Answers whether it is new. */
export async function addManifest(
  db: Db,
  repository: string,
  digest: string,
  manifest: ParsedManifest,
  content: Buffer,
  now: string,
): Promise<boolean> {
  const { mediaType, artifactType, subject } = manifest
  const added = await insertManifest(db, {
    ...{ repository, digest, content },
    ...{ media_type: mediaType, artifact_type: artifactType, subject, created_at: now },
  })
  for (let at = 0; at < manifest.references.length; at += rowsAtOnce)
    await db
      .insertInto('manifest_references')
      .values(
        manifest.references
          .slice(at, at + rowsAtOnce)
          .map((reference) => ({ repository, manifest: digest, ...reference })),
      )
      .onConflict((conflict) => conflict.doNothing())
      .execute()
  return added.length > 0
}

/** Removes a manifest with its tags, as removeManifests. False when it was not there. */
export async function removeManifest(db: Db, repository: string, digest: string): Promise<boolean> {
  return (await removeManifests(db, repository, [digest], new Date().toISOString())) > 0
}

/**
 * Removes manifests with their tags; answers how many there were. Their blobs stay for the grace time of the collection: whoever copies them for a backup of
 * the database may not be there yet.
 */
export async function removeManifests(
  db: Db,
  repository: string,
  digests: readonly string[],
  now: string,
): Promise<number> {
  let removed = 0
  for (let at = 0; at < digests.length; at += rowsAtOnce) {
    const some = digests.slice(at, at + rowsAtOnce)
    await db
      .updateTable('repository_blobs')
      .set({ used_at: now })
      .where('repository', '=', repository)
      // What many share is in use by many: it is left to them.
      .where('used_at', '<', new Date(Date.parse(now) - noteEveryMs).toISOString())
      .where('digest', 'in', (row) =>
        row
          .selectFrom('manifest_references')
          .select('digest')
          .where('repository', '=', repository)
          .where('manifest', 'in', some)
          .where('kind', '=', 'blob'),
      )
      .execute()
    const { numDeletedRows } = await db
      .deleteFrom('manifests')
      .where('repository', '=', repository)
      .where('digest', 'in', some)
      .executeTakeFirstOrThrow()
    removed += Number(numDeletedRows)
  }
  return removed
}

export async function removeTags(db: Db, repository: string, tags: readonly string[]): Promise<void> {
  for (let at = 0; at < tags.length; at += rowsAtOnce)
    await db
      .deleteFrom('tags')
      .where('repository', '=', repository)
      .where('name', 'in', tags.slice(at, at + rowsAtOnce))
      .execute()
}

/** The digests of the manifests whose `subject` is this digest. */
export async function listReferrers(db: Db, repository: string, subject: string): Promise<string[]> {
  const rows = await db
    .selectFrom('manifests')
    .select('digest')
    .where('repository', '=', repository)
    .where('subject', '=', subject)
    .execute()
  return rows.map(({ digest }) => digest)
}
