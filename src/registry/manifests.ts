import { AppError } from '../contract/errors.ts'
import type { Db } from '../database/open.ts'
import { transact } from '../database/transact.ts'
import type { Blobs } from './blobs.ts'
import * as catalog from './catalog.ts'
import { digestLike } from './digests.ts'
import { type ParsedManifest, parseManifest } from './manifest-form.ts'
import * as rows from './manifest-rows.ts'
import { noteUntagged, noteUse } from './manifest-use.ts'
import { noteEveryMs } from './note-every.ts'
import { checkReleaseRules, holdsReleases, isVersion } from './release-rules.ts'
import { findKnownTag, forgetRemovedTag } from './removed-tags.ts'
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
    const isNew = await rows.addManifest(trx, repository, digest, parsed, content, time)
    // A member of an index that is on its way.
    if (!isNew && tags.length === 0) await noteUse(trx, repository, digest, time)
    for (const tag of tags) await (neverMoves(tag) ? setFixedTag : moveTag)(trx, repository, tag, digest, time)
    for (const reference of tags.length > 0 ? tags : [digest]) await onTaken?.(trx, reference, digest)
    return missing.map((reference) => reference.digest)
  })
  return { digest, subject: parsed.subject, missing }
}

/** @throws AppError TAG_IMMUTABLE when the tag names another manifest, or named one until retention removed it */
async function setFixedTag(trx: Db, repository: string, tag: string, digest: string, time: string): Promise<void> {
  const known = await findKnownTag(trx, repository, tag)
  if (known !== undefined && known.manifest !== digest) {
    const { manifest, removedAt } = known
    const was = removedAt === null ? `is ${manifest}` : `was ${manifest} until retention removed it at ${removedAt},`
    throw new AppError(
      'TAG_IMMUTABLE',
      `${repository}:${tag} ${was} and ${isVersion(tag) ? 'a version' : 'this tag'} never moves; push ${digest} under another one`,
    )
  }
  if (known?.removedAt) await forgetRemovedTag(trx, repository, tag)
  if (known === undefined || known.removedAt !== null) await catalog.setTag(trx, repository, tag, digest, time)
}

async function moveTag(trx: Db, repository: string, tag: string, digest: string, time: string): Promise<void> {
  const known = await findKnownTag(trx, repository, tag)
  const isSame = known?.updatedAt != null && known.manifest === digest
  // Many may push the same at once.
  if (isSame && Date.parse(time) - Date.parse(known.updatedAt) < noteEveryMs) return
  await catalog.setTag(trx, repository, tag, digest, time)
  if (known?.updatedAt != null && !isSame) await noteUntagged(trx, repository, known.manifest, time)
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
 * Decision: a tag that never moves is not removed on demand, nor what it names. Why: whoever pinned it relies on it; that it goes when it is old is for
 * whoever runs the server to say, by the rules of retention, which know what is used and remember what was removed. Not: removal on demand with
 * the same record; a slip of a pipeline would take a release from hosts.
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
    const untagged = isDigest ? undefined : await catalog.findTag(trx, repository, reference)
    const removed = isDigest
      ? await rows.removeManifest(trx, repository, reference)
      : await catalog.removeTag(trx, repository, reference)
    if (!removed) throw new AppError('MANIFEST_UNKNOWN', `${repository} has no manifest ${reference}`)
    if (untagged !== undefined) await noteUntagged(trx, repository, untagged, new Date().toISOString())
    const fixed = tags.find(neverMoves)
    if (fixed !== undefined)
      throw new AppError(
        'UNSUPPORTED',
        `${repository}:${fixed} is ${isVersion(fixed) ? 'a version' : 'a tag'} that never moves, so it is not deleted: other content could come under its name`,
      )
  })
}
