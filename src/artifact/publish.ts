import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Published } from '../contract/artifact.ts'
import type { ComponentConfig, ComponentFile } from '../contract/component.ts'
import { AppError } from '../contract/errors.ts'
import { Version } from '../contract/names.ts'
import { mediaTypes } from '../contract/oci.ts'
import { parse } from '../contract/parse.ts'
import { platformText } from '../contract/platform.ts'
import { sha256OfFile } from '../platform/digest.ts'
import { makeFolder, remove, temporaryBeside } from '../platform/files.ts'
import type { Http } from '../platform/http.ts'
import { readComponentFile } from './component-file.ts'
import { packBundle } from './pack-bundle.ts'
import { pushRelease, type Variant } from './push-release.ts'
import { openRegistryClient, type RegistryClientOptions } from './registry-client.ts'
import type { TransferOptions } from './registry-peer.ts'

export interface PublishOptions extends TransferOptions {
  /** Of the Slipway server, with a publisher's credential. */
  http: Http
  /** The folder that holds `component.json`; several, when the component is built for several platforms. */
  folder: string | readonly string[]
  version: string
  /** Where the archives are made before they are sent: as large as the component, packed. */
  temporaryFolder: string
  client?: RegistryClientOptions
}

/**
 * Packs a folder and pushes it as the release `version` of its component; several folders become one release with a variant for each
 * platform. Nothing is visible before the last request. The same content published again, by anybody, is the same release and answers
 * the same.
 * @throws AppError input-invalid (the folders), TAG_IMMUTABLE (the version is taken by other content), and what RegistryClient throws
 */
export async function publishComponent(options: PublishOptions): Promise<Published> {
  const { http, folder, version, temporaryFolder, client: clientOptions, ...transfer } = options
  parse(Version, version, 'the version')
  const folders = typeof folder === 'string' ? [folder] : folder
  const components = await Promise.all(folders.map(readComponentFile))
  const title = checkOneComponent(folders, components)
  const client = openRegistryClient(http, `components/${title}`, clientOptions)

  await makeFolder(temporaryFolder)
  const files = folders.map(() => temporaryBeside(join(temporaryFolder, 'bundle')))
  try {
    const variants: Variant[] = []
    for (const [index, component] of components.entries())
      variants.push(await packVariant(folders[index] as string, component, version, files[index] as string))
    const release = {
      title,
      version,
      artifactType: mediaTypes.component,
      configType: mediaTypes.componentConfig,
      layerType: mediaTypes.bundle,
      variants,
    }
    return await pushRelease(client, release, transfer)
  } finally {
    await Promise.all(files.map(remove))
  }
}

/** The name of the component, which all folders must have, each for a platform of its own. */
function checkOneComponent(folders: readonly string[], components: readonly ComponentFile[]): string {
  const [first] = components
  if (!first) throw new AppError('input-invalid', 'no folder is named that could be published')
  for (const [index, { name, platform }] of components.entries()) {
    if (name !== first.name)
      throw new AppError(
        'input-invalid',
        `${folders[0]} is ${first.name} and ${folders[index]} is ${name}; a release is of one component`,
      )
    const same = components.findIndex((other) => platformText(other.platform) === platformText(platform))
    if (same !== index)
      throw new AppError(
        'input-invalid',
        `${folders[same]} and ${folders[index]} are both for ${platformText(platform)}; each must have a platform of its own`,
      )
  }
  return first.name
}

async function packVariant(folder: string, component: ComponentFile, version: string, file: string): Promise<Variant> {
  const packed = await packBundle(folder, file)
  const config: ComponentConfig = { ...component, version, ...packed }
  const layer = { file, digest: await sha256OfFile(file), size: (await stat(file)).size }
  return { config, layer, platform: component.platform }
}
