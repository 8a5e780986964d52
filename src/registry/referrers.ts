import type { Descriptor } from '../contract/oci.ts'
import type { Db } from '../database/open.ts'
import { parseDigest } from './digests.ts'
import { parseManifest } from './manifest-form.ts'
import { findManifest, findTaggedManifest, listReferrers, type StoredManifest } from './manifest-rows.ts'

/** A page holds as much as every client takes: OCI Distribution 1.1, "Listing Referrers", names 4 MiB. */
const maxPageBytes = 4 * 1024 * 1024

export interface ReferrersPage {
  entries: Descriptor[]
  /** The digest after which the next page begins; none when this is the last one. */
  next?: string
}

/**
 * One page of what refers to a subject, in the order of digests: manifests with that `subject`, and those that a client of an older
 * registry put on the index at the subject's fallback tag. What is listed is in the repository.
 */
export async function readReferrers(
  db: Db,
  repository: string,
  subject: string,
  { artifactType, after = '' }: { artifactType?: string | undefined; after?: string | undefined },
): Promise<ReferrersPage> {
  const digests = new Set([
    ...(await listReferrers(db, repository, subject)),
    ...(await listByFallbackTag(db, repository, subject)),
  ])
  const page: ReferrersPage = { entries: [] }
  let bytes = 0
  for (const digest of [...digests].filter((one) => one > after).sort()) {
    const stored = await findManifest(db, repository, digest)
    if (!stored || (artifactType !== undefined && stored.artifactType !== artifactType)) continue
    const entry = describe(stored)
    bytes += JSON.stringify(entry).length
    const last = page.entries.at(-1)
    if (last && bytes > maxPageBytes) return { ...page, next: last.digest }
    page.entries.push(entry)
  }
  return page
}

/** OCI Distribution 1.1, "Referrers Tag Schema": the digest, with `-` for `:` and at most 64 digits. */
async function listByFallbackTag(db: Db, repository: string, subject: string): Promise<string[]> {
  const { algorithm, hex } = parseDigest(subject)
  const stored = await findTaggedManifest(db, repository, `${algorithm}-${hex.slice(0, 64)}`)
  const index = stored && parseManifest(stored.content, stored.mediaType).index
  return index?.manifests.map((entry) => entry.digest) ?? []
}

/** OCI Distribution 1.1, "Listing Referrers": the descriptor carries the artifact type and the annotations of the manifest. */
function describe({ digest, mediaType, artifactType, content }: StoredManifest): Descriptor {
  const { annotations } = JSON.parse(content.toString('utf8'))
  return {
    mediaType,
    digest,
    size: content.length,
    ...(artifactType === null ? {} : { artifactType }),
    ...(annotations ? { annotations } : {}),
  }
}
