import { AppError } from '../contract/errors.ts'
import type { Db } from '../database/open.ts'
import { transact } from '../database/transact.ts'
import type { Blobs } from './blobs.ts'
import * as catalog from './catalog.ts'
import { digestLike } from './digests.ts'
import { type ParsedManifest, parseManifest } from './manifest-form.ts'
import * as rows from './manifest-rows.ts'
import { checkReleaseRules, holdsReleases, isVersion } from './release-rules.ts'
import { sizesOf } from './sizes.ts'

export interface PutManifest {
  repository: string
  content: Buffer
  contentType: string
  /** The digest that the client says the content has; sha256 of the content when it names a tag only. */
  digest?: string | undefined
  tags: readonly string[]
  /** Whether a tag, once it is there, stays where it points. */
  neverMoves(tag: string): boolean
  /** Called in the transaction that takes it: for each tag, or for the digest when there is none. */
  onTaken?(trx: Db, reference: string, digest: string): Promise<void>
  now: Date
}

export interface TakenManifest {
  digest: string
  subject: string | null
  /** Digests that the manifest names and the repository does not have. */
  missing: string[]
}

/**
 * Takes a manifest and its tags, all or nothing. In components/ and images/ everything that it names must be in the repository before;
 * elsewhere it may be sparse, as in a mirror of one platform of many. Its subject may be missing. The same manifest may be put again.
 * @throws AppError MANIFEST_INVALID, MANIFEST_BLOB_UNKNOWN, DIGEST_INVALID, TAG_IMMUTABLE
 */
export async function putManifest(
  db: Db,
  blobs: Blobs,
  { repository, content, contentType, digest: claimed, tags, neverMoves, onTaken, now }: PutManifest,
): Promise<TakenManifest> {
  const digest = digestLike(claimed ?? 'sha256:'.padEnd(71, '0'), content)
  if (claimed !== undefined && claimed !== digest)
    throw new AppError('DIGEST_INVALID', `the manifest was put as ${claimed}, but its digest is ${digest}`)
  const parsed = parseManifest(content, contentType)
  await checkReleaseRules(db, blobs, repository, tags, parsed)
  const time = now.toISOString()
  const missing = await transact(db, async (trx) => {
    const missing = await findMissing(trx, repository, parsed)
    if (missing[0] && holdsReleases(repository))
      throw new AppError(
        'MANIFEST_BLOB_UNKNOWN',
        `the ${missing[0].kind} ${missing[0].digest} is not in ${repository}; push it first`,
      )
    await catalog.addRepository(trx, repository, time)
    await rows.addManifest(trx, repository, digest, parsed, content, time)
    for (const tag of tags) {
      const present = await catalog.findTag(trx, repository, tag)
      if (present !== undefined && present !== digest && neverMoves(tag))
        throw new AppError(
          'TAG_IMMUTABLE',
          `${repository}:${tag} is ${present} and ${isVersion(tag) ? 'a version' : 'this tag'} never moves; push ${digest} under another one`,
        )
      if (present !== digest) await catalog.setTag(trx, repository, tag, digest, time)
    }
    for (const reference of tags.length > 0 ? tags : [digest]) await onTaken?.(trx, reference, digest)
    return missing.map((reference) => reference.digest)
  })
  return { digest, subject: parsed.subject, missing }
}

async function findMissing(
  db: Db,
  repository: string,
  { references }: ParsedManifest,
): Promise<ParsedManifest['references']> {
  const sizeOf = await sizesOf(db, repository, references)
  const missing = []
  for (const reference of references) {
    const { digest, size } = reference
    const present = sizeOf(reference)
    if (present === undefined) missing.push(reference)
    else if (present !== size)
      throw new AppError('MANIFEST_INVALID', `${digest} has ${present} bytes, but the manifest says ${size}`)
  }
  return missing
}

/**
 * Removes a manifest with all its tags, or one tag.
 *
 * Decision: a tag that never moves is not removed either, nor what it names. Why: whoever removes it could push other content under its
 * name. Not: a record of removed versions, which lets one content back in; that comes when space has to be won.
 * @throws AppError MANIFEST_UNKNOWN; UNSUPPORTED for versions, and for what stands beside releases that hosts may be running
 */
export async function deleteManifest(
  db: Db,
  repository: string,
  reference: string,
  neverMoves: (tag: string) => boolean,
): Promise<void> {
  if (holdsReleases(repository))
    throw new AppError('UNSUPPORTED', `${repository}:${reference} may be what hosts run; releases are not deleted`)
  await transact(db, async (trx) => {
    const isDigest = reference.includes(':')
    const tags = isDigest ? await catalog.listTagsOf(trx, repository, reference) : [reference]
    const removed = isDigest
      ? await rows.removeManifest(trx, repository, reference)
      : await catalog.removeTag(trx, repository, reference)
    if (!removed) throw new AppError('MANIFEST_UNKNOWN', `${repository} has no manifest ${reference}`)
    const fixed = tags.find(neverMoves)
    if (fixed !== undefined)
      throw new AppError(
        'UNSUPPORTED',
        `${repository}:${fixed} is ${isVersion(fixed) ? 'a version' : 'a tag'} that never moves, so it is not deleted: other content could come under its name`,
      )
  })
}
