import { ComponentConfig } from '../contract/component.ts'
import { isDigest } from '../contract/digest.ts'
import { AppError } from '../contract/errors.ts'
import { type Descriptor, Manifest, mediaTypes } from '../contract/oci.ts'
import { parseJson } from '../contract/parse.ts'
import type { ReleaseRef } from '../contract/release-set.ts'
import { makeFolder } from '../platform/files.ts'
import type { Http } from '../platform/http.ts'
import { cacheFolder, readCached } from './cache.ts'
import { fetchBlob, fetchManifest } from './fill-cache.ts'
import { openRegistryClient, type RegistryClientOptions } from './registry-client.ts'
import type { TransferOptions } from './registry-peer.ts'

const maxConfigBytes = 1024 * 1024

/** A component release as its manifest and config say it; its bundle is the cached file of `bundle.digest`. */
export interface CachedRelease {
  config: ComponentConfig
  bundle: Descriptor
}

export interface PullOptions extends TransferOptions {
  http: Http
  /** `digest` is that of the manifest: whatever the registry answers, only these bytes are taken. */
  ref: ReleaseRef
  /** The folder of the cache; made when it is not there. */
  cache: string
  /** Called before the bundle is fetched; throws when the release is not for this host. */
  check: (config: ComponentConfig) => void | Promise<void>
  client?: RegistryClientOptions
}

/**
 * Brings a release into the cache: manifest, config, and then, if `check` agrees, the bundle. What is there already is not fetched
 * again. Killed anywhere, it may be called again.
 * @throws AppError release-invalid, DIGEST_INVALID, storage-full, what `check` and RegistryClient throw
 */
export async function pullRelease({
  http,
  ref,
  cache,
  check,
  client,
  ...transfer
}: PullOptions): Promise<CachedRelease> {
  await makeFolder(cacheFolder(cache))
  const registry = openRegistryClient(http, `components/${ref.name}`, client)
  await fetchManifest(registry, ref.digest, cache, transfer)
  const manifest = await readManifest(cache, ref)
  await fetchBlob(registry, manifest.config, cache, { signal: transfer.signal })
  const release = await readRelease(cache, ref)
  await check(release.config)
  await fetchBlob(registry, release.bundle, cache, transfer)
  return release
}

/**
 * A release whose manifest and config are in the cache.
 * @throws AppError not-found, DIGEST_INVALID (damaged; it is removed, pull it again), release-invalid
 */
export async function readRelease(cache: string, ref: ReleaseRef): Promise<CachedRelease> {
  const { config: configDescriptor, bundle } = await readManifest(cache, ref)
  const what = `the config of ${ref.name}@${ref.version}`
  const text = (await readCached(cache, configDescriptor.digest)).toString('utf8')
  const config = parseJson(ComponentConfig, text, what, 'release-invalid')
  if (config.name !== ref.name || config.version !== ref.version)
    throw new AppError('release-invalid', `${what} says that it is ${config.name}@${config.version}`)
  return { config, bundle }
}

async function readManifest(cache: string, ref: ReleaseRef): Promise<{ config: Descriptor; bundle: Descriptor }> {
  const what = `the manifest of ${ref.name}@${ref.version}`
  const text = (await readCached(cache, ref.digest)).toString('utf8')
  const manifest = parseJson(Manifest, text, what, 'release-invalid')
  const [bundle, ...more] = manifest.layers
  if (manifest.artifactType !== mediaTypes.component || manifest.config.mediaType !== mediaTypes.componentConfig)
    throw new AppError(
      'release-invalid',
      `${what} is not that of a component (${manifest.artifactType ?? 'no artifactType'})`,
    )
  if (!bundle || more.length > 0 || bundle.mediaType !== mediaTypes.bundle)
    throw new AppError('release-invalid', `${what} must have one layer of the type ${mediaTypes.bundle}`)
  if (manifest.config.size > maxConfigBytes)
    throw new AppError(
      'release-invalid',
      `${what} names a config of ${manifest.config.size} bytes; ${maxConfigBytes} are taken`,
    )
  for (const { digest } of [manifest.config, bundle])
    if (!isDigest(digest)) throw new AppError('release-invalid', `${what} names ${digest}, which is no sha256 digest`)
  return { config: manifest.config, bundle }
}
