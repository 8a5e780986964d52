import * as catalog from './catalog.ts'
import { findManifest, type StoredManifest } from './manifest-rows.ts'
import type { RegistryContext } from './route-context.ts'

/** The manifest that a digest or a tag names in a repository; a tag may be one that nobody pushed. */
export async function findByReference(
  { db, resolveTag }: Pick<RegistryContext, 'db' | 'resolveTag'>,
  repository: string,
  reference: string,
): Promise<StoredManifest | undefined> {
  const digest = reference.includes(':')
    ? reference
    : ((await catalog.findTag(db, repository, reference)) ?? (await resolveTag?.(repository, reference)))
  return digest === undefined ? undefined : findManifest(db, repository, digest)
}
