import { findManifest, findTaggedManifest, type StoredManifest } from './manifest-rows.ts'
import type { RegistryContext } from './route-context.ts'

/** The manifest that a digest or a tag names in a repository; a tag may be one that nobody pushed. */
export async function findByReference(
  { db, resolveTag }: Pick<RegistryContext, 'db' | 'resolveTag'>,
  repository: string,
  reference: string,
): Promise<StoredManifest | undefined> {
  if (reference.includes(':')) return findManifest(db, repository, reference)
  const tagged = await findTaggedManifest(db, repository, reference)
  if (tagged) return tagged
  const digest = await resolveTag?.(repository, reference)
  return digest === undefined ? undefined : findManifest(db, repository, digest)
}
