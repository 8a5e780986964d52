import type { Published } from '../contract/artifact.ts'
import { AppError } from '../contract/errors.ts'
import { type Descriptor, type Index, type Manifest, mediaTypes } from '../contract/oci.ts'
import { sha256 } from '../platform/digest.ts'
import type { BlobSource } from './blob-source.ts'
import { pushBlobs } from './push-blobs.ts'
import type { RegistryClient } from './registry-client.ts'
import type { TransferOptions } from './registry-peer.ts'

/** A release, ready to be pushed. */
export interface Release {
  /** What it is called, without its version. */
  title: string
  version: string
  artifactType: string
  configType: string
  layerType: string
  /** What it is on each platform, at least on one: a config and a layer. */
  variants: readonly Variant[]
}

export interface Variant {
  config: object
  layer: BlobSource
  /** For other programs that choose from an index; hosts go by the config. */
  platform?: Descriptor['platform']
}

interface Packed {
  bytes: Buffer
  digest: string
  blobs: BlobSource[]
}

/**
 * Pushes a release: all layers and configs, beside each other, then a manifest for each variant; of several, an index of them is the
 * release. Nothing is visible under the version before the last request. The same bytes pushed again, by anybody, are the same release
 * and answer the same.
 * @throws AppError TAG_IMMUTABLE (the version is taken by other content), and what RegistryClient throws
 */
export async function pushRelease(
  client: RegistryClient,
  release: Release,
  transfer: TransferOptions,
): Promise<Published> {
  const { title, version, variants } = release
  const members = variants.map((variant) => pack(release, variant))
  const [only] = members
  const isIndex = !only || members.length > 1
  const bytes = isIndex ? packIndex(release, members) : only.bytes
  const digest = sha256(bytes)
  const taken = await client.statManifest(version, transfer)
  if (taken && taken.digest !== digest)
    throw new AppError(
      'TAG_IMMUTABLE',
      `${title}@${version} is already published with other content (${taken.digest}); publish a new version`,
    )
  const blobs = members.flatMap((member) => member.blobs)
  if (!taken) {
    await pushBlobs(client, blobs, transfer)
    if (isIndex)
      for (const member of members) await client.putManifest(member.digest, member.bytes, mediaTypes.manifest, transfer)
    await client.putManifest(version, bytes, isIndex ? mediaTypes.index : mediaTypes.manifest, transfer)
  }
  const parts = isIndex ? [bytes, ...members.map((member) => member.bytes)] : [bytes]
  const sizeBytes = [...parts.map(({ length }) => length), ...blobs.map(({ size }) => size)].reduce((a, b) => a + b)
  return { repository: client.repository, version, digest, sizeBytes }
}

function pack(release: Release, variant: Variant): Packed {
  const configBytes = Buffer.from(JSON.stringify(variant.config))
  const config: BlobSource = { bytes: configBytes, digest: sha256(configBytes), size: configBytes.length }
  const { layer } = variant
  const manifest: Manifest = {
    schemaVersion: 2,
    mediaType: mediaTypes.manifest,
    artifactType: release.artifactType,
    config: { mediaType: release.configType, digest: config.digest, size: config.size },
    layers: [{ mediaType: release.layerType, digest: layer.digest, size: layer.size }],
    annotations: annotationsOf(release),
  }
  const bytes = Buffer.from(JSON.stringify(manifest))
  return { bytes, digest: sha256(bytes), blobs: [config, layer] }
}

function packIndex(release: Release, members: readonly Packed[]): Buffer {
  const index: Index = {
    schemaVersion: 2,
    mediaType: mediaTypes.index,
    artifactType: release.artifactType,
    manifests: members.map(({ bytes, digest }, position) => {
      const platform = release.variants[position]?.platform
      return { mediaType: mediaTypes.manifest, digest, size: bytes.length, ...(platform ? { platform } : {}) }
    }),
    annotations: annotationsOf(release),
  }
  return Buffer.from(JSON.stringify(index))
}

function annotationsOf({ title, version }: Release): Record<string, string> {
  return { 'org.opencontainers.image.title': title, 'org.opencontainers.image.version': version }
}
