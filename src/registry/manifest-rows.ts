import type { Db } from '../database/open.ts'
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

export async function findManifest(db: Db, repository: string, digest: string): Promise<StoredManifest | undefined> {
  const row = await db
    .selectFrom('manifests')
    .select(['digest', 'media_type', 'artifact_type', 'content'])
    .where('repository', '=', repository)
    .where('digest', '=', digest)
    .executeTakeFirst()
  return (
    row && {
      digest: row.digest,
      mediaType: row.media_type,
      artifactType: row.artifact_type,
      content: Buffer.from(row.content),
    }
  )
}

/** Writes a manifest and its references; one that is there already is the same one. */
export async function addManifest(
  db: Db,
  repository: string,
  digest: string,
  manifest: ParsedManifest,
  content: Buffer,
  now: string,
): Promise<void> {
  await db
    .insertInto('manifests')
    .values({
      repository,
      digest,
      media_type: manifest.mediaType,
      artifact_type: manifest.artifactType,
      subject: manifest.subject,
      content,
      created_at: now,
    })
    .onConflict((conflict) => conflict.doNothing())
    .execute()
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

/** Removes a manifest with its tags. False when it was not there. */
export async function removeManifest(db: Db, repository: string, digest: string): Promise<boolean> {
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
