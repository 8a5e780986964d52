import { sql } from 'kysely'
import type { Artifact, ArtifactDetail, ArtifactRelease } from '../contract/artifact.ts'
import type { ComponentConfig } from '../contract/component.ts'
import type { Digest } from '../contract/digest.ts'
import { AppError } from '../contract/errors.ts'
import { type HostPlatform, narrowness, platformText, runsOn } from '../contract/platform.ts'
import type { ReleaseRef } from '../contract/release-set.ts'
import type { Db } from '../database/open.ts'
import type { Blobs } from './blobs.ts'
import * as catalog from './catalog.ts'
import { parseManifest } from './manifest-form.ts'
import { findManifest, findTaggedManifest, type StoredManifest } from './manifest-rows.ts'
import { readComponentConfig } from './release-rules.ts'
import { keepTag, removalNote } from './removed-tags.ts'

/** One manifest of a release, with its config. */
interface Variant {
  digest: string
  config: ComponentConfig
}

/**
 * The release of a component that a host runs: the manifest under the version's tag, or the member of an index there that fits the
 * host most narrowly.
 * @throws AppError release-unknown when there is no such version; release-invalid when none of its variants is for the platform
 */
export async function resolveRelease(
  db: Db,
  blobs: Blobs,
  component: string,
  version: string,
  platform: HostPlatform,
): Promise<ReleaseRef> {
  const variants = await variantsOf(db, blobs, component, version)
  const [best] = variants
    .filter(({ config }) => runsOn(config.platform, platform))
    .sort((a, b) => narrowness(b.config.platform) - narrowness(a.config.platform))
  if (best) return { name: component, version, digest: best.digest as Digest }
  const offered = variants.map(({ config }) => platformText(config.platform)).join(', ')
  throw new AppError(
    'release-invalid',
    `${component}@${version} is for ${offered || 'no platform'}, and not for ${platformText(platform)}`,
  )
}

/** Whether a version is published, for whatever platform; it stays until the transaction ends. @throws AppError release-unknown */
export async function checkRelease(trx: Db, component: string, version: string): Promise<void> {
  if (!(await keepTag(trx, repositoryOf(component), version))) throw await missingRelease(trx, component, version)
}

/** What a resolved release is made of: its config, and the digest of its bundle. @throws AppError release-unknown */
export async function readRelease(
  db: Db,
  blobs: Blobs,
  { name, version, digest }: ReleaseRef,
): Promise<{ config: ComponentConfig; bundle: Digest }> {
  const repository = repositoryOf(name)
  const stored = await findManifest(db, repository, digest)
  const manifest = stored && parseManifest(stored.content, stored.mediaType).manifest
  const bundle = manifest?.layers[0]
  if (!manifest || !bundle)
    throw new AppError('release-unknown', `${name}@${version} (${digest}) is not in the registry any more`)
  return { config: await readComponentConfig(db, blobs, repository, manifest), bundle: bundle.digest as Digest }
}

async function findRelease(db: Db, component: string, version: string): Promise<StoredManifest> {
  const repository = repositoryOf(component)
  const manifest = await findTaggedManifest(db, repository, version)
  if (manifest) return manifest
  throw await missingRelease(db, component, version)
}

async function missingRelease(db: Db, component: string, version: string): Promise<AppError> {
  const repository = repositoryOf(component)
  const note = await removalNote(db, repository, version)
  return new AppError(
    'release-unknown',
    `${component}@${version} is not published${note}; \`slipway artifact show ${repository}\` shows what is`,
  )
}

async function variantsOf(db: Db, blobs: Blobs, component: string, version: string): Promise<Variant[]> {
  const repository = repositoryOf(component)
  const top = await findRelease(db, component, version)
  const { index } = parseManifest(top.content, top.mediaType)
  const members = index ? index.manifests.map(({ digest }) => findManifest(db, repository, digest)) : [top]
  const variants: Variant[] = []
  for await (const member of members) {
    const manifest = member && parseManifest(member.content, member.mediaType).manifest
    if (!manifest) continue
    variants.push({ digest: member.digest, config: await readComponentConfig(db, blobs, repository, manifest) })
  }
  return variants
}

function repositoryOf(component: string): string {
  return `components/${component}`
}

/**
 * Every repository that has a manifest, by name, with what it holds: the bytes of its blobs and manifests. One with blobs only is a
 * push that has not come to its end.
 */
export async function listArtifacts(db: Db): Promise<Artifact[]> {
  const rows = await db
    .selectFrom('repositories')
    .select((row) => [
      'name',
      row
        .selectFrom('tags')
        .whereRef('tags.repository', '=', 'repositories.name')
        .select((tag) => tag.fn.countAll().as('tags'))
        .as('tags'),
      row
        .selectFrom('repository_blobs')
        .whereRef('repository_blobs.repository', '=', 'repositories.name')
        .select((blob) => blob.fn.sum('size').as('bytes'))
        .as('blob_bytes'),
      row
        .selectFrom('manifests')
        .whereRef('manifests.repository', '=', 'repositories.name')
        .select(sql<number>`sum(length(content))`.as('bytes'))
        .as('manifest_bytes'),
    ])
    .where((row) =>
      row.exists(
        row.selectFrom('manifests').whereRef('manifests.repository', '=', 'repositories.name').select('digest'),
      ),
    )
    .orderBy('name')
    .execute()
  return rows.map(({ name, tags, blob_bytes, manifest_bytes }) => ({
    repository: name,
    tags: Number(tags),
    sizeBytes: Number(blob_bytes) + Number(manifest_bytes),
  }))
}

/** The tags of a repository, newest first. @throws AppError not-found */
export async function showArtifact(db: Db, repository: string): Promise<ArtifactDetail> {
  if (!(await catalog.hasRepository(db, repository)))
    throw new AppError('not-found', `there is no repository ${repository}; \`slipway artifact list\` shows all`)
  const rows = await db
    .selectFrom('tags')
    .innerJoin('manifests', (join) =>
      join.onRef('manifests.repository', '=', 'tags.repository').onRef('manifests.digest', '=', 'tags.manifest'),
    )
    .select(['tags.name', 'tags.updated_at', 'manifests.digest', 'manifests.media_type', 'manifests.artifact_type'])
    .where('tags.repository', '=', repository)
    .orderBy('tags.updated_at', 'desc')
    .orderBy('tags.name')
    .execute()
  const sizeOf = await manifestSizes(db, repository)
  const releases = rows.map(
    (row): ArtifactRelease => ({
      tag: row.name,
      digest: row.digest,
      mediaType: row.media_type,
      artifactType: row.artifact_type,
      sizeBytes: sizeOf(row.digest),
      signedBy: null,
      pushedAt: row.updated_at,
    }),
  )
  return { repository, releases }
}

/** A function from a manifest to the bytes of itself and of all that it names, members of an index included. */
async function manifestSizes(db: Db, repository: string): Promise<(digest: string) => number> {
  const own = await db
    .selectFrom('manifests')
    .select(['digest', sql<number>`length(content)`.as('bytes')])
    .where('repository', '=', repository)
    .execute()
  const references = await db
    .selectFrom('manifest_references')
    .select(['manifest', 'kind', 'digest', 'size'])
    .where('repository', '=', repository)
    .execute()
  const bytes = new Map(own.map((row) => [row.digest, Number(row.bytes)]))
  const parts = Map.groupBy(references, ({ manifest }) => manifest)
  const sizeOf = (digest: string): number =>
    (parts.get(digest) ?? []).reduce(
      (sum, part) => sum + (part.kind === 'manifest' ? sizeOf(part.digest) : part.size),
      bytes.get(digest) ?? 0,
    )
  return sizeOf
}
