import { check } from '../contract/check.ts'
import { ComponentConfig } from '../contract/component.ts'
import { AppError } from '../contract/errors.ts'
import { ImageConfig } from '../contract/image.ts'
import { ChannelName, Version } from '../contract/names.ts'
import { type Manifest, mediaTypes } from '../contract/oci.ts'
import { parseJson } from '../contract/parse.ts'
import { matchesAny } from '../contract/pattern.ts'
import type { Db } from '../database/open.ts'
import type { Blobs } from './blobs.ts'
import { findBlob } from './catalog.ts'
import { type ParsedManifest, parseManifest } from './manifest-form.ts'
import { findManifest } from './manifest-rows.ts'

/** Something that hosts run: where its releases are, and what the manifest of each must be. */
interface Kind {
  noun: string
  /** What its config is called in errors. */
  configName: string
  repositories: string
  artifactType: string
  configType: string
  layerType: string
  /** @throws AppError MANIFEST_INVALID */
  readConfig(text: string): { name: string; version: string }
}

const component: Kind = {
  noun: 'component',
  configName: 'component.json',
  repositories: 'components/',
  artifactType: mediaTypes.component,
  configType: mediaTypes.componentConfig,
  layerType: mediaTypes.bundle,
  readConfig: parseComponentConfig,
}

const image: Kind = {
  noun: 'image',
  configName: 'the config of the image',
  repositories: 'images/',
  artifactType: mediaTypes.image,
  configType: mediaTypes.imageConfig,
  layerType: mediaTypes.disk,
  readConfig: parseImageConfig,
}

const kinds: readonly Kind[] = [component, image]
const maxConfigBytes = 1024 * 1024
/** Hypervisors count disks in sectors. */
const sectorBytes = 512

/** OCI Distribution 1.1, "Referrers Tag Schema": where a client of an older registry keeps the list of what refers to a manifest. */
const referrersTag = /^sha(256|512)-[0-9a-f]{64}$/

/** Whether a tag is a version: such a tag never moves. */
export function isVersion(tag: string): boolean {
  return check(Version, tag)
}

/** Whether a tag, once it is there, stays where it points: a version, and what matches the patterns of `immutableTags`. */
export function neverMovesBy(immutableTags = ''): (tag: string) => boolean {
  return (tag) => isVersion(tag) || matchesAny(immutableTags, tag)
}

/** Whether a repository holds releases of what hosts run. */
export function holdsReleases(repository: string): boolean {
  return kindIn(repository) !== undefined
}

function kindIn(repository: string): Kind | undefined {
  return kinds.find(({ repositories }) => repository.startsWith(repositories))
}

/**
 * What a release of a component or an image must be so that hosts can use it, checked before it is taken. Other artifacts (an SBOM, a
 * signature) may stand beside the releases, but not under a version, nor under a name that a channel could have.
 * @throws AppError MANIFEST_INVALID, with the reason
 */
export async function checkReleaseRules(
  db: Db,
  blobs: Blobs,
  repository: string,
  tags: readonly string[],
  parsed: ParsedManifest,
): Promise<void> {
  const { manifest, index } = parsed
  const kind = kindIn(repository)
  const claimed = kinds.find(({ artifactType }) => artifactType === manifest?.artifactType)
  if (claimed && claimed !== kind)
    throw invalid(`${a(claimed)} is published in ${claimed.repositories}<name>, and not in ${repository}`)
  if (!kind) return
  const isReleaseIndex =
    index !== undefined && index.subject === undefined && !tags.some((tag) => referrersTag.test(tag))
  const isRelease = claimed !== undefined || isReleaseIndex
  for (const tag of tags) {
    if (isVersion(tag) === isRelease && (isRelease || !check(ChannelName, tag))) continue
    throw invalid(
      isRelease
        ? `the tag ${tag} is not a version; channels are moved by promoting, not by pushing`
        : `${repository}:${tag} is kept for a release of the ${kind.noun}; push other artifacts by digest, or under another name`,
    )
  }
  const versions = new Set(tags)
  if (claimed) versions.add(await checkRelease(db, blobs, kind, repository, manifest as Manifest))
  else if (isReleaseIndex) {
    if (index.manifests.length === 0)
      throw invalid(`the index of a release names the manifests of its platforms, at least one`)
    for (const { digest } of index.manifests) {
      const member = await findManifest(db, repository, digest)
      // One that is missing is told by the check of all references.
      if (!member) continue
      const { manifest } = parseManifest(member.content, member.mediaType)
      if (!manifest) throw invalid(`the index of a release names manifests, and ${digest} is an index itself`)
      versions.add(await checkRelease(db, blobs, kind, repository, manifest))
    }
  }
  if (isRelease && versions.size > 1)
    throw invalid(`the versions of tag and config differ: ${[...versions].join(', ')}`)
}

/** Checks the form of one manifest of a release, and answers the version that its config says. */
async function checkRelease(db: Db, blobs: Blobs, kind: Kind, repository: string, manifest: Manifest): Promise<string> {
  if (manifest.artifactType !== kind.artifactType || manifest.config.mediaType !== kind.configType)
    throw invalid(`${a(kind)} has the artifactType ${kind.artifactType} and a config of ${kind.configType}`)
  const [layer, ...more] = manifest.layers
  if (layer?.mediaType !== kind.layerType || more.length > 0)
    throw invalid(`${a(kind)} has exactly one layer, of the type ${kind.layerType}`)
  const { name, version } = kind.readConfig(await readConfig(db, blobs, repository, manifest))
  if (`${kind.repositories}${name}` !== repository)
    throw invalid(`${kind.configName}: name is ${name}, but the repository is ${repository}`)
  return version
}

/** The config of a component's manifest. @throws AppError MANIFEST_INVALID | MANIFEST_BLOB_UNKNOWN */
export async function readComponentConfig(
  db: Db,
  blobs: Blobs,
  repository: string,
  manifest: Manifest,
): Promise<ComponentConfig> {
  return parseComponentConfig(await readConfig(db, blobs, repository, manifest))
}

function parseComponentConfig(text: string): ComponentConfig {
  return parseJson(ComponentConfig, text, component.configName, 'MANIFEST_INVALID')
}

function parseImageConfig(text: string): ImageConfig {
  const config = parseJson(ImageConfig, text, image.configName, 'MANIFEST_INVALID')
  const { virtualSizeBytes, minimumDiskBytes } = config
  if (virtualSizeBytes === 0 || virtualSizeBytes % sectorBytes > 0)
    throw invalid(
      `${image.configName}: virtualSizeBytes is ${virtualSizeBytes}, and not some sectors of ${sectorBytes} bytes`,
    )
  if (minimumDiskBytes < virtualSizeBytes)
    throw invalid(
      `${image.configName}: minimumDiskBytes is ${minimumDiskBytes}, less than the image's own ${virtualSizeBytes}`,
    )
  return config
}

async function readConfig(db: Db, blobs: Blobs, repository: string, { config }: Manifest): Promise<string> {
  const size = await findBlob(db, repository, config.digest)
  if (size === undefined)
    throw new AppError('MANIFEST_BLOB_UNKNOWN', `the config ${config.digest} is not in ${repository}; push it first`)
  if (size > maxConfigBytes) throw invalid(`the config has ${size} bytes; ${maxConfigBytes} are taken`)
  return Buffer.concat(await (await blobs.read(config.digest)).toArray()).toString('utf8')
}

function a({ noun }: Kind): string {
  return `${/^[aeiou]/.test(noun) ? 'an' : 'a'} ${noun}`
}

function invalid(reason: string): AppError {
  return new AppError('MANIFEST_INVALID', reason)
}
