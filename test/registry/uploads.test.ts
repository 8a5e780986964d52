import { randomBytes } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import { request as httpRequest } from 'node:http'
import { basename, join } from 'node:path'
import { Readable } from 'node:stream'
import { describe, expect, onTestFinished, test } from 'vitest'
import { AppError } from '../../src/contract/errors.ts'
import { sha256 } from '../../src/platform/digest.ts'
import { asStorageError } from '../../src/platform/files.ts'
import type { Http } from '../../src/platform/http.ts'
import { openFs } from '../../src/registry/blobs-fs.ts'
import { removeExpired } from '../../src/registry/uploads.ts'
import { ask, pushBytes, sha512, startUpload } from '../support/oci.ts'
import { openTestRegistry } from '../support/registry.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const bytes = Buffer.from('0123456789')
const digest = sha256(bytes)
const blob = `/v2/some/image/blobs/${digest}`
const open = async () => openTestRegistry(await temporaryFolder())
const chunk = (from: number, to: number) => ({
  body: bytes.subarray(from, to),
  headers: { 'content-range': `${from}-${to - 1}`, 'content-type': 'application/octet-stream' },
})

describe('O7 each way to push a blob, with sha256 and sha512, empty and not', () => {
  const contents = { 'an empty blob': Buffer.alloc(0), '{}': Buffer.from('{}'), 'a large blob': randomBytes(3_000_000) }
  for (const [name, content] of Object.entries(contents))
    for (const digestOf of [sha256, sha512]) {
      const right = digestOf(content)
      test(`${name} with ${digestOf.name}`, async () => {
        const { http } = await open()
        const pulled = async (repository: string) => (await ask(http, 'GET', `/v2/${repository}/blobs/${right}`)).body
        const post = await ask(http, 'POST', `/v2/a/blobs/uploads/?digest=${right}`, { body: content })
        expect(post).toMatchObject({ status: 201, headers: { location: `/v2/a/blobs/${right}` } })
        expect((await pulled('a')).equals(content)).toBe(true)

        const one = await startUpload(http, 'b')
        expect((await ask(http, 'PUT', `${one}?digest=${right}`, { body: content })).status).toBe(201)
        expect((await pulled('b')).equals(content)).toBe(true)

        const streamed = await startUpload(http, 'c')
        expect((await ask(http, 'PATCH', streamed, { body: content })).status).toBe(202)
        expect((await ask(http, 'PUT', `${streamed}?digest=${right}`)).status).toBe(201)
        expect((await pulled('c')).equals(content)).toBe(true)
      })
    }

  const wrong = sha256('something else')
  const ways = [
    { name: 'POST', push: (http: Http) => ask(http, 'POST', `/v2/a/blobs/uploads/?digest=${wrong}`, { body: bytes }) },
    {
      name: 'PUT',
      push: async (http: Http) => ask(http, 'PUT', `${await startUpload(http, 'a')}?digest=${wrong}`, { body: bytes }),
    },
    {
      name: 'PATCH and PUT',
      push: async (http: Http) => {
        const location = await startUpload(http, 'a')
        await ask(http, 'PATCH', location, { body: bytes })
        return ask(http, 'PUT', `${location}?digest=${wrong}`)
      },
    },
  ]
  for (const { name, push } of ways)
    test(`a wrong digest by ${name} is 400 DIGEST_INVALID, and no blob`, async () => {
      const { http } = await open()
      const answer = await push(http)
      expect(answer).toMatchObject({ status: 400, json: { errors: [{ code: 'DIGEST_INVALID' }] } })
      expect((await ask(http, 'HEAD', `/v2/a/blobs/${wrong}`)).status).toBe(404)
      expect((await ask(http, 'HEAD', `/v2/a/blobs/${digest}`)).status).toBe(404)
    })

  test('a digest of an unknown algorithm is 400', async () => {
    const { http } = await open()
    const location = await startUpload(http, 'a')
    expect((await ask(http, 'PUT', `${location}?digest=md5:0123`)).status).toBe(400)
    expect((await ask(http, 'PUT', location)).json.errors[0].code).toBe('DIGEST_INVALID')
    expect((await ask(http, 'POST', '/v2/a/blobs/uploads/?digest-algorithm=md5')).status).toBe(400)
    expect((await ask(http, 'POST', '/v2/a/blobs/uploads/?digest-algorithm=sha512')).status).toBe(202)
  })
})

test('O6 chunks out of order are 416 with where the upload stands, and the right one then succeeds', async () => {
  const { http } = await open()
  const location = await startUpload(http, 'some/image')
  expect(await ask(http, 'GET', location)).toMatchObject({ status: 204, headers: { range: '0-0', location } })
  expect(await ask(http, 'PATCH', location, chunk(0, 4))).toMatchObject({ status: 202, headers: { range: '0-3' } })
  for (const wrong of [chunk(5, 10), chunk(0, 4), chunk(3, 10)]) {
    const answer = await ask(http, 'PATCH', location, wrong)
    expect(answer).toMatchObject({ status: 416, headers: { range: '0-3', location } })
    expect(answer.json.errors[0]).toMatchObject({ code: 'BLOB_UPLOAD_INVALID', detail: { code: 'BLOB_UPLOAD_OFFSET' } })
  }
  expect(await ask(http, 'GET', location)).toMatchObject({ status: 204, headers: { range: '0-3' } })
  expect((await ask(http, 'PATCH', location, chunk(4, 8))).headers.range).toBe('0-7')
  expect((await ask(http, 'PUT', `${location}?digest=${digest}`, chunk(7, 10))).status).toBe(416)
  expect((await ask(http, 'PUT', `${location}?digest=${digest}`, chunk(8, 10))).status).toBe(201)
  expect((await ask(http, 'GET', blob)).body.equals(bytes)).toBe(true)
  expect((await ask(http, 'GET', location)).json.errors[0].code).toBe('BLOB_UPLOAD_UNKNOWN')
})

test('a hundred chunks come over one connection, without a warning', async () => {
  const { http } = await open()
  const warnings: Error[] = []
  const note = (warning: Error) => warnings.push(warning)
  process.on('warning', note)
  onTestFinished(() => void process.off('warning', note))
  const location = await startUpload(http, 'a')
  const content = randomBytes(100)
  for (let at = 0; at < 100; at++) {
    const body = content.subarray(at, at + 1)
    expect((await ask(http, 'PATCH', location, { body, headers: { 'content-range': `${at}-${at}` } })).status).toBe(202)
  }
  expect((await ask(http, 'PUT', `${location}?digest=${sha256(content)}`)).status).toBe(201)
  expect(warnings).toEqual([])
})

test('what a refused upload in one request left is removed', async () => {
  const limits = { maxManifestBytes: 4_194_304, maxBlobBytes: 1000, maxOpenUploads: 10 }
  const folder = await temporaryFolder()
  const { http } = await openTestRegistry(folder, { limits })
  const post = ask(http, 'POST', `/v2/a/blobs/uploads/?digest=${digest}`, { body: Buffer.alloc(5000) })
  expect((await post).status).toBe(413)
  expect(await readdir(join(folder, 'uploads'))).toEqual([])
})

test('a Content-Range that is none, or of another length than the body, is refused', async () => {
  const { http } = await open()
  const location = await startUpload(http, 'a')
  const patch = (range: string) => ask(http, 'PATCH', location, { body: bytes, headers: { 'content-range': range } })
  expect((await patch('first to last')).status).toBe(416)
  expect((await patch('0-100')).json.errors[0].code).toBe('SIZE_INVALID')
  expect((await patch('bytes 0-9/10')).status).toBe(202)
})

test('a cancelled upload is gone (end-14)', async () => {
  const { http } = await open()
  const location = await startUpload(http, 'a')
  await ask(http, 'PATCH', location, { body: bytes })
  expect((await ask(http, 'DELETE', location)).status).toBe(204)
  for (const method of ['GET', 'PATCH', 'DELETE'])
    expect((await ask(http, method, location)).json.errors[0].code).toBe('BLOB_UPLOAD_UNKNOWN')
})

test('an upload belongs to its repository', async () => {
  const { http } = await open()
  const location = await startUpload(http, 'a')
  expect((await ask(http, 'GET', location.replace('/v2/a/', '/v2/b/'))).status).toBe(404)
})

describe('mounting (end-11)', () => {
  test('a blob of another repository is mounted without sending it', async () => {
    const { http } = await open()
    await pushBytes(http, 'from/here', bytes)
    const mount = await ask(http, 'POST', `/v2/to/there/blobs/uploads/?mount=${digest}&from=from/here`)
    expect(mount).toMatchObject({ status: 201, headers: { location: `/v2/to/there/blobs/${digest}` } })
    expect((await ask(http, 'GET', `/v2/to/there/blobs/${digest}`)).body.equals(bytes)).toBe(true)
  })

  test('a blob of a repository that one may not read begins an upload', async () => {
    const { http } = await openTestRegistry(await temporaryFolder(), {
      authorize: async (_request, action, repository) => {
        if (action === 'pull' && repository === 'from/here') throw new AppError('DENIED', 'not yours')
      },
    })
    await pushBytes(http, 'from/here', bytes)
    expect((await ask(http, 'POST', `/v2/to/there/blobs/uploads/?mount=${digest}&from=from/here`)).status).toBe(202)
    expect((await ask(http, 'HEAD', `/v2/to/there/blobs/${digest}`)).status).toBe(404)
  })

  test('without from it is found in any repository that one may read, for each digest algorithm', async () => {
    const { http } = await openTestRegistry(await temporaryFolder(), {
      authorize: async (_request, action, repository) => {
        if (action === 'pull' && repository.startsWith('secret/')) throw new AppError('DENIED', 'not yours')
      },
    })
    for (const named of [digest, sha512(bytes)]) {
      await ask(http, 'POST', `/v2/secret/a/blobs/uploads/?digest=${named}`, { body: bytes })
      const mount = `/v2/to/there/blobs/uploads/?mount=${named}`
      expect((await ask(http, 'POST', mount)).status).toBe(202)
      expect((await ask(http, 'HEAD', `/v2/to/there/blobs/${named}`)).status).toBe(404)
      await ask(http, 'POST', `/v2/where/ever/blobs/uploads/?digest=${named}`, { body: bytes })
      expect(await ask(http, 'POST', mount)).toMatchObject({
        status: 201,
        headers: { location: `/v2/to/there/blobs/${named}`, 'docker-content-digest': named },
      })
      expect((await ask(http, 'GET', `/v2/to/there/blobs/${named}`)).body.equals(bytes)).toBe(true)
    }
  })

  test('a blob that is not there begins an upload', async () => {
    const { http } = await open()
    await pushBytes(http, 'from/here', bytes)
    for (const query of [
      `mount=${sha256('no')}&from=from/here`,
      `mount=${digest}&from=else`,
      `mount=${sha256('no')}`,
    ]) {
      const answer = await ask(http, 'POST', `/v2/to/there/blobs/uploads/?${query}`)
      expect(answer.status).toBe(202)
      expect((await ask(http, 'GET', String(answer.headers.location))).status).toBe(204)
    }
    expect((await ask(http, 'HEAD', `/v2/to/there/blobs/${digest}`)).status).toBe(404)
  })
})

test('a blob is served only by the repositories that it was pushed to', async () => {
  const { http } = await open()
  await pushBytes(http, 'secret', bytes)
  expect((await ask(http, 'GET', `/v2/public/blobs/${digest}`)).json.errors[0].code).toBe('BLOB_UNKNOWN')
})

test('O14 two clients push the same blob at once: both get 201, and it is right', async () => {
  const { http } = await open()
  const content = randomBytes(2_000_000)
  const answers = await Promise.all(
    [1, 2].map(async () =>
      ask(http, 'PUT', `${await startUpload(http, 'a')}?digest=${sha256(content)}`, { body: content }),
    ),
  )
  expect(answers.map(({ status }) => status)).toEqual([201, 201])
  expect((await ask(http, 'GET', `/v2/a/blobs/${sha256(content)}`)).body.equals(content)).toBe(true)
})

test('a blob beyond the limit is 413, whatever its request says of its length', async () => {
  const limits = { maxManifestBytes: 4_194_304, maxBlobBytes: 1_000_000, maxOpenUploads: 10 }
  const { http } = await openTestRegistry(await temporaryFolder(), { limits })
  const location = await startUpload(http, 'a')
  const half = Buffer.alloc(600_000)
  expect((await ask(http, 'PATCH', location, { body: half })).status).toBe(202)
  expect((await ask(http, 'PATCH', location, { body: Readable.from([half]) })).status).toBe(413)
  const whole = await ask(http, 'POST', `/v2/a/blobs/uploads/?digest=${sha256('x')}`, { body: Buffer.alloc(1_000_001) })
  expect(whole).toMatchObject({ status: 413, json: { errors: [{ code: 'SIZE_INVALID' }] } })
})

test('a client that loses its connection goes on in a new one, even when the server has not noticed', async () => {
  const { http, url } = await open()
  const location = await startUpload(http, 'a')
  const stale = httpRequest(`${url}${location}`, { method: 'PATCH', headers: { 'content-length': '10' } })
  stale.on('error', () => {})
  stale.write(bytes.subarray(0, 4))
  await expect.poll(async () => (await ask(http, 'GET', location)).headers.range).toBe('0-3')

  expect((await ask(http, 'PATCH', location, chunk(4, 10))).status).toBe(202)
  expect((await ask(http, 'PUT', `${location}?digest=${digest}`)).status).toBe(201)
  stale.destroy()
})

test('a full disk is 507, and the upload goes on when there is space again', async () => {
  const folder = await temporaryFolder()
  const real = await openFs({ folder })
  let full = true
  const { http } = await openTestRegistry(folder, {
    blobs: {
      ...real,
      append: (upload, source, limits) =>
        full
          ? Promise.reject(asStorageError(Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' }), folder))
          : real.append(upload, source, limits),
    },
  })
  const location = await startUpload(http, 'a')
  const refused = await ask(http, 'PATCH', location, { body: bytes })
  expect(refused).toMatchObject({ status: 507, json: { errors: [{ detail: { code: 'storage-full' } }] } })
  expect(refused.json.errors[0].message).toContain('no space is left on the disk')
  full = false
  expect((await ask(http, 'PUT', `${location}?digest=${digest}`, { body: bytes })).status).toBe(201)
})

test('O3 a repository with too many uploads open is 429 with Retry-After, until one of them ends', async () => {
  const limits = { maxManifestBytes: 4_194_304, maxBlobBytes: 1_000_000, maxOpenUploads: 2 }
  const { http } = await openTestRegistry(await temporaryFolder(), { limits })
  const first = await startUpload(http, 'a')
  await startUpload(http, 'a')
  expect(await ask(http, 'POST', '/v2/a/blobs/uploads/')).toMatchObject({
    status: 429,
    headers: { 'retry-after': expect.stringMatching(/^[1-9]\d*$/) },
    json: { errors: [{ code: 'TOOMANYREQUESTS', message: expect.stringContaining('2 uploads open') }] },
  })
  expect((await ask(http, 'POST', '/v2/b/blobs/uploads/')).status).toBe(202)
  await ask(http, 'DELETE', first)
  expect((await ask(http, 'POST', '/v2/a/blobs/uploads/')).status).toBe(202)
})

test('uploads in which nothing happened for long are removed with their bytes', async () => {
  const folder = await temporaryFolder()
  const { http, db, blobs } = await openTestRegistry(folder)
  const location = await startUpload(http, 'a')
  await ask(http, 'PATCH', location, { body: bytes })
  expect(await removeExpired(db, blobs, new Date(Date.now() - 60_000))).toBe(0)
  expect((await ask(http, 'GET', location)).status).toBe(204)
  expect(await removeExpired(db, blobs, new Date(Date.now() + 1000))).toBe(1)
  expect((await ask(http, 'GET', location)).status).toBe(404)
  expect(await readdir(join(folder, 'uploads'))).toEqual([])
})

test('bytes whose session a power cut took are removed, and those of a session are not', async () => {
  const folder = await temporaryFolder()
  const { http, db, blobs } = await openTestRegistry(folder)
  const lost = await startUpload(http, 'a')
  const kept = await startUpload(http, 'a')
  for (const location of [lost, kept]) await ask(http, 'PATCH', location, { body: bytes })
  await db.deleteFrom('uploads').where('id', '=', basename(lost)).execute()
  expect(await removeExpired(db, blobs, new Date(0))).toBe(0)
  expect(await readdir(join(folder, 'uploads'))).toEqual([basename(kept)])
  expect((await ask(http, 'PUT', `${kept}?digest=${digest}`)).status).toBe(201)
})
