import { describe, expect, test } from 'vitest'
import type { ImageConfig } from '../../src/contract/image.ts'
import { mediaTypes } from '../../src/contract/oci.ts'
import { sha256 } from '../../src/platform/digest.ts'
import type { Http } from '../../src/platform/http.ts'
import { ask, imageManifest, pushBytes, putManifest } from '../support/oci.ts'
import { openTestRegistry } from '../support/registry.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const repository = 'images/debian'
const open = async () => openTestRegistry(await temporaryFolder())
const MiB = 1024 * 1024
const config: ImageConfig = {
  name: 'debian',
  version: '13.0.0',
  os: 'linux',
  architecture: 'amd64',
  firmware: 'uefi',
  virtualSizeBytes: MiB + 512,
  minimumDiskBytes: 2 * MiB,
  originFormat: 'raw',
  partitionScheme: 'gpt',
}

/** Pushes the parts of an image as somebody with an OCI client of his own would, and answers the manifest's bytes. */
async function image(http: Http, change: object = {}, manifest: object = {}, into = repository) {
  const configBytes = Buffer.from(JSON.stringify({ ...config, ...change }))
  const layer = await pushBytes(http, into, Buffer.from('disk'), mediaTypes.disk)
  const bytes = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: mediaTypes.manifest,
      artifactType: mediaTypes.image,
      config: await pushBytes(http, into, configBytes, mediaTypes.imageConfig),
      layers: [layer],
      ...manifest,
    }),
  )
  return { bytes, digest: sha256(bytes), layer }
}

function indexOf(members: readonly { bytes: Buffer; digest: string }[]): Buffer {
  const manifests = members.map(({ bytes, digest }) => ({ mediaType: mediaTypes.manifest, digest, size: bytes.length }))
  return Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.index, manifests }))
}

describe('an image is taken when hosts can use it', () => {
  test('one that is right is taken, under its version', async () => {
    const { http } = await open()
    const { bytes } = await image(http)
    expect((await putManifest(http, repository, '13.0.0', bytes)).status).toBe(201)
  })

  const absent = { mediaType: mediaTypes.disk, digest: sha256('absent'), size: 6 }
  const rows: {
    name: string
    change?: object
    manifest?: object
    tag?: string
    into?: string
    code?: string
    says: string
  }[] = [
    {
      name: 'an unknown architecture',
      change: { architecture: 'vax' },
      says: 'the config of the image: architecture must be equal to one of the allowed values "amd64", "arm64" (it is "vax")',
    },
    {
      name: 'no virtual size',
      change: { virtualSizeBytes: undefined },
      says: 'the config of the image: value must have required properties virtualSizeBytes',
    },
    {
      name: 'a virtual size of nothing',
      change: { virtualSizeBytes: 0 },
      says: 'virtualSizeBytes is 0, and not some sectors of 512 bytes',
    },
    {
      name: 'a virtual size that is no number of sectors',
      change: { virtualSizeBytes: MiB + 1 },
      says: 'virtualSizeBytes is 1048577, and not some sectors of 512 bytes',
    },
    {
      name: 'a smallest disk on which it does not fit',
      change: { minimumDiskBytes: MiB },
      says: "minimumDiskBytes is 1048576, less than the image's own 1049088",
    },
    {
      name: 'another name than its repository',
      change: { name: 'ubuntu' },
      says: 'the config of the image: name is ubuntu, but the repository is images/debian',
    },
    {
      name: 'another version than its tag',
      tag: '13.0.1',
      says: 'the versions of tag and config differ: 13.0.1, 13.0.0',
    },
    { name: 'a tag that is no version', tag: 'latest', says: 'the tag latest is not a version' },
    { name: 'no layer', manifest: { layers: [] }, says: 'an image has exactly one layer' },
    { name: 'two layers', manifest: { layers: [absent, absent] }, says: 'an image has exactly one layer' },
    {
      name: 'a layer of another type',
      manifest: { layers: [{ ...absent, mediaType: 'application/vnd.oci.image.layer.v1.tar' }] },
      says: `of the type ${mediaTypes.disk}`,
    },
    {
      name: 'a config of another type',
      manifest: { config: { ...absent, mediaType: 'application/json' } },
      says: `an image has the artifactType ${mediaTypes.image} and a config of ${mediaTypes.imageConfig}`,
    },
    {
      name: 'a layer that was not pushed',
      manifest: { layers: [absent] },
      code: 'MANIFEST_BLOB_UNKNOWN',
      says: `the blob ${absent.digest} is not in images/debian; push it first`,
    },
    {
      name: 'a layer of another size',
      manifest: { layers: [{ mediaType: mediaTypes.disk, digest: sha256('disk'), size: 5 }] },
      says: 'has 4 bytes, but the manifest says 5',
    },
    {
      name: 'a config that was not pushed',
      manifest: { config: { ...absent, mediaType: mediaTypes.imageConfig } },
      code: 'MANIFEST_BLOB_UNKNOWN',
      says: `the config ${absent.digest} is not in images/debian; push it first`,
    },
    {
      name: 'a place that is not for images',
      into: 'other/debian',
      says: 'an image is published in images/<name>, and not in other/debian',
    },
    {
      name: 'the place of a component',
      into: 'components/debian',
      says: 'an image is published in images/<name>, and not in components/debian',
    },
    {
      name: 'another type of artifact under a version',
      manifest: { artifactType: 'application/spdx' },
      says: 'images/debian:13.0.0 is kept for a release of the image',
    },
  ]
  for (const { name, change, manifest, tag = '13.0.0', into = repository, code = 'MANIFEST_INVALID', says } of rows)
    test(`${name}: refused as ${code} with the reason, and nothing is there`, async () => {
      const { http } = await open()
      const { bytes } = await image(http, change, manifest, into)
      const answer = await putManifest(http, into, tag, bytes)
      expect(answer.json.errors).toEqual([{ code, message: expect.stringContaining(says), detail: { code } }])
      expect((await ask(http, 'GET', `/v2/${into}/manifests/${tag}`)).status).toBe(404)
      expect((await ask(http, 'GET', `/v2/${into}/manifests/${sha256(bytes)}`)).status).toBe(404)
    })

  test('an image of containers is not one for instances', async () => {
    const { http } = await open()
    const { bytes } = await imageManifest(http, repository)
    expect((await putManifest(http, repository, '13.0.0', bytes)).json.errors[0].message).toContain(
      'kept for a release',
    )
  })

  test('an index of two architectures is taken once its members are there; other indexes are refused', async () => {
    const { http } = await open()
    const members = [await image(http), await image(http, { architecture: 'arm64' })]
    const index = indexOf(members)
    const put = (bytes: Buffer) => putManifest(http, repository, '13.0.0', bytes, mediaTypes.index)
    expect((await put(index)).json.errors[0].code).toBe('MANIFEST_BLOB_UNKNOWN')
    for (const { digest, bytes } of members)
      expect((await putManifest(http, repository, digest, bytes)).status).toBe(201)

    const foreign = await imageManifest(http, repository)
    await putManifest(http, repository, foreign.digest, foreign.bytes)
    const later = await image(http, { version: '14.0.0' })
    await putManifest(http, repository, later.digest, later.bytes)
    for (const [bytes, says] of [
      [indexOf([]), 'at least one'],
      [indexOf([...members, foreign]), `an image has the artifactType ${mediaTypes.image}`],
      [indexOf([...members, later]), 'the versions of tag and config differ: 13.0.0, 14.0.0'],
    ] as const)
      expect((await put(bytes)).json.errors[0]).toMatchObject({
        code: 'MANIFEST_INVALID',
        message: expect.stringContaining(says),
      })

    expect((await put(index)).status).toBe(201)
    const nested = indexOf([{ bytes: index, digest: sha256(index) }])
    expect((await put(nested)).json.errors[0].message).toContain('is an index itself')
  })

  test('O12 a signature is taken under the tag, and a list of referrers under the fallback tag, that older clients use', async () => {
    const { http } = await open()
    const { bytes, digest } = await image(http)
    await putManifest(http, repository, '13.0.0', bytes)
    const fallback = digest.replace(':', '-')
    const signature = await imageManifest(http, repository)
    expect((await putManifest(http, repository, `${fallback}.sig`, signature.bytes)).status).toBe(201)
    const list = await putManifest(http, repository, fallback, indexOf([signature]), mediaTypes.index)
    expect(list.status).toBe(201)
    const referrers = await ask(http, 'GET', `/v2/${repository}/referrers/${digest}`)
    expect(referrers.json.manifests).toMatchObject([{ digest: signature.digest }])
  })

  test('what instances may be made of is not deleted: 405', async () => {
    const { http } = await open()
    const { bytes, digest, layer } = await image(http)
    await putManifest(http, repository, '13.0.0', bytes)
    for (const path of ['manifests/13.0.0', `manifests/${digest}`, `blobs/${layer.digest}`])
      expect((await ask(http, 'DELETE', `/v2/${repository}/${path}`)).json.errors[0].code).toBe('UNSUPPORTED')
    expect((await ask(http, 'GET', `/v2/${repository}/manifests/13.0.0`)).status).toBe(200)
  })
})
