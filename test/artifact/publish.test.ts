import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { cachePath, readCached, verifyCached } from '../../src/artifact/cache.ts'
import { publishComponent } from '../../src/artifact/publish.ts'
import { pullRelease, readRelease } from '../../src/artifact/pull.ts'
import { unpackBundle } from '../../src/artifact/unpack-bundle.ts'
import type { Digest } from '../../src/contract/digest.ts'
import { mediaTypes } from '../../src/contract/oci.ts'
import type { ReleaseRef } from '../../src/contract/release-set.ts'
import { sha256 } from '../../src/platform/digest.ts'
import type { Http } from '../../src/platform/http.ts'
import { resolveRelease, showArtifact } from '../../src/registry/releases.ts'
import { componentFolder } from '../support/component.ts'
import { ask, pushBytes, putManifest } from '../support/oci.ts'
import { openTestRegistry } from '../support/registry.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

async function publish(http: Http, folder: string, version: string) {
  const temporary = await temporaryFolder()
  try {
    return await publishComponent({ http, folder, version, temporaryFolder: temporary })
  } finally {
    expect(await readdir(temporary)).toEqual([])
  }
}

/** The same peer, telling each request that is sent to it. */
function watch(http: Http, tell: (method: string, path: string) => void): Http {
  return {
    ...http,
    send(method, path, options) {
      tell(method, path)
      return http.send(method, path, options)
    },
  }
}

const refOf = (published: { version: string; digest: Digest }): ReleaseRef => ({
  name: 'compute',
  version: published.version,
  digest: published.digest,
})

describe('publishing', () => {
  test('what is published is pulled and unpacks to the same files', async () => {
    const { http } = await openTestRegistry(await temporaryFolder())
    const published = await publish(http, await componentFolder(), '1.0.0')
    expect(published).toMatchObject({ repository: 'components/compute', version: '1.0.0' })
    const manifest = (await ask(http, 'GET', '/v2/components/compute/manifests/1.0.0')).json
    expect(manifest).toMatchObject({
      artifactType: mediaTypes.component,
      annotations: { 'org.opencontainers.image.title': 'compute', 'org.opencontainers.image.version': '1.0.0' },
    })

    const folder = await temporaryFolder()
    const cache = join(folder, 'cache')
    const release = await pullRelease({ http, ref: refOf(published), cache, check: () => {} })
    expect(release.config).toMatchObject({ name: 'compute', version: '1.0.0', entries: 2 })
    expect(await readRelease(cache, refOf(published))).toEqual(release)
    await verifyCached(cache, release.bundle)
    const { unpackedBytes, entries } = release.config
    await unpackBundle(cachePath(cache, release.bundle.digest), join(folder, 'out'), {
      maxBytes: unpackedBytes,
      maxEntries: entries,
    })
    expect(await readdir(join(folder, 'out'))).toEqual(['component.json', 'main.js'])
    expect(await readFile(join(folder, 'out/main.js'), 'utf8')).toBe('main')
    expect((await readdir(join(cache, 'sha256'))).filter((name) => !/^[0-9a-f]{64}$/.test(name))).toEqual([])
  })

  test('the same content again is the same release; other content under its version is refused before anything is sent', async () => {
    const { http } = await openTestRegistry(await temporaryFolder())
    const first = await publish(http, await componentFolder(), '1.0.0')
    expect(await publish(http, await componentFolder(), '1.0.0')).toEqual(first)

    const sent: string[] = []
    const watched = watch(http, (method) => sent.push(method))
    const other = publish(watched, await componentFolder({}, 'other'), '1.0.0')
    await expect(other).rejects.toMatchObject({
      code: 'TAG_IMMUTABLE',
      message: expect.stringContaining('compute@1.0.0 is already published with other content'),
    })
    expect(sent).toEqual(['HEAD'])
    expect((await publish(http, await componentFolder({}, 'other'), '1.0.1')).digest).not.toBe(first.digest)
  })

  test('two that publish other content under one new version at once: one is refused, by the same code', async () => {
    const { http } = await openTestRegistry(await temporaryFolder())
    const folders = [await componentFolder({}, 'one'), await componentFolder({}, 'two')]
    const results = await Promise.allSettled(folders.map((folder) => publish(http, folder, '1.0.0')))
    const refused = results.filter((result) => result.status === 'rejected')
    expect(refused).toHaveLength(1)
    expect(refused[0]?.reason).toMatchObject({ code: 'TAG_IMMUTABLE' })
  })

  const platforms = ['amd64', 'arm64'] as const
  const folderFor = (architecture: (typeof platforms)[number], mark: string = architecture) =>
    componentFolder({ platform: { os: 'freebsd', architecture, 'os.version': '*' } }, mark)

  test('one folder for each platform becomes one release, from which each host takes its own', async () => {
    const { http, db, blobs } = await openTestRegistry(await temporaryFolder())
    const folders = await Promise.all(platforms.map((architecture) => folderFor(architecture)))
    const temporary = await temporaryFolder()
    const publishAll = () => publishComponent({ http, folder: folders, version: '1.0.0', temporaryFolder: temporary })
    const published = await publishAll()
    expect(await publishAll()).toEqual(published)
    expect(await readdir(temporary)).toEqual([])
    const index = await ask(http, 'GET', '/v2/components/compute/manifests/1.0.0')
    expect(index.headers['docker-content-digest']).toBe(published.digest)
    expect(index.json).toMatchObject({
      mediaType: mediaTypes.index,
      manifests: platforms.map((architecture) => ({ platform: { os: 'freebsd', architecture, 'os.version': '*' } })),
    })
    const [shown] = (await showArtifact(db, published.repository)).releases
    expect(published.sizeBytes).toBe(shown?.sizeBytes)
    for (const architecture of platforms) {
      const host = { os: 'freebsd', architecture, 'os.version': '14' } as const
      const ref = await resolveRelease(db, blobs, 'compute', '1.0.0', host)
      const release = await pullRelease({ http, ref, cache: await temporaryFolder(), check: () => {} })
      expect(release.config.platform.architecture).toBe(architecture)
    }
  })

  test('folders of several components, or twice of one platform, are no release, and nothing is sent', async () => {
    const sent: string[] = []
    const none: Http = { send: async (method) => sent.push(method) as never, close: async () => {} }
    const [one = '', same = ''] = await Promise.all([folderFor('amd64'), folderFor('amd64', 'same')])
    const other = await componentFolder({ name: 'network' })
    for (const [folder, says] of [
      [[one, same], 'are both for freebsd/amd64/*; each must have a platform of its own'],
      [[one, other], 'is network; a release is of one component'],
      [[], 'no folder is named'],
    ] as const)
      await expect(
        publishComponent({ http: none, folder, version: '1.0.0', temporaryFolder: await temporaryFolder() }),
      ).rejects.toMatchObject({ code: 'input-invalid', message: expect.stringContaining(says) })
    expect(sent).toEqual([])
  })

  test('a version that is none is refused', async () => {
    const { http } = await openTestRegistry(await temporaryFolder())
    for (const version of ['1.0', 'v1.0.0', '1.0.0+build', 'latest'])
      await expect(publish(http, await componentFolder(), version)).rejects.toMatchObject({ code: 'input-invalid' })
  })
})

describe('pulling', () => {
  test('U40 a release that is not for this host is refused before its bundle is fetched', async () => {
    const { http } = await openTestRegistry(await temporaryFolder())
    const published = await publish(http, await componentFolder(), '1.0.0')
    const paths: string[] = []
    const watched = watch(http, (_method, path) => paths.push(path))
    const cache = await temporaryFolder()
    const check = () => {
      throw new Error('not for me')
    }
    await expect(pullRelease({ http: watched, ref: refOf(published), cache, check })).rejects.toThrow('not for me')
    expect(paths).toHaveLength(2)
  })

  test('what is in the cache is not fetched again, and needs no registry', async () => {
    const registry = await openTestRegistry(await temporaryFolder())
    const published = await publish(registry.http, await componentFolder(), '1.0.0')
    const cache = await temporaryFolder()
    const first = await pullRelease({ http: registry.http, ref: refOf(published), cache, check: () => {} })
    const none: Http = { send: () => Promise.reject(new Error('no network')), close: async () => {} }
    expect(await pullRelease({ http: none, ref: refOf(published), cache, check: () => {} })).toEqual(first)
  })

  test('a cached file that is damaged is removed with a clear error, and the next pull brings it again', async () => {
    const { http } = await openTestRegistry(await temporaryFolder())
    const published = await publish(http, await componentFolder(), '1.0.0')
    const cache = await temporaryFolder()
    const pull = () => pullRelease({ http, ref: refOf(published), cache, check: () => {} })
    const { bundle } = await pull()
    await writeFile(cachePath(cache, bundle.digest), 'damaged')
    await expect(verifyCached(cache, bundle)).rejects.toMatchObject({ code: 'DIGEST_INVALID' })
    await expect(verifyCached(cache, bundle)).rejects.toMatchObject({ code: 'not-found' })
    await writeFile(cachePath(cache, published.digest), '{}')
    await expect(readCached(cache, published.digest)).rejects.toMatchObject({ code: 'DIGEST_INVALID' })
    await pull()
    await verifyCached(cache, bundle)
  })

  test('T14 a release of another component or version than the one named is refused', async () => {
    const { http } = await openTestRegistry(await temporaryFolder())
    const published = await publish(http, await componentFolder(), '1.0.0')
    const ref = { ...refOf(published), version: '1.0.1' }
    const pull = pullRelease({ http, ref, cache: await temporaryFolder(), check: () => {} })
    await expect(pull).rejects.toMatchObject({
      code: 'release-invalid',
      message: 'the config of compute@1.0.1 says that it is compute@1.0.0',
    })
  })

  test('an image is not taken for a component', async () => {
    const { http } = await openTestRegistry(await temporaryFolder())
    const config = await pushBytes(http, 'components/compute', Buffer.from('{}'), 'application/vnd.oci.empty.v1+json')
    const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.manifest, config, layers: [] }))
    expect((await putManifest(http, 'components/compute', sha256(bytes), bytes)).status).toBe(201)
    const ref: ReleaseRef = { name: 'compute', version: '1.0.0', digest: sha256(bytes) }
    const pull = pullRelease({ http, ref, cache: await temporaryFolder(), check: () => {} })
    await expect(pull).rejects.toMatchObject({ code: 'release-invalid' })
  })

  test('the folder of the cache is made', async () => {
    const { http } = await openTestRegistry(await temporaryFolder())
    const published = await publish(http, await componentFolder(), '1.0.0')
    const cache = join(await temporaryFolder(), 'a/b')
    await pullRelease({ http, ref: refOf(published), cache, check: () => {} })
    await mkdir(cache, { recursive: true })
    expect(await readdir(join(cache, 'sha256'))).toHaveLength(3)
  })
})
