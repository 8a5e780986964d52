import { fixedQuery } from '../database/fixed-query.ts'
import type { Db } from '../database/open.ts'
import type { ManifestsTable } from '../database/tables.ts'
import type { ParsedManifest } from './manifest-form.ts'

/** The rows of manifests and of what they refer to. */

/** Databases limit the number of values in one statement; a manifest may have thousands of layers. */
const rowsAtOnce = 500

export interface StoredManifest {
  digest: string
  mediaType: string
  artifactType: string | null
  /** Byte for byte what was pushed. */
  content: Buffer
}

const selectManifest = fixedQuery((db, { repository, digest }: { repository: string; digest: string }) =>
  db
    .selectFrom('manifests')
    .select(['digest', 'media_type', 'artifact_type', 'content'])
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

type Row = Pick<ManifestsTable, 'digest' | 'media_type' | 'artifact_type' | 'content'>

function stored({ digest, media_type, artifact_type, content }: Row): StoredManifest {
  const { buffer, byteOffset, byteLength } = content
  return {
    digest,
    mediaType: media_type,
    artifactType: artifact_type,
    content: Buffer.from(buffer, byteOffset, byteLength),
  }
}

const insertManifest = fixedQuery((db, row: Omit<ManifestsTable, 'pulled_at'>) => {
  const { repository, digest, media_type, artifact_type, subject, content, created_at } = row
  return db
    .insertInto('manifests')
    .values({ repository, digest, media_type, artifact_type, subject, content, created_at })
    .onConflict((conflict) => conflict.doNothing())
})

/** Writes a manifest and its references; one that is there already is the same one. */
export async function addManifest(
  db: Db,
  repository: string,
  digest: string,
  manifest: ParsedManifest,
  content: Buffer,
  now: string,
): Promise<void> {
  const { mediaType, artifactType, subject } = manifest
  await insertManifest(db, {
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
}

/**
 * Removes a manifest with its tags. False when it was not there. Its blobs stay for the grace time of the collection: whoever copies them for a backup
 * of the database may not be there yet.
 */
export async function removeManifest(db: Db, repository: string, digest: string): Promise<boolean> {
  await db
    .updateTable('repository_blobs')
    .set({ used_at: new Date().toISOString() })
    .where('repository', '=', repository)
    .where('digest', 'in', (row) =>
      row
        .selectFrom('manifest_references')
        .select('digest')
        .where('repository', '=', repository)
        .where('manifest', '=', digest)
        .where('kind', '=', 'blob'),
    )
    .execute()
  const { numDeletedRows } = await db
    .deleteFrom('manifests')
    .where('repository', '=', repository)
    .where('digest', '=', digest)
    .executeTakeFirstOrThrow()
  return numDeletedRows > 0n
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
