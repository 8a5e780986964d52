import { AppError } from '../contract/errors.ts'
import type { Db } from '../database/open.ts'
import type { Blobs } from './blobs.ts'
import * as catalog from './catalog.ts'
import { checkComponentRules, isComponentRepository, isVersion } from './component-rules.ts'
import { digestLike } from './digests.ts'
import { type ParsedManifest, parseManifest } from './manifest-form.ts'
import * as rows from './manifest-rows.ts'

export interface PutManifest {
  repository: string
  content: Buffer
  contentType: string
  /** The digest that the client says the content has; sha256 of the content when it names a tag only. */
  digest?: string | undefined
  tags: readonly string[]
  now: Date
}

/**
 * Takes a manifest and its tags, all or nothing. Everything it needs must be in the repository before; its subject may be missing.
 * The same manifest may be put again.
 * @throws AppError MANIFEST_INVALID, MANIFEST_BLOB_UNKNOWN, DIGEST_INVALID, TAG_IMMUTABLE
 */
export async function putManifest(
  db: Db,
  blobs: Blobs,
  { repository, content, contentType, digest: claimed, tags, now }: PutManifest,
): Promise<{ digest: string; subject: string | null }> {
  const digest = digestLike(claimed ?? 'sha256:'.padEnd(71, '0'), content)
  if (claimed !== undefined && claimed !== digest)
    throw new AppError('DIGEST_INVALID', `the manifest was put as ${claimed}, but its digest is ${digest}`)
  const parsed = parseManifest(content, contentType)
  await checkComponentRules(db, blobs, repository, tags, parsed)
  const time = now.toISOString()
  await db.transaction().execute(async (trx) => {
    await checkReferences(trx, repository, parsed)
    await catalog.addRepository(trx, repository, time)
    await rows.addManifest(trx, repository, digest, parsed, content, time)
    for (const tag of tags) {
      const present = await catalog.findTag(trx, repository, tag)
      if (present !== undefined && present !== digest && isVersion(tag))
        throw new AppError(
          'TAG_IMMUTABLE',
          `${repository}:${tag} is ${present} and a version never moves; push ${digest} under another version`,
        )
      if (present !== digest) await catalog.setTag(trx, repository, tag, digest, time)
    }
  })
  return { digest, subject: parsed.subject }
}

async function checkReferences(db: Db, repository: string, parsed: ParsedManifest): Promise<void> {
  for (const { kind, digest, size } of parsed.references) {
    if (kind === 'manifest') {
      if (await rows.findManifest(db, repository, digest)) continue
    } else {
      const present = await catalog.findBlob(db, repository, digest)
      if (present === size) continue
      if (present !== undefined)
        throw new AppError('MANIFEST_INVALID', `${digest} has ${present} bytes, but the manifest says ${size}`)
    }
    throw new AppError('MANIFEST_BLOB_UNKNOWN', `the ${kind} ${digest} is not in ${repository}; push it first`)
  }
}

/**
 * Removes a manifest with all its tags, or one tag.
 * @throws AppError MANIFEST_UNKNOWN; UNSUPPORTED for releases of components, which hosts may be running
 */
export async function deleteManifest(db: Db, repository: string, reference: string): Promise<void> {
  if (isComponentRepository(repository))
    throw new AppError(
      'UNSUPPORTED',
      `${repository}:${reference} may be what hosts run; releases of components are not deleted`,
    )
  const removed = reference.includes(':')
    ? await rows.removeManifest(db, repository, reference)
    : await catalog.removeTag(db, repository, reference)
  if (!removed) throw new AppError('MANIFEST_UNKNOWN', `${repository} has no manifest ${reference}`)
}
