import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Published } from '../contract/artifact.ts'
import type { ComponentConfig } from '../contract/component.ts'
import { Version } from '../contract/names.ts'
import { mediaTypes } from '../contract/oci.ts'
import { parse } from '../contract/parse.ts'
import { sha256OfFile } from '../platform/digest.ts'
import { makeFolder, remove, temporaryBeside } from '../platform/files.ts'
import type { Http } from '../platform/http.ts'
import { readComponentFile } from './component-file.ts'
import { packBundle } from './pack-bundle.ts'
import { pushRelease } from './push-release.ts'
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
  const title = component.name
  const client = openRegistryClient(http, `components/${title}`, clientOptions)

  await makeFolder(temporaryFolder)
  const file = temporaryBeside(join(temporaryFolder, 'bundle'))
  try {
    const packed = await packBundle(folder, file)
    const config: ComponentConfig = { ...component, version, ...packed }
    const release = {
      title,
      version,
      artifactType: mediaTypes.component,
      configType: mediaTypes.componentConfig,
      config,
      layerType: mediaTypes.bundle,
      layer: { file, digest: await sha256OfFile(file), size: (await stat(file)).size },
    }
    return await pushRelease(client, release, transfer)
  } finally {
    await remove(file)
  }
}
