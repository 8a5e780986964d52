import { Value } from 'typebox/value'
import { ComponentConfig } from '../contract/component.ts'
import { AppError } from '../contract/errors.ts'
import { ChannelName, Version } from '../contract/names.ts'
import { type Manifest, mediaTypes } from '../contract/oci.ts'
import { parseJson } from '../contract/parse.ts'
import type { Db } from '../database/open.ts'
import type { Blobs } from './blobs.ts'
import { findBlob } from './catalog.ts'
import { type ParsedManifest, parseManifest } from './manifest-form.ts'
import { findManifest } from './manifest-rows.ts'

const componentRepositories = 'components/'
const maxConfigBytes = 1024 * 1024

/** Whether a tag is a version: such a tag never moves. */
export function isVersion(tag: string): boolean {
  return Value.Check(Version, tag)
}

/** Whether a repository holds the releases of a component. */
export function isComponentRepository(repository: string): boolean {
  return repository.startsWith(componentRepositories)
}

/**
 * What a release of a component must be so that hosts can use it, checked before it is taken. Other artifacts (an SBOM, a signature) may
 * stand beside the releases, but not under a version, nor under a name that a channel could have.
 * @throws AppError MANIFEST_INVALID, with the reason
 */
export async function checkComponentRules(
  db: Db,
  blobs: Blobs,
  repository: string,
  tags: readonly string[],
  parsed: ParsedManifest,
): Promise<void> {
  const { manifest, index } = parsed
  const isComponent = manifest?.artifactType === mediaTypes.component
  if (!isComponentRepository(repository)) {
    if (isComponent) throw invalid(`a component is published in components/<name>, and not in ${repository}`)
    return
  }
  const isRelease = isComponent || (index !== undefined && index.subject === undefined)
  for (const tag of tags) {
    if (isVersion(tag) === isRelease && (isRelease || !Value.Check(ChannelName, tag))) continue
    throw invalid(
      isRelease
        ? `the tag ${tag} is not a version; channels are moved by promoting, not by pushing`
        : `${repository}:${tag} is kept for a release of the component; push other artifacts by digest, or under another name`,
    )
  }
  const versions = new Set(tags)
  if (isComponent) versions.add((await checkComponent(db, blobs, repository, manifest as Manifest)).version)
  else if (isRelease) {
    for (const { digest } of index?.manifests ?? []) {
      const member = await findManifest(db, repository, digest)
      // One that is missing is told by the check of all references.
      const memberManifest = member && parseManifest(member.content, member.mediaType).manifest
      if (memberManifest) versions.add((await checkComponent(db, blobs, repository, memberManifest)).version)
    }
  }
  if (isRelease && versions.size > 1)
    throw invalid(`the versions of tag and config differ: ${[...versions].join(', ')}`)
}

/** Checks the form of one component manifest, and answers its config. */
async function checkComponent(db: Db, blobs: Blobs, repository: string, manifest: Manifest): Promise<ComponentConfig> {
  if (manifest.artifactType !== mediaTypes.component || manifest.config.mediaType !== mediaTypes.componentConfig)
    throw invalid(
      `a component has the artifactType ${mediaTypes.component} and a config of ${mediaTypes.componentConfig}`,
    )
  const [layer, ...more] = manifest.layers
  if (layer?.mediaType !== mediaTypes.bundle || more.length > 0)
    throw invalid(`a component has exactly one layer, of the type ${mediaTypes.bundle}`)
  const config = await readComponentConfig(db, blobs, repository, manifest)
  if (`${componentRepositories}${config.name}` !== repository)
    throw invalid(`component.json: name is ${config.name}, but the repository is ${repository}`)
  return config
}

/** The config of a component's manifest. @throws AppError MANIFEST_INVALID | MANIFEST_BLOB_UNKNOWN */
export async function readComponentConfig(
  db: Db,
  blobs: Blobs,
  repository: string,
  { config }: Manifest,
): Promise<ComponentConfig> {
  const size = await findBlob(db, repository, config.digest)
  if (size === undefined)
    throw new AppError('MANIFEST_BLOB_UNKNOWN', `the config ${config.digest} is not in ${repository}; push it first`)
  if (size > maxConfigBytes) throw invalid(`component.json has ${size} bytes; ${maxConfigBytes} are taken`)
  const bytes = Buffer.concat(await (await blobs.read(config.digest)).toArray())
  return parseJson(ComponentConfig, bytes.toString('utf8'), 'component.json', 'MANIFEST_INVALID')
}

function invalid(reason: string): AppError {
  return new AppError('MANIFEST_INVALID', reason)
}
