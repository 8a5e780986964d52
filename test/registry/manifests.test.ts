import { describe, expect, test } from 'vitest'
import { AppError } from '../../src/contract/errors.ts'
import { mediaTypes } from '../../src/contract/oci.ts'
import { sha256 } from '../../src/platform/digest.ts'
import type { Http } from '../../src/platform/http.ts'
import { ask, imageManifest, pushBytes, putManifest, sha512 } from '../support/oci.ts'
import { openTestRegistry } from '../support/registry.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const open = async () => openTestRegistry(await temporaryFolder())
const indexOf = (entries: { bytes: Buffer; digest: string }[], extra: object = {}) =>
  Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: mediaTypes.index,
      manifests: entries.map(({ bytes, digest }) => ({ mediaType: mediaTypes.manifest, digest, size: bytes.length })),
      ...extra,
    }),
  )

describe('a manifest is refused and leaves nothing', () => {
  const layer = { mediaType: 'application/vnd.oci.image.layer.v1.tar', digest: sha256('missing'), size: 7 }
  const rows: {
    name: string
    change: (manifest: { config: object }) => unknown
    status: number
    code: string
    says: string
  }[] = [
    {
      name: 'when a layer is missing',
      change: (m) => ({ ...m, layers: [layer] }),
      status: 404,
      code: 'MANIFEST_BLOB_UNKNOWN',
      says: `the blob ${layer.digest} is not in images/a; push it first`,
    },
    {
      name: 'when its config is missing',
      change: (m) => ({ ...m, config: layer }),
      status: 404,
      code: 'MANIFEST_BLOB_UNKNOWN',
      says: layer.digest,
    },
    { name: 'when it is no JSON', change: () => '{', status: 400, code: 'MANIFEST_INVALID', says: 'is not JSON' },
    {
      name: 'when it has no layers',
      change: (m) => ({ ...m, layers: undefined }),
      status: 400,
      code: 'MANIFEST_INVALID',
      says: 'layers',
    },
    {
      name: 'when it is of schema version 1',
      change: (m) => ({ ...m, schemaVersion: 1 }),
      status: 400,
      code: 'MANIFEST_INVALID',
      says: 'schemaVersion',
    },
    {
      name: 'when it names another type than its request',
      change: (m) => ({ ...m, mediaType: mediaTypes.index }),
      status: 400,
      code: 'MANIFEST_INVALID',
      says: 'its Content-Type says',
    },
    {
      name: 'when it names a digest that is none',
      change: (m) => ({ ...m, layers: [{ ...layer, digest: 'sha256:short' }] }),
      status: 400,
      code: 'MANIFEST_INVALID',
      says: 'sha256:short',
    },
    {
      name: 'when it tells a wrong size',
      change: (m) => ({ ...m, config: { ...m.config, size: 5 } }),
      status: 400,
      code: 'MANIFEST_INVALID',
      says: 'has 2 bytes, but the manifest says 5',
    },
  ]
  for (const { name, change, status, code, says } of rows)
    test(name, async () => {
      const { http } = await open()
      const { manifest } = await imageManifest(http, 'images/a')
      const changed = change(manifest)
      const bytes = Buffer.from(typeof changed === 'string' ? changed : JSON.stringify(changed))
      const answer = await putManifest(http, 'images/a', sha256(bytes), bytes)
      expect(answer).toMatchObject({ status, json: { errors: [{ code, message: expect.stringContaining(says) }] } })
      expect((await ask(http, 'GET', `/v2/images/a/manifests/${sha256(bytes)}`)).status).toBe(404)
    })

  test('when its Content-Type is not that of a manifest', async () => {
    const { http } = await open()
    const { bytes } = await imageManifest(http, 'a')
    expect((await putManifest(http, 'a', 'v1', bytes, 'application/json')).json.errors[0].code).toBe('MANIFEST_INVALID')
  })

  test('O10 when it is put by the digest of something else, or by a digest that is none', async () => {
    const { http } = await open()
    const { bytes } = await imageManifest(http, 'a')
    for (const reference of [sha256('else'), 'sha256:baddigeststring']) {
      expect((await putManifest(http, 'a', reference, bytes)).json.errors[0].code).toBe('DIGEST_INVALID')
      expect((await ask(http, 'GET', `/v2/a/manifests/${reference}`)).status).toBeGreaterThanOrEqual(400)
    }
  })

  test('when it has more bytes than are taken', async () => {
    const { http } = await open()
    const { manifest } = await imageManifest(http, 'a')
    const bytes = Buffer.from(JSON.stringify({ ...manifest, annotations: { big: 'x'.repeat(4 * 1024 * 1024) } }))
    const answer = await putManifest(http, 'a', 'v1', bytes)
    expect(answer).toMatchObject({ status: 413, json: { errors: [{ detail: { code: 'MANIFEST_TOO_LARGE' } }] } })
  })
})

test('O8 a manifest of 3.9 MB is taken', async () => {
  const { http } = await open()
  const annotations = Object.fromEntries(Array.from({ length: 390 }, (_, at) => [`key${at}`, 'x'.repeat(10_000)]))
  const { bytes } = await imageManifest(http, 'a', { annotations })
  expect(bytes.length).toBeGreaterThan(3_900_000)
  expect((await putManifest(http, 'a', 'v1', bytes)).status).toBe(201)
  expect((await ask(http, 'GET', '/v2/a/manifests/v1')).body.equals(bytes)).toBe(true)
})

test('an index of 20,000 members is taken', async () => {
  const { http } = await open()
  const { bytes, digest } = await imageManifest(http, 'a')
  await putManifest(http, 'a', digest, bytes)
  const entry = { mediaType: mediaTypes.manifest, digest, size: bytes.length }
  const index = Buffer.from(
    JSON.stringify({ schemaVersion: 2, manifests: Array.from({ length: 20_000 }, () => entry) }),
  )
  expect((await putManifest(http, 'a', 'v1', index, mediaTypes.index)).status).toBe(201)
})

describe('O9 what may be pushed', () => {
  const rows: { name: string; make: (http: Http) => Promise<Buffer>; type?: string }[] = [
    { name: 'an image', make: async (http) => (await imageManifest(http, 'a')).bytes },
    { name: 'an image without layers', make: async (http) => (await imageManifest(http, 'a', {}, [])).bytes },
    {
      name: 'the same layer twice',
      make: async (http) => (await imageManifest(http, 'a', {}, [Buffer.from('l'), Buffer.from('l')])).bytes,
    },
    {
      name: 'an artifact',
      make: async (http) => (await imageManifest(http, 'a', { artifactType: 'application/x' })).bytes,
    },
    {
      name: 'a manifest with fields of its own',
      make: async (http) => (await imageManifest(http, 'a', { custom: { x: [1] } })).bytes,
    },
    {
      name: 'a layer that may not be distributed and is not there',
      make: async (http) =>
        (
          await imageManifest(http, 'a', {
            layers: [
              {
                mediaType: 'application/vnd.oci.image.layer.nondistributable.v1.tar+gzip',
                digest: sha256('far away'),
                size: 8,
                urls: ['https://example.org/x'],
              },
            ],
          })
        ).bytes,
    },
    {
      name: 'a subject that is not there',
      make: async (http) =>
        (
          await imageManifest(http, 'a', {
            subject: { mediaType: mediaTypes.manifest, digest: sha256('later'), size: 5 },
          })
        ).bytes,
    },
    { name: 'an empty index', type: mediaTypes.index, make: async () => indexOf([]) },
  ]
  for (const { name, make, type } of rows)
    test(name, async () => {
      const { http } = await open()
      const bytes = await make(http)
      expect((await putManifest(http, 'a', 'v1', bytes, type ?? mediaTypes.manifest)).status).toBe(201)
      expect((await ask(http, 'GET', '/v2/a/manifests/v1')).body.equals(bytes)).toBe(true)
    })

  test('a manifest and an index whose parts are elsewhere, outside of components/ and images/: with a warning', async () => {
    const { http } = await open()
    const member = await imageManifest(http, 'a', {
      layers: [{ mediaType: 'application/vnd.oci.image.layer.v1.tar', digest: sha256('elsewhere'), size: 9 }],
    })
    const put = await putManifest(http, 'a', 'image', member.bytes)
    expect(put.status).toBe(201)
    expect(put.headers.warning).toMatch(/^299 - ".*sha256:/)
    const other = await imageManifest(http, 'elsewhere')
    const index = indexOf([member, other])
    const putIndex = await putManifest(http, 'a', 'index', index, mediaTypes.index)
    expect(putIndex).toMatchObject({ status: 201, headers: { warning: expect.stringContaining(other.digest) } })
    expect(String(putIndex.headers.warning)).not.toContain(member.digest)
    expect((await ask(http, 'GET', '/v2/a/manifests/index')).body.equals(index)).toBe(true)
    expect((await ask(http, 'GET', `/v2/a/manifests/${other.digest}`)).status).toBe(404)
  })

  test('a manifest by its sha512', async () => {
    const { http } = await open()
    const { bytes } = await imageManifest(http, 'a')
    const put = await putManifest(http, 'a', sha512(bytes), bytes)
    expect(put).toMatchObject({ status: 201, headers: { 'docker-content-digest': sha512(bytes) } })
    expect((await ask(http, 'GET', `/v2/a/manifests/${sha512(bytes)}`)).body.equals(bytes)).toBe(true)
  })
})

describe('tags', () => {
  test('a version never moves: other content is 409, the same content is fine', async () => {
    const { http } = await open()
    const one = await imageManifest(http, 'a', { annotations: { n: '1' } })
    const two = await imageManifest(http, 'a', { annotations: { n: '2' } })
    for (const version of ['1.2.3', '1.2.3-rc.1']) {
      expect((await putManifest(http, 'a', version, one.bytes)).status).toBe(201)
      expect((await putManifest(http, 'a', version, one.bytes)).status).toBe(201)
      const refused = await putManifest(http, 'a', version, two.bytes)
      expect(refused).toMatchObject({
        status: 409,
        json: { errors: [{ code: 'DENIED', detail: { code: 'TAG_IMMUTABLE' } }] },
      })
      expect((await ask(http, 'GET', `/v2/a/manifests/${version}`)).body.equals(one.bytes)).toBe(true)
    }
    expect((await ask(http, 'GET', `/v2/a/manifests/${two.digest}`)).status).toBe(404)
  })

  test('tags of the patterns that the operator named do not move either', async () => {
    const { http } = await openTestRegistry(await temporaryFolder(), { immutableTags: 'release-*,v1.x' })
    const one = await imageManifest(http, 'a')
    const two = await imageManifest(http, 'a', { annotations: { n: '2' } })
    const moves = async (tag: string) => {
      await putManifest(http, 'a', tag, one.bytes)
      return (await putManifest(http, 'a', tag, two.bytes)).status === 201
    }
    expect([await moves('release-1'), await moves('release-'), await moves('v1.x')]).toEqual([false, false, false])
    expect([await moves('pre-release-1'), await moves('v1-x'), await moves('v1.x1')]).toEqual([true, true, true])
  })

  test('any other tag moves', async () => {
    const { http } = await open()
    const one = await imageManifest(http, 'a', { annotations: { n: '1' } })
    const two = await imageManifest(http, 'a', { annotations: { n: '2' } })
    for (const tag of ['latest', '1.2', 'v1.2.3']) {
      await putManifest(http, 'a', tag, one.bytes)
      expect((await putManifest(http, 'a', tag, two.bytes)).status).toBe(201)
      expect((await ask(http, 'HEAD', `/v2/a/manifests/${tag}`)).headers['docker-content-digest']).toBe(two.digest)
    }
  })

  test('O14 two clients push other content under the same new version at once: one is taken, and it stays', async () => {
    const { http } = await open()
    const made = [
      await imageManifest(http, 'a', { annotations: { n: '1' } }),
      await imageManifest(http, 'a', { annotations: { n: '2' } }),
    ]
    const answers = await Promise.all(made.map(({ bytes }) => putManifest(http, 'a', '1.0.0', bytes)))
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409])
    const winner = made[answers.findIndex(({ status }) => status === 201)]
    expect((await ask(http, 'GET', '/v2/a/manifests/1.0.0')).body.equals(winner?.bytes as Buffer)).toBe(true)
  })

  test('end-7b a manifest put by digest takes ten tags at once, or none', async () => {
    const { http } = await open()
    const one = await imageManifest(http, 'a', { annotations: { n: '1' } })
    const two = await imageManifest(http, 'a', { annotations: { n: '2' } })
    const tags = Array.from({ length: 10 }, (_, at) => `tag${at}`)
    const query = tags.map((tag) => `tag=${tag}`).join('&')
    const put = await putManifest(http, 'a', `${one.digest}?${query}`, one.bytes)
    expect(put.status).toBe(201)
    expect(String(put.headers['oci-tag']).split(/, ?/)).toEqual(tags)
    await putManifest(http, 'a', '1.0.0', one.bytes)
    expect((await putManifest(http, 'a', `${two.digest}?tag=new&tag=1.0.0`, two.bytes)).status).toBe(409)
    expect((await ask(http, 'GET', '/v2/a/manifests/new')).status).toBe(404)
    expect((await putManifest(http, 'a', 'other?tag=x', one.bytes)).status).toBe(405)
  })

  test('end-8 they are listed in lexical order, in pages', async () => {
    const { http } = await open()
    const { bytes, digest } = await imageManifest(http, 'a')
    const list = async (query = '') => ask(http, 'GET', `/v2/a/tags/list${query}`)
    expect((await list()).json).toEqual({ name: 'a', tags: [] })
    await putManifest(
      http,
      'a',
      `${digest}?${['b', 'a', 'B', '1.0.0', 'c'].map((tag) => `tag=${tag}`).join('&')}`,
      bytes,
    )
    expect((await list()).json).toEqual({ name: 'a', tags: ['1.0.0', 'B', 'a', 'b', 'c'] })
    expect((await list('?last=B')).json.tags).toEqual(['a', 'b', 'c'])
    const none = await list('?n=0')
    expect(none.json.tags).toEqual([])
    expect(none.headers.link).toBeUndefined()

    const seen: string[] = []
    for (let next: string | undefined = '/v2/a/tags/list?n=2'; next; ) {
      const page = await ask(http, 'GET', next)
      seen.push(...page.json.tags)
      expect(page.json.tags.length).toBeLessThanOrEqual(2)
      next = /^<(.*)>; rel="next"$/.exec(String(page.headers.link))?.[1]
    }
    expect(seen).toEqual(['1.0.0', 'B', 'a', 'b', 'c'])
    expect((await list('?n=x')).status).toBe(400)
  })

  test('tags that nobody pushed are asked for, after those that were', async () => {
    let made = { bytes: Buffer.alloc(0), digest: '' }
    const { http } = await openTestRegistry(await temporaryFolder(), {
      resolveTag: async (repository, tag) => (repository === 'a' && tag === 'stable' ? made.digest : undefined),
    })
    made = await imageManifest(http, 'a')
    await putManifest(http, 'a', '1.0.0', made.bytes)
    expect((await ask(http, 'GET', '/v2/a/manifests/stable')).body.equals(made.bytes)).toBe(true)
    expect((await ask(http, 'GET', '/v2/a/manifests/edge')).status).toBe(404)
  })
})

describe('end-9 and end-10 deleting', () => {
  test('a manifest goes with its tags, a tag alone; both at once', async () => {
    const { http } = await open()
    const { bytes, digest, manifest } = await imageManifest(http, 'a')
    await putManifest(http, 'a', `${digest}?tag=x&tag=y`, bytes)
    expect((await ask(http, 'DELETE', '/v2/a/manifests/x')).status).toBe(202)
    expect((await ask(http, 'HEAD', '/v2/a/manifests/x')).status).toBe(404)
    expect((await ask(http, 'HEAD', '/v2/a/manifests/y')).status).toBe(200)
    expect((await ask(http, 'DELETE', `/v2/a/manifests/${digest}`)).status).toBe(202)
    for (const reference of ['y', digest])
      expect((await ask(http, 'HEAD', `/v2/a/manifests/${reference}`)).status).toBe(404)
    expect((await ask(http, 'DELETE', `/v2/a/blobs/${manifest.config.digest}`)).status).toBe(202)
    expect((await ask(http, 'HEAD', `/v2/a/blobs/${manifest.config.digest}`)).status).toBe(404)
  })

  test('a version, and a tag of a pattern that never moves, are not deleted, nor what they name: 405', async () => {
    const { http } = await openTestRegistry(await temporaryFolder(), { immutableTags: 'release-*' })
    const { bytes, digest } = await imageManifest(http, 'a')
    for (const [tag, says] of [
      ['1.0.0', 'a:1.0.0 is a version that never moves, so it is not deleted'],
      ['release-1', 'a:release-1 is a tag that never moves, so it is not deleted'],
    ] as const) {
      await putManifest(http, 'a', tag, bytes)
      expect(await ask(http, 'DELETE', `/v2/a/manifests/${tag}`)).toMatchObject({
        status: 405,
        json: { errors: [{ code: 'UNSUPPORTED', message: expect.stringContaining(says) }] },
      })
    }
    await putManifest(http, 'a', 'latest', bytes)
    expect((await ask(http, 'DELETE', `/v2/a/manifests/${digest}`)).status).toBe(405)
    for (const reference of ['1.0.0', 'release-1', 'latest', digest])
      expect((await ask(http, 'HEAD', `/v2/a/manifests/${reference}`)).status).toBe(200)
    expect((await ask(http, 'DELETE', '/v2/a/manifests/latest')).status).toBe(202)
    expect((await ask(http, 'DELETE', '/v2/a/manifests/2.0.0')).status).toBe(404)
  })

  test('a blob that is deleted in one repository stays in another', async () => {
    const { http } = await open()
    const { digest } = await pushBytes(http, 'a', Buffer.from('x'))
    await pushBytes(http, 'b', Buffer.from('x'))
    await ask(http, 'DELETE', `/v2/a/blobs/${digest}`)
    expect((await ask(http, 'GET', `/v2/b/blobs/${digest}`)).body.toString()).toBe('x')
  })
})

describe('end-12 referrers', () => {
  test('a manifest with a subject is listed at it, with artifact type and annotations, and can be filtered', async () => {
    const { http } = await open()
    const image = await imageManifest(http, 'a')
    const subject = { mediaType: mediaTypes.manifest, digest: image.digest, size: image.bytes.length }
    const path = `/v2/a/referrers/${image.digest}`
    expect(await ask(http, 'GET', path)).toMatchObject({
      status: 200,
      headers: { 'content-type': mediaTypes.index },
      json: { schemaVersion: 2, mediaType: mediaTypes.index, manifests: [] },
    })
    const sbom = await imageManifest(http, 'a', {
      subject,
      artifactType: 'application/spdx',
      annotations: { made: 'today' },
    })
    const plain = await imageManifest(http, 'a', { subject })
    expect((await putManifest(http, 'a', sbom.digest, sbom.bytes)).headers['oci-subject']).toBe(image.digest)
    await putManifest(http, 'a', plain.digest, plain.bytes)

    const all = (await ask(http, 'GET', path)).json.manifests
    expect(all).toHaveLength(2)
    expect(all).toContainEqual({
      mediaType: mediaTypes.manifest,
      digest: sbom.digest,
      size: sbom.bytes.length,
      artifactType: 'application/spdx',
      annotations: { made: 'today' },
    })
    const filtered = await ask(http, 'GET', `${path}?artifactType=application/vnd.oci.image.config.v1%2Bjson`)
    expect(filtered.headers['oci-filters-applied']).toBe('artifactType')
    expect(filtered.json.manifests.map((entry: { digest: string }) => entry.digest)).toEqual([plain.digest])
  })

  test('O12 what stands on the index of the fallback tag is listed too, once, as long as it is there', async () => {
    const { http } = await open()
    const image = await imageManifest(http, 'a')
    const subject = { mediaType: mediaTypes.manifest, digest: image.digest, size: image.bytes.length }
    const old = await imageManifest(http, 'a', { artifactType: 'application/old' })
    const both = await imageManifest(http, 'a', { subject, artifactType: 'application/new' })
    const gone = await imageManifest(http, 'a', { artifactType: 'application/gone' })
    for (const { digest, bytes } of [old, both]) await putManifest(http, 'a', digest, bytes)
    const fallback = indexOf([old, both, gone])
    await putManifest(http, 'a', image.digest.replace(':', '-'), fallback, mediaTypes.index)
    const types = (answer: { json: { manifests: { artifactType: string }[] } }) =>
      answer.json.manifests.map((entry) => entry.artifactType).sort()
    const path = `/v2/a/referrers/${image.digest}`
    expect(types(await ask(http, 'GET', path))).toEqual(['application/new', 'application/old'])
    expect(types(await ask(http, 'GET', `${path}?artifactType=application/old`))).toEqual(['application/old'])
    await ask(http, 'DELETE', `/v2/a/manifests/${old.digest}`)
    expect(types(await ask(http, 'GET', path))).toEqual(['application/new'])

    const long = sha512(Buffer.from('subject'))
    await putManifest(http, 'a', `sha512-${long.slice(7, 71)}`, indexOf([both]), mediaTypes.index)
    expect(types(await ask(http, 'GET', `/v2/a/referrers/${long}`))).toEqual(['application/new'])
  })

  test('end-12b more than a client takes at once comes in pages', async () => {
    const { http } = await open()
    const subject = { mediaType: mediaTypes.manifest, digest: sha256('anything'), size: 8 }
    const all: string[] = []
    for (const n of ['1', '2', '3', '4', '5']) {
      const extra = { subject, artifactType: n === '5' ? 'application/y' : 'application/x' }
      const big = await imageManifest(http, 'a', { ...extra, annotations: { n, big: 'x'.repeat(1_700_000) } })
      await putManifest(http, 'a', big.digest, big.bytes)
      if (n !== '5') all.push(big.digest)
    }
    let path: string | undefined = `/v2/a/referrers/${subject.digest}?artifactType=application/x`
    const pages: string[][] = []
    while (path !== undefined) {
      const answer = await ask(http, 'GET', path)
      expect(answer).toMatchObject({ status: 200, headers: { 'oci-filters-applied': 'artifactType' } })
      expect(answer.body.length).toBeLessThan(4 * 1024 * 1024)
      pages.push(answer.json.manifests.map((entry: { digest: string }) => entry.digest))
      path = /^<(.*)>; rel="next"$/.exec(String(answer.headers.link))?.[1]
    }
    expect(pages.map((page) => page.length)).toEqual([2, 2])
    expect(pages.flat()).toEqual(all.sort())
  })
})

test('each push and each change is told to whoever asked', async () => {
  const told: string[] = []
  const { http } = await openTestRegistry(await temporaryFolder(), {
    onChange: (repository) => told.push(`change ${repository}`),
    onPush: async (_trx, _request, repository, reference, digest) =>
      void told.push(`push ${repository}:${reference} ${digest}`),
  })
  const { bytes, digest } = await imageManifest(http, 'a')
  expect(told).toEqual([])
  await putManifest(http, 'a', 'v1', bytes)
  expect(told).toEqual([`push a:v1 ${digest}`, 'change a'])
})

test('a push that cannot be noted by whoever asked leaves no manifest and no tag', async () => {
  const { http } = await openTestRegistry(await temporaryFolder(), {
    onPush: async () => {
      throw new AppError('storage-full', 'no space for the note')
    },
  })
  const { bytes, digest } = await imageManifest(http, 'a')
  expect((await putManifest(http, 'a', 'v1', bytes)).status).toBe(507)
  for (const reference of ['v1', digest])
    expect((await ask(http, 'GET', `/v2/a/manifests/${reference}`)).status).toBe(404)
})
