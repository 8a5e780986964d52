import { check } from '../contract/check.ts'
import { AppError } from '../contract/errors.ts'
import { RepositoryName, TagName } from '../contract/names.ts'
import { parseDigest } from './digests.ts'

/** What an address below /v2/ is about. Names of repositories have slashes, so the address is read from its end. */
export type Target =
  | { kind: 'base' }
  | { kind: 'catalog' }
  | { kind: 'blob'; repository: string; digest: string }
  | { kind: 'uploads'; repository: string }
  | { kind: 'upload'; repository: string; id: string }
  | { kind: 'manifest'; repository: string; reference: string }
  | { kind: 'tags'; repository: string }
  | { kind: 'referrers'; repository: string; digest: string }

/**
 * Reads the part behind `/v2/` (OCI Distribution 1.1, "Endpoints").
 * @throws AppError NAME_INVALID, DIGEST_INVALID, BLOB_UPLOAD_UNKNOWN; NAME_UNKNOWN for an address that is none of these
 */
export function parsePath(path: string): Target {
  if (path === '') return { kind: 'base' }
  if (path === '_catalog') return { kind: 'catalog' }
  const parts = path.split('/')
  const last = parts.at(-1) as string
  const before = parts.at(-2)
  const named = (length: number) => checkedName(parts.slice(0, -length).join('/'))
  if (before === 'blobs' && last === 'uploads') return { kind: 'uploads', repository: named(2) }
  if (before === 'uploads' && parts.at(-3) === 'blobs')
    return last === ''
      ? { kind: 'uploads', repository: named(3) }
      : { kind: 'upload', repository: named(3), id: checkedId(last) }
  if (before === 'blobs') return { kind: 'blob', repository: named(2), digest: checkedDigest(last) }
  if (before === 'manifests') return { kind: 'manifest', repository: named(2), reference: checkedReference(last) }
  if (before === 'tags' && last === 'list') return { kind: 'tags', repository: named(2) }
  if (before === 'referrers') return { kind: 'referrers', repository: named(2), digest: checkedDigest(last) }
  throw new AppError('NAME_UNKNOWN', `there is nothing at /v2/${path}`)
}

/** @throws AppError NAME_INVALID */
export function checkedName(name: string): string {
  if (check(RepositoryName, name)) return name
  throw new AppError(
    'NAME_INVALID',
    `${JSON.stringify(name)} is not the name of a repository: lower case letters and digits, \
separated by . _ - and /, at most 255 characters`,
  )
}

/** @throws AppError NAME_INVALID */
export function checkedTag(tag: string): string {
  if (check(TagName, tag)) return tag
  throw new AppError(
    'NAME_INVALID',
    `${JSON.stringify(tag)} is not a tag: letters, digits, . _ and -, at most 128 characters`,
  )
}

function checkedReference(reference: string): string {
  return reference.includes(':') ? checkedDigest(reference) : checkedTag(reference)
}

function checkedDigest(text: string): string {
  parseDigest(text)
  return text
}

function checkedId(id: string): string {
  if (/^[0-9a-f]{32}$/.test(id)) return id
  throw new AppError('BLOB_UPLOAD_UNKNOWN', `there is no upload ${JSON.stringify(id)}`)
}
