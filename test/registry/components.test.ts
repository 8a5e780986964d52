import { describe, expect, test } from 'vitest'
import { publishComponent } from '../../src/artifact/publish.ts'
import type { ComponentConfig } from '../../src/contract/component.ts'
import { mediaTypes } from '../../src/contract/oci.ts'
import type { HostPlatform, Platform } from '../../src/contract/platform.ts'
import { sha256 } from '../../src/platform/digest.ts'
import type { Http } from '../../src/platform/http.ts'
import { checkRelease, listArtifacts, resolveRelease, showArtifact } from '../../src/registry/releases.ts'
import { componentFolder } from '../support/component.ts'
import { componentFile } from '../support/component-file.ts'
import { ask, imageManifest, pushBytes, putManifest } from '../support/oci.ts'
import { openTestRegistry } from '../support/registry.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const repository = 'components/compute'
const open = async () => openTestRegistry(await temporaryFolder())
const config: ComponentConfig = {
  ...componentFile(),
  version: '1.0.0',
  unpackedBytes: 1,
  entries: 1,
}

/** Pushes the parts of a component as somebody with an OCI client of his own would, and answers the manifest's bytes. */
async function component(http: Http, change: object = {}, manifest: object = {}, into = repository) {
  const configBytes = Buffer.from(JSON.stringify({ ...config, ...change }))
  const layer = await pushBytes(http, into, Buffer.from('bundle'), mediaTypes.bundle)
  const bytes = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: mediaTypes.manifest,
      artifactType: mediaTypes.component,
      config: await pushBytes(http, into, configBytes, mediaTypes.componentConfig),
      layers: [layer],
      ...manifest,
    }),
  )
  return { bytes, digest: sha256(bytes), layer }
}

const platform = (os: string, architecture: string, version: string) =>
  ({ os, architecture, 'os.version': version }) as Platform
const host = platform('freebsd', 'amd64', '14') as HostPlatform

describe('a component is taken when hosts can use it', () => {
  test('one that is right is taken, under its version', async () => {
    const { http } = await open()
    const { bytes } = await component(http)
    expect((await putManifest(http, repository, '1.0.0', bytes)).status).toBe(201)
  })

  const rows: { name: string; change?: object; manifest?: object; tag?: string; into?: string; says: string }[] = [
    {
      name: 'an unknown platform',
      change: { platform: platform('plan9', '*', '*') },
      says: 'component.json: platform.os must be equal to one of the allowed values "*", "freebsd" (it is "plan9")',
    },
    { name: 'no form', change: { services: 'compute' }, says: 'component.json: services must be array' },
    {
      name: 'another name than its repository',
      change: { name: 'network' },
      says: 'component.json: name is network, but the repository is components/compute',
    },
    { name: 'another version than its tag', tag: '1.0.1', says: 'the versions of tag and config differ: 1.0.1, 1.0.0' },
    {
      name: 'a channel for a tag',
      tag: 'stable',
      says: 'the tag stable is not a version; channels are moved by promoting',
    },
    {
      name: 'two layers',
      manifest: {
        layers: [
          { mediaType: mediaTypes.bundle, digest: sha256('bundle'), size: 6 },
          { mediaType: mediaTypes.bundle, digest: sha256('bundle'), size: 6 },
        ],
      },
      says: 'a component has exactly one layer',
    },
    { name: 'no layer', manifest: { layers: [] }, says: 'a component has exactly one layer' },
    {
      name: 'a layer of another type',
      manifest: { layers: [{ mediaType: 'application/x-tar', digest: sha256('bundle'), size: 6 }] },
      says: `of the type ${mediaTypes.bundle}`,
    },
    {
      name: 'a config of another type',
      manifest: {
        config: {
          mediaType: 'application/json',
          digest: sha256(JSON.stringify(config)),
          size: Buffer.byteLength(JSON.stringify(config)),
        },
      },
      says: mediaTypes.componentConfig,
    },
    {
      name: 'a place that is not for components',
      into: 'other/compute',
      says: 'a component is published in components/<name>, and not in other/compute',
    },
    {
      name: 'another type of artifact under a version',
      manifest: { artifactType: 'application/spdx' },
      says: 'components/compute:1.0.0 is kept for a release of the component',
    },
    {
      name: 'another type of artifact under the name of a channel',
      manifest: { artifactType: 'application/spdx' },
      tag: 'stable',
      says: 'components/compute:stable is kept',
    },
  ]
  for (const { name, change, manifest, tag = '1.0.0', into = repository, says } of rows)
    test(`${name}: 400 MANIFEST_INVALID with the reason, and nothing is there`, async () => {
      const { http } = await open()
      const { bytes } = await component(http, change, manifest, into)
      const answer = await putManifest(http, into, tag, bytes)
      expect(answer).toMatchObject({
        status: 400,
        json: { errors: [{ code: 'MANIFEST_INVALID', message: expect.stringContaining(says) }] },
      })
      expect((await ask(http, 'GET', `/v2/${into}/manifests/${tag}`)).status).toBe(404)
    })

  test('an SBOM of it is taken beside it, by digest', async () => {
    const { http } = await open()
    const { bytes, digest } = await component(http)
    await putManifest(http, repository, '1.0.0', bytes)
    const subject = { mediaType: mediaTypes.manifest, digest, size: bytes.length }
    const sbom = await imageManifest(http, repository, { artifactType: 'application/spdx', subject })
    expect((await putManifest(http, repository, sbom.digest, sbom.bytes)).status).toBe(201)
  })

  test('what hosts may run is not deleted: 405', async () => {
    const { http } = await open()
    const { bytes, digest, layer } = await component(http)
    await putManifest(http, repository, '1.0.0', bytes)
    for (const path of ['manifests/1.0.0', `manifests/${digest}`, `blobs/${layer.digest}`])
      expect((await ask(http, 'DELETE', `/v2/${repository}/${path}`)).json.errors[0].code).toBe('UNSUPPORTED')
    expect((await ask(http, 'GET', `/v2/${repository}/manifests/1.0.0`)).status).toBe(200)
  })
})

describe('which manifest a host runs', () => {
  async function pushIndex(http: Http, platforms: Platform[], version = '1.0.0') {
    const members = []
    for (const one of platforms) {
      const member = await component(http, { platform: one, version })
      await putManifest(http, repository, member.digest, member.bytes)
      members.push(member)
    }
    const manifests = members.map(({ bytes, digest }) => ({
      mediaType: mediaTypes.manifest,
      digest,
      size: bytes.length,
    }))
    const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.index, manifests }))
    return { members, answer: await putManifest(http, repository, '1.0.0', bytes, mediaTypes.index) }
  }

  test('the only one, when it fits', async () => {
    const { http, db, blobs } = await open()
    const { bytes, digest } = await component(http)
    await putManifest(http, repository, '1.0.0', bytes)
    expect(await resolveRelease(db, blobs, 'compute', '1.0.0', host)).toEqual({
      name: 'compute',
      version: '1.0.0',
      digest,
    })
    await checkRelease(db, 'compute', '1.0.0')
  })

  test('of an index the one that fits most narrowly', async () => {
    const { http, db, blobs } = await open()
    const { members } = await pushIndex(http, [
      platform('*', '*', '*'),
      platform('freebsd', 'amd64', '15'),
      platform('freebsd', 'amd64', '14'),
      platform('freebsd', 'amd64', '*'),
      platform('freebsd', 'arm64', '14'),
    ])
    const resolve = async (on: Platform) =>
      (await resolveRelease(db, blobs, 'compute', '1.0.0', on as HostPlatform)).digest
    expect(await resolve(host)).toBe(members[2]?.digest)
    expect(await resolve(platform('freebsd', 'amd64', '16'))).toBe(members[3]?.digest)
    expect(await resolve(platform('freebsd', 'arm64', '15'))).toBe(members[0]?.digest)
  })

  test('none, when there is none for its platform: what is offered is told', async () => {
    const { http, db, blobs } = await open()
    await pushIndex(http, [platform('freebsd', 'arm64', '*'), platform('freebsd', 'amd64', '15')])
    await expect(resolveRelease(db, blobs, 'compute', '1.0.0', host)).rejects.toMatchObject({
      code: 'release-invalid',
      message: 'compute@1.0.0 is for freebsd/arm64/*, freebsd/amd64/15, and not for freebsd/amd64/14',
    })
  })

  test('none, when the version is not published', async () => {
    const { http, db, blobs } = await open()
    await component(http)
    const unknown = { code: 'release-unknown', message: expect.stringContaining('compute@2.0.0 is not published') }
    await expect(resolveRelease(db, blobs, 'compute', '2.0.0', host)).rejects.toMatchObject(unknown)
    await expect(checkRelease(db, 'compute', '2.0.0')).rejects.toMatchObject(unknown)
  })

  test('an index whose members have another version than its tag is refused', async () => {
    const { http } = await open()
    const { answer } = await pushIndex(http, [platform('*', '*', '*')], '1.0.1')
    expect(answer.json.errors[0].message).toContain('the versions of tag and config differ: 1.0.0, 1.0.1')
  })
})

test('artifacts are listed with their sizes, and shown with their tags, newest first', async () => {
  const { http, db } = await open()
  expect(await listArtifacts(db)).toEqual([])
  const publish = async (version: string) =>
    publishComponent({ http, folder: await componentFolder(), version, temporaryFolder: await temporaryFolder() })
  const first = await publish('1.0.0')
  await expect.poll(() => new Date().toISOString()).not.toBe((await showArtifact(db, repository)).releases[0]?.pushedAt)
  const second = await publish('1.1.0')
  const image = await imageManifest(http, 'containers/debian')
  await putManifest(http, 'containers/debian', 'latest', image.bytes)

  const { releases } = await showArtifact(db, repository)
  expect(releases).toEqual([
    {
      tag: '1.1.0',
      digest: second.digest,
      mediaType: mediaTypes.manifest,
      artifactType: mediaTypes.component,
      sizeBytes: second.sizeBytes,
      signedBy: null,
      pushedAt: expect.any(String),
    },
    {
      tag: '1.0.0',
      digest: first.digest,
      mediaType: mediaTypes.manifest,
      artifactType: mediaTypes.component,
      sizeBytes: first.sizeBytes,
      signedBy: null,
      pushedAt: expect.any(String),
    },
  ])
  expect(await listArtifacts(db)).toEqual([
    // The two versions share their bundle.
    { repository, tags: 2, sizeBytes: expect.any(Number) },
    { repository: 'containers/debian', tags: 1, sizeBytes: image.bytes.length + 2 + 5 },
  ])
  await expect(showArtifact(db, 'none')).rejects.toMatchObject({ code: 'not-found' })
})
