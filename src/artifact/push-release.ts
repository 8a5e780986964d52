import type { Published } from '../contract/artifact.ts'
import { AppError } from '../contract/errors.ts'
import { type Manifest, mediaTypes } from '../contract/oci.ts'
import { sha256 } from '../platform/digest.ts'
import { remove, replaceFile, temporaryBeside } from '../platform/files.ts'
import type { BlobSource } from './push-blob.ts'
import type { RegistryClient } from './registry-client.ts'
import type { TransferOptions } from './registry-peer.ts'

/** A release of one layer, ready to be pushed. */
export interface Release {
  /** What it is called, without its version. */
  title: string
  version: string
  artifactType: string
  configType: string
  config: object
  layerType: string
  layer: BlobSource
}

/**
 * Pushes a release: layer and config, then the manifest under the version. Nothing is visible before the last request. The same bytes
 * pushed again, by anybody, are the same release and answer the same.
 * @throws AppError TAG_IMMUTABLE (the version is taken by other content), and what RegistryClient throws
 */
export async function pushRelease(
  client: RegistryClient,
  release: Release,
  transfer: TransferOptions,
): Promise<Published> {
  const { title, version, layer } = release
  const config = Buffer.from(JSON.stringify(release.config))
  const manifest: Manifest = {
    schemaVersion: 2,
    mediaType: mediaTypes.manifest,
    artifactType: release.artifactType,
    config: { mediaType: release.configType, digest: sha256(config), size: config.length },
    layers: [{ mediaType: release.layerType, digest: layer.digest, size: layer.size }],
    annotations: { 'org.opencontainers.image.title': title, 'org.opencontainers.image.version': version },
  }
  const bytes = Buffer.from(JSON.stringify(manifest))
  const digest = sha256(bytes)
  const taken = await client.statManifest(version, transfer)
  if (taken && taken.digest !== digest)
    throw new AppError(
      'TAG_IMMUTABLE',
      `${title}@${version} is already published with other content (${taken.digest}); publish a new version`,
    )
  if (!taken) {
    const configFile = temporaryBeside(`${layer.file}.config`)
    try {
      await replaceFile(configFile, config)
      await client.pushBlob(
        { file: configFile, digest: manifest.config.digest, size: config.length },
        { signal: transfer.signal },
      )
    } finally {
      await remove(configFile)
    }
    await client.pushBlob(layer, transfer)
    await client.putManifest(version, bytes, mediaTypes.manifest, transfer)
  }
  return { repository: client.repository, version, digest, sizeBytes: bytes.length + config.length + layer.size }
}
