import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Published } from '../contract/artifact.ts'
import type { ComponentConfig } from '../contract/component.ts'
import { AppError } from '../contract/errors.ts'
import { Version } from '../contract/names.ts'
import { type Manifest, mediaTypes } from '../contract/oci.ts'
import { parse } from '../contract/parse.ts'
import { sha256, sha256OfFile } from '../platform/digest.ts'
import { makeFolder, remove, replaceFile, temporaryBeside } from '../platform/files.ts'
import type { Http } from '../platform/http.ts'
import { readComponentFile } from './component-file.ts'
import { packBundle } from './pack-bundle.ts'
import { openRegistryClient, type RegistryClientOptions } from './registry-client.ts'
import type { TransferOptions } from './registry-peer.ts'

export interface PublishOptions extends TransferOptions {
  /** Of the Slipway server, with a publisher's credential. */
  http: Http
  /** The folder that holds `component.json`. */
  folder: string
  version: string
  /** Where the archive is made before it is sent: as large as the component, packed. */
  temporaryFolder: string
  client?: RegistryClientOptions
}

/**
 * Packs a folder and pushes it as the release `version` of its component. Nothing is visible before the last request. The same
 * content published again, by anybody, is the same release and answers the same.
 * @throws AppError input-invalid (the folder), TAG_IMMUTABLE (the version is taken by other content), and what RegistryClient throws
 */
export async function publishComponent(options: PublishOptions): Promise<Published> {
  const { http, folder, version, temporaryFolder, client: clientOptions, ...transfer } = options
  parse(Version, version, 'the version')
  const component = await readComponentFile(folder)
  const repository = `components/${component.name}`
  const client = openRegistryClient(http, repository, clientOptions)

  await makeFolder(temporaryFolder)
  const bundle = temporaryBeside(join(temporaryFolder, 'bundle'))
  const configFile = temporaryBeside(join(temporaryFolder, 'config'))
  try {
    const packed = await packBundle(folder, bundle)
    const config: ComponentConfig = { ...component, version, ...packed }
    const configBytes = Buffer.from(JSON.stringify(config))
    const configSource = { file: configFile, digest: sha256(configBytes), size: configBytes.length }
    const bundleSource = { file: bundle, digest: await sha256OfFile(bundle), size: (await stat(bundle)).size }
    const manifest: Manifest = {
      schemaVersion: 2,
      mediaType: mediaTypes.manifest,
      artifactType: mediaTypes.component,
      config: { mediaType: mediaTypes.componentConfig, digest: configSource.digest, size: configSource.size },
      layers: [{ mediaType: mediaTypes.bundle, digest: bundleSource.digest, size: bundleSource.size }],
      annotations: {
        'org.opencontainers.image.title': component.name,
        'org.opencontainers.image.version': version,
      },
    }
    const manifestBytes = Buffer.from(JSON.stringify(manifest))
    const digest = sha256(manifestBytes)
    const sizeBytes = manifestBytes.length + configSource.size + bundleSource.size

    const taken = await client.statManifest(version, transfer)
    if (taken && taken.digest !== digest)
      throw new AppError(
        'TAG_IMMUTABLE',
        `${component.name}@${version} is already published with other content (${taken.digest}); publish a new version`,
      )
    if (!taken) {
      await replaceFile(configFile, configBytes)
      await client.pushBlob(configSource, { signal: transfer.signal })
      await client.pushBlob(bundleSource, transfer)
      await client.putManifest(version, manifestBytes, mediaTypes.manifest, transfer)
    }
    return { repository, version, digest, sizeBytes }
  } finally {
    await remove(bundle)
    await remove(configFile)
  }
}
