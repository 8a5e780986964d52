import { randomBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { AppError } from '../../src/contract/errors.ts'
import { sha256 } from '../../src/platform/digest.ts'
import { parseRanges } from '../../src/registry/byte-range.ts'
import { parsePath } from '../../src/registry/route-path.ts'
import { ask, imageManifest, pushBytes, putManifest } from '../support/oci.ts'
import { openTestRegistry } from '../support/registry.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const open = async () => openTestRegistry(await temporaryFolder())

describe('O5 a part of a blob of 2048 bytes', () => {
  const rows = [
    { range: 'bytes=500-1499', first: 500, last: 1499 },
    { range: 'bytes=500-', first: 500, last: 2047 },
    { range: 'bytes=-500', first: 1548, last: 2047 },
    { range: 'bytes=2000-5000', first: 2000, last: 2047 },
    { range: 'bytes=-5000', first: 0, last: 2047 },
    { range: 'bytes=0-0', first: 0, last: 0 },
  ]
  for (const { range, first, last } of rows)
    test(`${range} is 206 with bytes ${first} to ${last}`, async () => {
      const { http } = await open()
      const bytes = randomBytes(2048)
      const { digest } = await pushBytes(http, 'a', bytes)
      const answer = await ask(http, 'GET', `/v2/a/blobs/${digest}`, { headers: { range } })
      expect(answer).toMatchObject({
        status: 206,
        headers: { 'content-length': String(last - first + 1), 'content-range': `bytes ${first}-${last}/2048` },
      })
      expect(answer.body.equals(bytes.subarray(first, last + 1))).toBe(true)
    })

  test('bytes=500-0 and bytes=5000-10000 are 416 with the size', async () => {
    const { http } = await open()
    const { digest } = await pushBytes(http, 'a', randomBytes(2048))
    for (const range of ['bytes=500-0', 'bytes=5000-10000', 'bytes=2048-', 'bytes=-0'])
      expect(await ask(http, 'GET', `/v2/a/blobs/${digest}`, { headers: { range } })).toMatchObject({
        status: 416,
        headers: { 'content-range': 'bytes */2048' },
      })
  })

  test('what is no range of bytes is answered with everything; so are too many, or more than there is', () => {
    const many = `bytes=${Array.from({ length: 17 }, (_, at) => `${at}-${at}`).join(',')}`
    for (const header of [undefined, 'lines=1-2', 'bytes=-', 'bytes=x-y', 'bytes=1-2,-', many, 'bytes=0-1499,500-2047'])
      expect(parseRanges(header, 2048), header).toBeUndefined()
  })

  test('several ranges are 206 with a part for each that lies inside', async () => {
    const { http } = await open()
    const bytes = randomBytes(2048)
    const { digest } = await pushBytes(http, 'a', bytes)
    const answer = await ask(http, 'GET', `/v2/a/blobs/${digest}`, {
      headers: { range: 'bytes=0-9, 5000-6000, 100-199,-5' },
    })
    expect(answer).toMatchObject({ status: 206, headers: { 'content-length': String(answer.body.length) } })
    expect(answer.headers['content-range']).toBeUndefined()
    const [, boundary] = /^multipart\/byteranges; boundary=(\w+)$/.exec(String(answer.headers['content-type'])) ?? []
    const parts = answer.body.toString('latin1').split(`\r\n--${boundary}`)
    expect(parts.shift()).toBe('')
    expect(parts.pop()).toBe('--\r\n')
    const part = (first: number, last: number) =>
      `\r\nContent-Type: application/octet-stream\r\nContent-Range: bytes ${first}-${last}/2048\r\n\r\n${bytes.toString('latin1', first, last + 1)}`
    expect(parts).toEqual([part(0, 9), part(100, 199), part(2043, 2047)])
  })

  test('one of several ranges that lies inside is answered as if it were alone', async () => {
    const { http } = await open()
    const { digest } = await pushBytes(http, 'a', randomBytes(2048))
    const headers = { range: 'bytes=5000-6000,10-19' }
    expect(await ask(http, 'GET', `/v2/a/blobs/${digest}`, { headers })).toMatchObject({
      status: 206,
      headers: { 'content-range': 'bytes 10-19/2048', 'content-length': '10' },
    })
  })

  test('If-Range with the entity tag of something else is answered with everything', async () => {
    const { http } = await open()
    const { digest } = await pushBytes(http, 'a', randomBytes(2048))
    const status = async (ifRange: string) =>
      (await ask(http, 'GET', `/v2/a/blobs/${digest}`, { headers: { range: 'bytes=0-9', 'if-range': ifRange } })).status
    expect([await status(`"${digest}"`), await status('"else"')]).toEqual([206, 200])
  })
})

test('what a client has already is 304 without a body, for blobs and for manifests by tag and by digest', async () => {
  const { http } = await open()
  const { bytes, digest, manifest } = await imageManifest(http, 'a')
  await putManifest(http, 'a', 'latest', bytes)
  for (const [path, has] of [
    [`blobs/${manifest.config.digest}`, manifest.config.digest],
    ['manifests/latest', digest],
    [`manifests/${digest}`, digest],
  ])
    for (const method of ['GET', 'HEAD']) {
      const { headers } = await ask(http, method, `/v2/a/${path}`)
      expect(headers.etag).toBe(`"${has}"`)
      for (const known of [`"${has}"`, `"else", W/"${has}"`, '*']) {
        const again = await ask(http, method, `/v2/a/${path}`, { headers: { 'if-none-match': known } })
        expect(again, `${method} ${path} ${known}`).toMatchObject({ status: 304, headers: { etag: `"${has}"` } })
        expect(again.body).toHaveLength(0)
      }
      const other = await ask(http, method, `/v2/a/${path}`, { headers: { 'if-none-match': `"${sha256('else')}"` } })
      expect(other.status).toBe(200)
    }
})

test('O13 the namespace that a client of a mirror asks for is told back', async () => {
  const { http } = await open()
  const { bytes, manifest } = await imageManifest(http, 'a')
  await putManifest(http, 'a', 'latest', bytes)
  for (const path of ['manifests/latest', `blobs/${manifest.config.digest}`, 'tags/list']) {
    const answer = await ask(http, 'GET', `/v2/a/${path}?ns=docker.io:443`)
    expect(answer).toMatchObject({ status: 200, headers: { 'oci-namespace': 'docker.io:443' } })
    expect((await ask(http, 'GET', `/v2/a/${path}`)).headers['oci-namespace']).toBeUndefined()
    expect((await ask(http, 'GET', `/v2/a/${path}?ns=a%0d%0ab`)).headers['oci-namespace']).toBeUndefined()
  }
})

test('O4 a warning is a header of at most 4096 bytes without a date, whatever it has to say', async () => {
  const { http } = await open()
  const missing = Array.from({ length: 100 }, (_, at) => ({ mediaType: 'x', digest: sha256(String(at)), size: 1 }))
  const { bytes } = await imageManifest(http, 'a', { layers: missing })
  const warning = String((await putManifest(http, 'a', 'latest', bytes)).headers.warning)
  expect(warning).toHaveLength(4096)
  expect(warning).toMatch(/^299 - "not in a, [\x20\x21\x23-\x5b\x5d-\x7e]*\.\.\."$/)
  const whole = await imageManifest(http, 'a')
  expect((await putManifest(http, 'a', 'whole', whole.bytes)).headers.warning).toBeUndefined()
})

test('O11 HEAD answers the headers of GET, for a blob and for a manifest by tag and by digest', async () => {
  const { http } = await open()
  const { bytes, digest, manifest } = await imageManifest(http, 'a')
  await putManifest(http, 'a', 'latest', bytes)
  for (const path of [`blobs/${manifest.config.digest}`, 'manifests/latest', `manifests/${digest}`]) {
    // A client may close its connection after HEAD; that is between the two of them.
    const { date: _, connection: _c, 'keep-alive': _k, ...get } = (await ask(http, 'GET', `/v2/a/${path}`)).headers
    const head = await ask(http, 'HEAD', `/v2/a/${path}`)
    expect(head).toMatchObject({ status: 200, headers: get })
    expect(head.body).toHaveLength(0)
  }
})

test('a manifest comes back byte for byte, with the type it was pushed with', async () => {
  const { http } = await open()
  const { manifest } = await imageManifest(http, 'a')
  const bytes = Buffer.from(` ${JSON.stringify({ ...manifest, 'org.example.custom': [1, null] }, null, '\t')}\n`)
  expect(await putManifest(http, 'a', 'v', bytes)).toMatchObject({
    status: 201,
    headers: { 'docker-content-digest': sha256(bytes), location: `/v2/a/manifests/${sha256(bytes)}` },
  })
  for (const reference of ['v', sha256(bytes)]) {
    const answer = await ask(http, 'GET', `/v2/a/manifests/${reference}`)
    expect(answer.body.equals(bytes)).toBe(true)
    expect(answer.headers).toMatchObject({
      'content-type': 'application/vnd.oci.image.manifest.v1+json',
      'docker-content-digest': sha256(bytes),
    })
  }
})

describe('O1 names', () => {
  const good = ['a', 'a/b/c', 'a.b_c__d-e---f/0', 'x'.repeat(255)]
  const bad = ['A', 'a//b', '-a', 'a..b', 'a___b', 'a/b-', 'x'.repeat(256), 'ä', 'a b']
  for (const name of good)
    test(`${name.slice(0, 30)} is the name of a repository`, () => {
      expect(parsePath(`${name}/tags/list`)).toEqual({ kind: 'tags', repository: name })
    })
  for (const name of bad)
    test(`${name.slice(0, 30)} is 400 NAME_INVALID`, async () => {
      const { http } = await open()
      const path = `/v2/${encodeURI(name)}/manifests/latest`
      expect(await ask(http, 'GET', path)).toMatchObject({ status: 400, json: { errors: [{ code: 'NAME_INVALID' }] } })
    })

  test('a tag of another form is 400 NAME_INVALID', async () => {
    const { http } = await open()
    for (const tag of ['.a', '-a', 'x'.repeat(129), 'a+b'])
      expect((await ask(http, 'GET', `/v2/a/manifests/${tag}`)).json.errors[0].code, tag).toBe('NAME_INVALID')
  })

  test('repositories may have the words of addresses in their names', () => {
    expect(parsePath('blobs/uploads/manifests/tags/list')).toEqual({
      kind: 'tags',
      repository: 'blobs/uploads/manifests',
    })
    expect(parsePath('manifests/manifests/v1')).toEqual({ kind: 'manifest', repository: 'manifests', reference: 'v1' })
    expect(parsePath('a/blobs/blobs/uploads/')).toEqual({ kind: 'uploads', repository: 'a/blobs' })
    expect(parsePath('a/blobs/uploads')).toEqual({ kind: 'uploads', repository: 'a' })
  })
})

describe('O2 errors', () => {
  test('each is {errors: [{code, message, detail}]} with a code of the specification', async () => {
    const { http } = await open()
    const rows: [string, string, number, string][] = [
      ['GET', `/v2/a/blobs/${sha256('x')}`, 404, 'BLOB_UNKNOWN'],
      ['GET', '/v2/a/blobs/sha256:baddigeststring', 400, 'DIGEST_INVALID'],
      ['GET', '/v2/a/manifests/none', 404, 'MANIFEST_UNKNOWN'],
      ['GET', '/v2/a/manifests/sha256:baddigeststring', 400, 'DIGEST_INVALID'],
      ['GET', '/v2/a/tags/list', 404, 'NAME_UNKNOWN'],
      ['GET', '/v2/a/referrers/sha256:baddigeststring', 400, 'DIGEST_INVALID'],
      ['PATCH', '/v2/a/blobs/uploads/none', 404, 'BLOB_UPLOAD_UNKNOWN'],
      ['POST', '/v2/a/tags/list', 405, 'UNSUPPORTED'],
      ['GET', '/v2/what/is/this', 404, 'NAME_UNKNOWN'],
      ['DELETE', '/v2/a/manifests/none', 404, 'MANIFEST_UNKNOWN'],
      ['DELETE', `/v2/a/blobs/${sha256('x')}`, 404, 'BLOB_UNKNOWN'],
    ]
    for (const [method, path, status, code] of rows) {
      const answer = await ask(http, method, path)
      expect(answer, `${method} ${path}`).toMatchObject({
        status,
        json: { errors: [{ code, message: expect.any(String) }] },
      })
      expect(Object.keys(answer.json.errors[0])).toEqual(['code', 'message', 'detail'])
    }
  })

  test('end-1: /v2/ is 200, and 401 with WWW-Authenticate for one who has to say who he is', async () => {
    const { http } = await open()
    expect((await ask(http, 'GET', '/v2/')).status).toBe(200)
    const closed = await openTestRegistry(await temporaryFolder(), {
      authorize: async () => {
        throw new AppError('UNAUTHORIZED', 'say who you are')
      },
    })
    for (const path of ['/v2/', '/v2/a/manifests/v1'])
      expect(await ask(closed.http, 'GET', path)).toMatchObject({
        status: 401,
        headers: { 'www-authenticate': 'Basic realm="slipway"' },
        json: { errors: [{ code: 'UNAUTHORIZED', message: 'say who you are' }] },
      })
  })

  test('each request asks for the right that it needs, on its repository', async () => {
    const asked: string[] = []
    const { http } = await openTestRegistry(await temporaryFolder(), {
      authorize: async (_request, action, repository) => void asked.push(`${action} ${repository}`),
    })
    await ask(http, 'GET', '/v2/')
    await ask(http, 'HEAD', '/v2/a/b/manifests/v1')
    await ask(http, 'GET', '/v2/a/b/tags/list')
    await ask(http, 'POST', '/v2/a/b/blobs/uploads/')
    await ask(http, 'GET', '/v2/a/b/blobs/uploads/0')
    await ask(http, 'POST', `/v2/a/b/blobs/uploads/?mount=${sha256('x')}&from=c/d`)
    await ask(http, 'DELETE', '/v2/a/b/manifests/v1')
    expect(asked).toEqual(['pull ', 'pull a/b', 'pull a/b', 'push a/b', 'push a/b', 'pull c/d', 'delete a/b'])
  })
})
