import { randomBytes } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { describe, expect, test } from 'vitest'
import { AppError } from '../../src/contract/errors.ts'
import { type Descriptor, mediaTypes } from '../../src/contract/oci.ts'
import { sha256 } from '../../src/platform/digest.ts'
import { attachment, fileNameOf } from '../../src/registry/file-name.ts'
import { ask, imageManifest, pushBytes, putManifest } from '../support/oci.ts'
import { openTestRegistry } from '../support/registry.ts'
import { openTestServer } from '../support/server.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const open = async () => openTestRegistry(await temporaryFolder())
const bytes = randomBytes(300_000)

describe('a file that is put', () => {
  test('comes back byte for byte under its version, with its name, whole and in parts', async () => {
    const { http } = await open()
    const put = await ask(http, 'PUT', '/files/tools/deep/1.0.0/tool.bin', { body: bytes })
    expect(put).toMatchObject({
      status: 201,
      headers: { location: '/files/tools/deep/1.0.0/tool.bin' },
      json: { repository: 'tools/deep', version: '1.0.0', sizeBytes: bytes.length },
    })
    for (const path of [
      '/files/tools/deep/1.0.0',
      '/files/tools/deep/1.0.0/tool.bin',
      `/files/tools/deep/${put.json.digest}`,
    ]) {
      const got = await ask(http, 'GET', path)
      expect(got, path).toMatchObject({
        status: 200,
        headers: {
          'content-length': '300000',
          'content-type': 'application/octet-stream',
          'content-disposition': 'attachment; filename="tool.bin"',
          'x-content-type-options': 'nosniff',
        },
      })
      expect(got.body.equals(bytes)).toBe(true)
      const part = await ask(http, 'GET', path, { headers: { range: 'bytes=299990-' } })
      expect(part).toMatchObject({ status: 206, headers: { 'content-range': 'bytes 299990-299999/300000' } })
      expect(part.body.equals(bytes.subarray(299_990))).toBe(true)
      const known = { 'if-none-match': String(got.headers.etag) }
      expect((await ask(http, 'GET', path, { headers: known })).status).toBe(304)
      expect(await ask(http, 'HEAD', path)).toMatchObject({ status: 200, headers: { 'content-length': '300000' } })
    }
  })

  test('is an artifact of one layer for OCI clients', async () => {
    const { http } = await open()
    await ask(http, 'PUT', '/files/tools/1.0.0/tool.bin', { body: bytes })
    const { json, headers } = await ask(http, 'GET', '/v2/tools/manifests/1.0.0')
    expect(headers['content-type']).toBe(mediaTypes.manifest)
    expect(json).toEqual({
      schemaVersion: 2,
      mediaType: mediaTypes.manifest,
      artifactType: 'application/vnd.slipway.file.v1',
      config: { mediaType: 'application/vnd.oci.empty.v1+json', digest: sha256('{}'), size: 2 },
      layers: [
        {
          mediaType: 'application/octet-stream',
          digest: sha256(bytes),
          size: bytes.length,
          annotations: { 'org.opencontainers.image.title': 'tool.bin' },
        },
      ],
    })
    for (const { digest } of [json.config, json.layers[0]])
      expect((await ask(http, 'HEAD', `/v2/tools/blobs/${digest}`)).status).toBe(200)
  })

  test('may be put again, but not other bytes under its version; other tags move', async () => {
    const { http } = await open()
    const put = async (tag: string, body: Buffer) => (await ask(http, 'PUT', `/files/t/${tag}/f`, { body })).status
    expect([await put('1.0.0', bytes), await put('1.0.0', bytes), await put('1.0.0', Buffer.from('x'))]).toEqual([
      201, 201, 409,
    ])
    expect((await ask(http, 'GET', '/files/t/1.0.0')).body.equals(bytes)).toBe(true)
    expect([await put('latest', bytes), await put('latest', Buffer.alloc(0))]).toEqual([201, 201])
    expect(await ask(http, 'GET', '/files/t/latest')).toMatchObject({ status: 200, headers: { 'content-length': '0' } })
  })

  test('by two clients at once under one version: one is taken, and it stays', async () => {
    const { http } = await open()
    const put = async (body: Buffer) => (await ask(http, 'PUT', '/files/t/1.0.0/f', { body })).status
    const bodies = [bytes, Buffer.from('other')]
    const statuses = await Promise.all(bodies.map(put))
    expect([...statuses].sort()).toEqual([201, 409])
    const taken = bodies[statuses.indexOf(201)] as Buffer
    expect((await ask(http, 'GET', '/files/t/1.0.0')).body.equals(taken)).toBe(true)
  })

  test('that breaks off, or is too large, leaves nothing', async () => {
    const folder = await temporaryFolder()
    const limits = { maxManifestBytes: 4_194_304, maxBlobBytes: 400_000, maxOpenUploads: 10 }
    const { http } = await openTestRegistry(folder, { limits })
    const broken = Readable.from(
      (async function* () {
        yield bytes
        throw new Error('the disk of the client broke')
      })(),
      { objectMode: false },
    )
    await expect(http.send('PUT', '/files/t/1.0.0/f', { body: broken })).rejects.toThrow('the disk of the client broke')
    const large = await ask(http, 'PUT', '/files/t/1.0.0/f', { body: Buffer.concat([bytes, bytes]) })
    expect(large).toMatchObject({
      status: 413,
      json: { errors: [{ message: expect.stringContaining('400000 bytes') }] },
    })
    await expect.poll(() => readdir(join(folder, 'uploads'))).toEqual([])
    expect((await ask(http, 'GET', '/files/t/1.0.0')).status).toBe(404)
  })

  test('has a name, a version, and a repository that is not of releases', async () => {
    const { http } = await open()
    const rows: [string, number, string][] = [
      ['/files/1.0.0/f', 400, '<repository>/<version>/<file name>'],
      ['/files/t/1.0.0/', 400, '<repository>/<version>/<file name>'],
      ['/files/t/1.0.0/a%0ab', 400, '<repository>/<version>/<file name>'],
      ['/files/T/1.0.0/f', 400, 'is not the name of a repository'],
      ['/files/t/1.0.0+build/f', 400, 'is not a tag'],
      ['/files/components/compute/1.0.0/f', 405, '`slipway publish`'],
    ]
    for (const [path, status, says] of rows)
      expect(await ask(http, 'PUT', path, { body: bytes }), path).toMatchObject({
        status,
        json: { errors: [{ message: expect.stringContaining(says) }] },
      })
  })
})

describe('an artifact of an OCI client is a file too', () => {
  test('its first layer, or the one that is named', async () => {
    const { http } = await open()
    const titled = async (title: string, content: string) => ({
      ...(await pushBytes(http, 'a', Buffer.from(content))),
      annotations: { 'org.opencontainers.image.title': title },
    })
    const layers = [await titled('one.txt', 'one'), await titled('sub/two.txt', 'two')]
    const { bytes: manifest } = await imageManifest(http, 'a', { layers })
    await putManifest(http, 'a', 'v1', manifest)
    const text = async (path: string) => (await ask(http, 'GET', path)).body.toString()
    expect(await text('/files/a/v1')).toBe('one')
    expect(await text('/files/a/v1/one.txt')).toBe('one')
    expect(await text('/files/a/v1/two.txt')).toBe('two')
    expect(await ask(http, 'GET', '/files/a/v1/three.txt')).toMatchObject({
      status: 404,
      json: { errors: [{ message: 'a:v1 has no file three.txt; it has one.txt, two.txt' }] },
    })
  })

  test('one of several platforms is asked for by digest, as the error says', async () => {
    const { http } = await open()
    const { bytes: manifest, digest } = await imageManifest(http, 'a')
    await putManifest(http, 'a', digest, manifest)
    const entry = { mediaType: mediaTypes.manifest, digest, size: manifest.length }
    const index = Buffer.from(JSON.stringify({ schemaVersion: 2, manifests: [entry] }))
    await putManifest(http, 'a', 'v1', index, mediaTypes.index)
    const refused = await ask(http, 'GET', '/files/a/v1')
    expect(refused).toMatchObject({ status: 400, json: { errors: [{ message: expect.stringContaining(digest) }] } })
    expect((await ask(http, 'GET', `/files/a/${digest}`)).body.toString()).toBe('layer')
  })

  test('what a channel points to is there under its name, and only for those who may pull', async () => {
    const server = await openTestServer()
    await server.publish('compute', '1.0.0')
    await server.api('POST', '/channels/edge/promotions', {
      body: { releases: [{ component: 'compute', version: '1.0.0' }] },
    })
    const get = (path: string, token?: string) =>
      fetch(`${server.url}${path}`, token ? { headers: { authorization: `Bearer ${token}` } } : {})
    for (const reference of ['1.0.0', 'edge']) {
      const named = await get(`/files/components/compute/${reference}`, server.adminToken)
      expect(named.status).toBe(200)
      expect(named.headers.get('content-disposition')).toBe(`attachment; filename="compute-${reference}.tar.zst"`)
    }
    for (const path of ['/files/components/compute/1.0.0', '/files/components/compute/none'])
      expect(await get(path), path).toMatchObject({ status: 401 })
    expect(await get('/files/components/compute/none', server.adminToken)).toMatchObject({ status: 404 })
  })

  test('each request asks for the right that it needs, on its repository', async () => {
    const asked: string[] = []
    const { http } = await openTestRegistry(await temporaryFolder(), {
      authorize: async (_request, action, repository) => {
        asked.push(`${action} ${repository}`)
        if (repository === 'secret') throw new AppError('DENIED', 'not yours')
      },
    })
    expect((await ask(http, 'PUT', '/files/secret/1.0.0/f', { body: bytes })).status).toBe(403)
    expect((await ask(http, 'PUT', '/files/open/1.0.0/f', { body: bytes })).status).toBe(201)
    expect((await ask(http, 'GET', '/files/open/1.0.0/f')).status).toBe(200)
    expect((await ask(http, 'GET', '/files/secret/1.0.0')).status).toBe(403)
    expect(asked).toEqual(['push secret', 'push open', 'pull open/1.0.0', 'pull open', 'pull secret', 'pull secret'])
  })
})

describe('the name of a file', () => {
  const layer = (mediaType: string, title?: string): Descriptor => ({
    ...{ mediaType, digest: sha256(''), size: 0 },
    ...(title === undefined ? {} : { annotations: { 'org.opencontainers.image.title': title } }),
  })
  const rows: [Descriptor, string, string][] = [
    [layer('application/vnd.slipway.bundle.v1.tar+zstd'), '1.0.0', 'compute-1.0.0.tar.zst'],
    [layer('application/vnd.oci.image.layer.v1.tar+gzip'), '1.0.0', 'compute-1.0.0.tar.gz'],
    [layer('application/vnd.docker.image.rootfs.diff.tar.gzip'), '1.0.0', 'compute-1.0.0.tar.gz'],
    [layer('application/vnd.slipway.disk.v1.raw+zstd'), '1.0.0', 'compute-1.0.0.raw.zst'],
    [layer('application/octet-stream'), '1.0.0', 'compute-1.0.0'],
    [layer('application/x-tar', '../../etc/passwd'), '1.0.0', 'passwd'],
    [layer('application/octet-stream'), `sha256:${'ab'.repeat(32)}`, 'compute-sha256-abababababab'],
  ]
  for (const [of, reference, name] of rows)
    test(name, () => {
      expect(fileNameOf(of, 'components/compute', reference)).toBe(name)
    })

  test('is one parameter of a header, whatever it has in it', () => {
    expect(attachment('a b.txt')).toBe('attachment; filename="a b.txt"')
    expect(attachment('a"\r\nX: 1')).toBe(`attachment; filename="a___X: 1"; filename*=UTF-8''a%22%0D%0AX%3A%201`)
    expect(attachment("größe (1)'.txt")).toBe(
      `attachment; filename="gr__e (1)'.txt"; filename*=UTF-8''gr%C3%B6%C3%9Fe%20%281%29%27.txt`,
    )
  })
})
