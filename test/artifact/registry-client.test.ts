import { randomBytes } from 'node:crypto'
import { readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { openRegistryClient, type RegistryClientOptions } from '../../src/artifact/registry-client.ts'
import { mediaTypes } from '../../src/contract/oci.ts'
import type { Clock } from '../../src/platform/clock.ts'
import { sha256 } from '../../src/platform/digest.ts'
import { openHttp } from '../../src/platform/http.ts'
import { openCuttingProxy } from '../support/cutting-proxy.ts'
import { serveHttp } from '../support/http-server.ts'
import { ask, imageManifest, pushBytes } from '../support/oci.ts'
import { openTestRegistry } from '../support/registry.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

/** A clock on which pauses take no time but count. */
function hastyClock(): Clock & { slept: number[] } {
  const slept: number[] = []
  const now = () => new Date(slept.reduce((sum, ms) => sum + ms, 0))
  return { now, sleep: async (ms) => void slept.push(ms), slept }
}

const content = randomBytes(3_000_000)
const blob = { digest: sha256(content), size: content.length }

async function sourceFile() {
  const folder = await temporaryFolder()
  const file = join(folder, 'source')
  await writeFile(file, content)
  return { folder, source: { file, ...blob } }
}

/** A client whose network fails as told, and the registry behind it. */
async function openThroughProxy(
  cut: { up?: number; down?: number; times?: number },
  options: RegistryClientOptions = {},
) {
  const registry = await openTestRegistry(await temporaryFolder())
  const proxy = await openCuttingProxy(registry.url, cut)
  const http = openHttp({ url: proxy.url })
  const client = openRegistryClient(http, 'a', { clock: hastyClock(), ...options })
  return { registry, proxy, client, http }
}

describe('pushing a blob', () => {
  test('it arrives, and is not sent again when it is there', async () => {
    const { source } = await sourceFile()
    const { http } = await openTestRegistry(await temporaryFolder())
    const client = openRegistryClient(http, 'a')
    const progress: number[] = []
    await client.pushBlob(source, { onProgress: (done) => progress.push(done) })
    expect(progress.at(-1)).toBe(blob.size)
    expect(progress.length).toBeGreaterThan(2)
    expect(await client.statBlob(blob.digest)).toBe(blob.size)
    const again: number[] = []
    await client.pushBlob(source, { onProgress: (done) => again.push(done) })
    expect(again).toEqual([blob.size])
  })

  test('U15 a connection that is cut again and again is taken up where the registry stands', async () => {
    const { source } = await sourceFile()
    const { registry, proxy, client, http } = await openThroughProxy({ up: 900_000, times: 4 })
    await client.pushBlob(source)
    expect(proxy.cuts).toBeGreaterThanOrEqual(3)
    const stored = await ask(registry.http, 'GET', `/v2/a/blobs/${blob.digest}`)
    expect(stored.body.equals(content)).toBe(true)
    await http.close()
  })

  test('a blob of no bytes, and one of a single byte, arrive although the connection is cut', async () => {
    const { folder } = await sourceFile()
    for (const bytes of [Buffer.alloc(0), Buffer.from('x')]) {
      const { registry, client, http } = await openThroughProxy({ down: 300, times: 3 })
      const source = { file: join(folder, 'small'), digest: sha256(bytes), size: bytes.length }
      await writeFile(source.file, bytes)
      await client.pushBlob(source)
      expect((await ask(registry.http, 'GET', `/v2/a/blobs/${source.digest}`)).body.equals(bytes)).toBe(true)
      await http.close()
    }
  })

  test('a file that is not what its digest says is refused at once', async () => {
    const { source } = await sourceFile()
    const { http } = await openTestRegistry(await temporaryFolder())
    const clock = hastyClock()
    const push = openRegistryClient(http, 'a', { clock }).pushBlob({ ...source, digest: sha256('else') })
    await expect(push).rejects.toMatchObject({ code: 'DIGEST_INVALID' })
    expect(clock.slept).toEqual([])
  })

  test('one that the registry refuses for good ends at once, and leaves no upload there', async () => {
    const { source } = await sourceFile()
    const folder = await temporaryFolder()
    const limits = { maxManifestBytes: 4_194_304, maxBlobBytes: 1_000_000, maxOpenUploads: 10 }
    const { http, db } = await openTestRegistry(folder, { limits })
    const clock = hastyClock()
    await expect(openRegistryClient(http, 'a', { clock }).pushBlob(source)).rejects.toMatchObject({
      code: 'payload-too-large',
    })
    expect(clock.slept).toEqual([])
    expect(await db.selectFrom('uploads').selectAll().execute()).toEqual([])
    expect(await readdir(join(folder, 'uploads'))).toEqual([])
  })

  test('it stops when it is told to', async () => {
    const { source } = await sourceFile()
    const { http } = await serveHttp((request, response) => {
      if (request.method === 'HEAD') response.writeHead(404).end()
      else if (request.method === 'POST') response.writeHead(202, { location: '/v2/a/blobs/uploads/1' }).end()
    })
    const stop = new AbortController()
    const push = openRegistryClient(http, 'a').pushBlob(source, {
      signal: stop.signal,
      onProgress: () => stop.abort(new Error('enough')),
    })
    await expect(push).rejects.toThrow('enough')
  })
})

describe('pulling a blob', () => {
  test('U15 a connection that is cut again and again is taken up where the file stands', async () => {
    const { registry, proxy, client, http } = await openThroughProxy({ down: 900_000, times: 4 })
    await pushBytes(registry.http, 'a', content)
    const file = join(await temporaryFolder(), 'pulled')
    let received = 0
    let last = 0
    await client.pullBlob(blob, file, {
      onProgress: (done) => {
        received += Math.max(0, done - last)
        last = done
      },
    })
    expect(proxy.cuts).toBeGreaterThanOrEqual(3)
    expect(received).toBe(blob.size)
    expect((await readFile(file)).equals(content)).toBe(true)
    await http.close()
  })

  test('U2 what an earlier process left in the part is not fetched again', async () => {
    const { http } = await openTestRegistry(await temporaryFolder())
    await pushBytes(http, 'a', content)
    const folder = await temporaryFolder()
    await writeFile(join(folder, 'x.part'), content.subarray(0, 2_900_000))
    const progress: number[] = []
    await openRegistryClient(http, 'a').pullBlob(blob, join(folder, 'x'), { onProgress: (done) => progress.push(done) })
    expect(progress[0]).toBeGreaterThan(2_900_000)
    expect((await readFile(join(folder, 'x'))).equals(content)).toBe(true)
    expect(await readdir(folder)).toEqual(['x'])
  })

  test('a part that is damaged, or longer than the blob, is fetched from the start', async () => {
    const { http } = await openTestRegistry(await temporaryFolder())
    await pushBytes(http, 'a', content)
    for (const part of [Buffer.alloc(1000, 'x'), Buffer.alloc(blob.size, 'x'), Buffer.alloc(blob.size + 1)]) {
      const folder = await temporaryFolder()
      await writeFile(join(folder, 'x.part'), part)
      await openRegistryClient(http, 'a').pullBlob(blob, join(folder, 'x'))
      expect((await readFile(join(folder, 'x'))).equals(content)).toBe(true)
    }
  })

  test('a part goes on at a registry that does not know ranges', async () => {
    const { http } = await serveHttp((_request, response) => response.writeHead(200).end(content))
    const folder = await temporaryFolder()
    await writeFile(join(folder, 'x.part'), content.subarray(0, 1000))
    await openRegistryClient(http, 'a').pullBlob(blob, join(folder, 'x'))
    expect((await readFile(join(folder, 'x'))).equals(content)).toBe(true)
  })

  test('U13 T16 other bytes are refused, and nothing is left', async () => {
    const { http } = await serveHttp((_request, response) => response.writeHead(200).end(randomBytes(blob.size)))
    const folder = await temporaryFolder()
    const pull = openRegistryClient(http, 'a').pullBlob(blob, join(folder, 'x'))
    await expect(pull).rejects.toMatchObject({ code: 'DIGEST_INVALID', message: expect.stringContaining(blob.digest) })
    expect(await readdir(folder)).toEqual([])
  })

  test('T11 a body that never ends is cut at the declared length, and nothing is left', async () => {
    const { http } = await serveHttp((_request, response) => {
      const send = () => {
        while (!response.destroyed && response.write(content));
        if (!response.destroyed) response.once('drain', send)
      }
      send()
    })
    const folder = await temporaryFolder()
    const pull = openRegistryClient(http, 'a').pullBlob(blob, join(folder, 'x'))
    await expect(pull).rejects.toMatchObject({ code: 'SIZE_INVALID' })
    expect(await readdir(folder)).toEqual([])
  })

  test('T12 U16 a registry that drips is cut below the least rate, and the reason is told', async () => {
    const { http } = await serveHttp((_request, response) => {
      const drip = setInterval(() => response.write('x'), 10)
      response.on('close', () => clearInterval(drip))
    })
    const folder = await temporaryFolder()
    const options = { retryMs: 0, minBytesPerSecond: 1_000_000, rateWindowMs: 100 }
    const pull = openRegistryClient(http, 'a', options).pullBlob(blob, join(folder, 'x'))
    await expect(pull).rejects.toMatchObject({
      code: 'peer-unreachable',
      message: expect.stringMatching(/bytes a second; at least 1000000 are expected/),
    })
    expect((await stat(join(folder, 'x.part'))).size).toBeGreaterThan(0)
  })

  test('a body that ends early is tried again until the time is over, and its part is kept', async () => {
    const { http } = await serveHttp((request, response) => {
      const first = Number(/bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0)
      response.writeHead(first > 0 ? 206 : 200, { 'content-range': `bytes ${first}-${blob.size - 1}/${blob.size}` })
      response.end(content.subarray(first, first + 10))
    })
    const folder = await temporaryFolder()
    const clock = hastyClock()
    const pull = openRegistryClient(http, 'a', { clock, retryMs: 10_000 }).pullBlob(blob, join(folder, 'x'))
    await expect(pull).rejects.toMatchObject({
      code: 'peer-unreachable',
      message: expect.stringContaining('broke off after'),
    })
    expect(clock.slept.length).toBeGreaterThan(2)
    expect((await stat(join(folder, 'x.part'))).size).toBe((clock.slept.length + 1) * 10)
  })
})

describe('answers that are no success', () => {
  const always = (status: number, headers: Record<string, string> = {}) =>
    serveHttp((_request, response) => response.writeHead(status, headers).end('no'))

  for (const { status, code } of [
    { status: 400, code: 'peer-refused' },
    { status: 401, code: 'UNAUTHORIZED' },
    { status: 403, code: 'DENIED' },
    { status: 404, code: 'peer-refused' },
    { status: 307, code: 'peer-refused' },
    { status: 507, code: 'peer-refused' },
  ])
    test(`U14 ${status} ends it at once`, async () => {
      const { http } = await always(status)
      const clock = hastyClock()
      await expect(openRegistryClient(http, 'a', { clock }).getManifest('v1')).rejects.toMatchObject({ code })
      expect(clock.slept).toEqual([])
    })

  for (const status of [429, 500, 502, 503, 504])
    test(`U15 ${status} is tried again, with growing pauses, until the time is over`, async () => {
      const { http } = await always(status)
      const clock = hastyClock()
      const get = openRegistryClient(http, 'a', { clock, retryMs: 20_000 }).getManifest('v1')
      await expect(get).rejects.toMatchObject({
        code: 'peer-refused',
        message: expect.stringContaining(String(status)),
      })
      expect(clock.slept.length).toBeGreaterThan(3)
      expect(clock.now().getTime()).toBeLessThanOrEqual(20_000)
    })

  test('O3 the pause that the registry asks for is kept', async () => {
    let asked = 0
    const { http } = await serveHttp((_request, response) => {
      asked += 1
      if (asked === 1) response.writeHead(429, { 'retry-after': '7' }).end()
      else response.writeHead(200, { 'content-type': mediaTypes.manifest }).end('{}')
    })
    const clock = hastyClock()
    expect((await openRegistryClient(http, 'a', { clock }).getManifest('v1')).bytes.toString()).toBe('{}')
    expect(clock.slept).toEqual([7000])
  })

  test('O3 a date until which the registry asks to wait is counted by the clock of the registry', async () => {
    let asked = 0
    const { http } = await serveHttp((_request, response) => {
      asked += 1
      const [date, later] = ['Sun, 06 Nov 1994 08:49:37 GMT', 'Sun, 06 Nov 1994 08:49:46 GMT']
      if (asked === 1) response.writeHead(503, { date, 'retry-after': later }).end()
      else response.writeHead(200, { 'content-type': mediaTypes.manifest }).end('{}')
    })
    const clock = hastyClock()
    await openRegistryClient(http, 'a', { clock }).getManifest('v1')
    expect(clock.slept).toEqual([9000])
  })

  test('O3 a registry that asks for more patience than there is ends it at once, and how long it asked for is told', async () => {
    const { http } = await always(429, { 'retry-after': '86400' })
    const clock = hastyClock()
    await expect(openRegistryClient(http, 'a', { clock }).getManifest('v1')).rejects.toMatchObject({
      code: 'peer-refused',
      message: expect.stringContaining('it asks to come again in 86400 s'),
    })
    expect(clock.slept).toEqual([])
  })

  test('a registry that is not there is told by its address, after the time is over', async () => {
    const http = openHttp({ url: 'http://127.0.0.1:1' })
    const clock = hastyClock()
    const stat = openRegistryClient(http, 'a', { clock, retryMs: 5000 }).statManifest('v1')
    await expect(stat).rejects.toMatchObject({
      code: 'peer-unreachable',
      message: expect.stringContaining('127.0.0.1:1'),
    })
    expect(clock.slept.length).toBeGreaterThan(1)
    await http.close()
  })
})

test('a Location on another machine is not followed there: the credentials stay with the registry', async () => {
  const { source } = await sourceFile()
  let foreign = 0
  const other = await serveHttp((_request, response) => {
    foreign += 1
    response.writeHead(201).end()
  })
  const paths: string[] = []
  const { http } = await serveHttp((request, response) => {
    paths.push(`${request.method} ${request.url}`)
    request.resume()
    if (request.method === 'HEAD') return response.writeHead(404).end()
    if (request.method === 'POST')
      return response.writeHead(202, { location: `${other.url}/v2/a/blobs/uploads/1?s=2` }).end()
    if (request.method === 'PATCH') return response.writeHead(202, { location: '/v2/a/blobs/uploads/1?s=3' }).end()
    return response.writeHead(201).end()
  })
  await openRegistryClient(http, 'a').pushBlob(source)
  expect(foreign).toBe(0)
  expect(paths.slice(1)).toEqual([
    'POST /v2/a/blobs/uploads/',
    'PATCH /v2/a/blobs/uploads/1?s=2',
    `PUT /v2/a/blobs/uploads/1?s=3&digest=${encodeURIComponent(blob.digest)}`,
  ])
})

test('a manifest asked for by its digest must have it', async () => {
  const { http } = await serveHttp((_request, response) =>
    response.writeHead(200, { 'content-type': mediaTypes.manifest }).end('{"other":true}'),
  )
  await expect(openRegistryClient(http, 'a').getManifest(sha256('{}'))).rejects.toMatchObject({
    code: 'DIGEST_INVALID',
  })
})

test('a manifest goes there and back; one that is not there is told', async () => {
  const { http } = await openTestRegistry(await temporaryFolder())
  const { bytes, digest } = await imageManifest(http, 'a')
  const client = openRegistryClient(http, 'a')
  expect(await client.statManifest('v1')).toBeUndefined()
  await expect(client.getManifest('v1')).rejects.toMatchObject({ code: 'MANIFEST_UNKNOWN' })
  expect(await client.putManifest('v1', bytes, mediaTypes.manifest)).toBe(digest)
  expect(await client.getManifest('v1')).toEqual({ bytes, digest, mediaType: mediaTypes.manifest })
  expect(await client.statManifest('v1')).toEqual({ digest, mediaType: mediaTypes.manifest, size: bytes.length })
})
