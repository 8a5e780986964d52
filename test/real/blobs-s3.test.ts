import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { buffer as readAll } from 'node:stream/consumers'
import { promisify } from 'node:util'
import { Type } from 'typebox'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { openRegistryClient } from '../../src/artifact/registry-client.ts'
import { Descriptor } from '../../src/contract/oci.ts'
import { parseJson } from '../../src/contract/parse.ts'
import { ServerConfig } from '../../src/contract/server-config.ts'
import { loadConfig } from '../../src/platform/config.ts'
import { sha256, sha256OfFile } from '../../src/platform/digest.ts'
import { openHttp } from '../../src/platform/http.ts'
import { openS3 } from '../../src/registry/blobs-s3.ts'
import { openBucket } from '../../src/registry/s3-bucket.ts'
import { lengthOf, pieceKey } from '../../src/registry/s3-chain.ts'
import { mostShortPieces, writePieces } from '../../src/registry/s3-pieces.ts'
import { openBlobs } from '../../src/server/blob-store.ts'
import { migrateStorage } from '../../src/server/migrate-storage.ts'
import { blobsSuite } from '../suites/blobs.ts'
import { type Minio, startMinio } from '../support/minio.ts'
import { openTestServer } from '../support/server.ts'

const MiB = 1024 * 1024
const plenty = { maxBytes: 50_000 * MiB }
let folder: string
let minio: Minio

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slw-minio-'))
  minio = await startMinio(folder)
}, 900_000)
afterAll(async () => {
  await minio?.kill()
  await rm(folder, { recursive: true, force: true })
})

async function open() {
  const options = await minio.bucket()
  const openAgain = async () => openS3(await openBucket(options))
  return { options, blobs: await openAgain(), openAgain }
}

blobsSuite('blobs in a bucket of MinIO', async () => {
  const { options, blobs, openAgain } = await open()
  return {
    blobs,
    reopen: openAgain,
    leftovers: async () => (await minio.keys(options)).filter((key) => !key.startsWith('blobs/')),
  }
})

test('an installation moves into a bucket and goes on there; what is cut off goes on, and what is damaged is named', async () => {
  const settings = await minio.settings()
  const server = await openTestServer()
  await server.publish('compute', '1.0.0')
  await server.publish('compute', '1.1.0', { mark: 'other' })
  await server.close()
  const config = await loadConfig(ServerConfig, { flags: { ...settings, data: server.data } })
  const old = await openBlobs({ ...config, storage: 'fs' })
  const bucket = await openBlobs(config)
  const db = await server.openDatabase()
  onTestFinished(() => db.destroy())

  const known = await db.selectFrom('blobs').select('digest').execute()
  let left = 2
  const cutOff = {
    ...old,
    read: (digest: string) => (left-- > 0 ? old.read(digest) : Promise.reject(new Error('cut off'))),
  }
  await expect(migrateStorage(db, cutOff, bucket)).rejects.toThrow('cut off')
  expect(await migrateStorage(db, old, bucket)).toMatchObject({ there: 2, copied: known.length - 2, damaged: [] })

  await db
    .insertInto('blobs')
    .values({ digest: sha256('lost'), size: 4, created_at: '' })
    .execute()
  expect(await migrateStorage(db, old, bucket)).toMatchObject({ there: known.length, damaged: [sha256('lost')] })

  const moved = await openTestServer({ ...settings, data: server.data })
  const { status, body } = await moved.api('GET', '/artifacts/components/compute')
  expect([status, body.releases.length]).toEqual([200, 2])
  await rm(join(server.data, 'blobs'), { recursive: true })
  for (const { digest } of known) expect((await bucket.stat(digest))?.sizeBytes, digest).toBeGreaterThan(0)
})

test('clients are sent to the bucket when the server is told so', async () => {
  const server = await openTestServer({ ...(await minio.settings()), s3Redirect: true })
  await server.publish('compute', '1.0.0')
  const http = openHttp({ url: server.url, authorization: `Bearer ${server.adminToken}` })
  onTestFinished(() => http.close())
  const registry = openRegistryClient(http, 'components/compute')
  const manifest = parseJson(
    Type.Object({ layers: Type.Array(Descriptor) }),
    (await registry.getManifest('1.0.0')).bytes.toString(),
    'm',
  )
  const [layer] = manifest.layers as [Descriptor]
  const path = `/v2/components/compute/blobs/${layer.digest}`

  const answer = await fetch(`${server.url}${path}`, {
    redirect: 'manual',
    headers: { authorization: `Bearer ${server.adminToken}` },
  })
  expect([answer.status, answer.headers.get('docker-content-digest')]).toEqual([307, layer.digest])
  expect(answer.headers.get('location')).toMatch(
    /^http:\/\/127\.0\.0\.1:\d+\/bucket-\d+\/blobs\/sha256\/.*X-Amz-Signature=/,
  )

  const file = join(folder, 'pulled')
  await registry.pullBlob(layer, file)
  expect(await sha256OfFile(file)).toBe(layer.digest)
  await rm(file)
  // What was cut off goes on: the place that it is sent to gives a part, too.
  await writeFile(`${file}.part`, '')
  await registry.pullBlob(layer, file)
  expect(await sha256OfFile(file)).toBe(layer.digest)

  const curl = [
    '-sfL',
    '-H',
    `authorization: Bearer ${server.adminToken}`,
    '-o',
    join(folder, 'curled'),
    `${server.url}${path}`,
  ]
  await promisify(execFile)('curl', curl)
  expect(await sha256OfFile(join(folder, 'curled'))).toBe(layer.digest)
})

describe('a bucket of MinIO', () => {
  test('a client that sends little at a time does not use up the pieces that an object is joined of', async () => {
    const bucket = await openBucket(await minio.bucket())
    const shortBytes = 5 * MiB
    /** An upload of so many chunks, of which only the last one is there: nobody reads the others. */
    const oneMore = async (chunks: number) => {
      const pieces = Array.from({ length: chunks }, (_, at) => {
        const offset = at * shortBytes
        return { key: pieceKey('uploads/one/', offset, shortBytes), offset, sizeBytes: shortBytes }
      })
      await bucket.put(pieces.at(-1)?.key as string, Buffer.alloc(shortBytes, 'b'))
      const chunk = Readable.from([Buffer.alloc(shortBytes, 'c')])
      const written = await writePieces(bucket, 'uploads/one/', pieces, chunk, { ...plenty, took: () => {} })
      expect(lengthOf(written)).toBe((chunks + 1) * shortBytes)
      return written
    }
    expect(await oneMore(mostShortPieces - 1)).toHaveLength(mostShortPieces)
    const filled = await oneMore(mostShortPieces)
    expect(filled).toHaveLength(mostShortPieces)
    const [last] = filled.slice(-1)
    expect(last).toMatchObject({ offset: (mostShortPieces - 1) * shortBytes, sizeBytes: 2 * shortBytes })
    expect(sha256(await readAll((await bucket.get(last?.key as string)) as Readable))).toBe(
      sha256(Buffer.concat([Buffer.alloc(shortBytes, 'b'), Buffer.alloc(shortBytes, 'c')])),
    )
  })

  test('more blobs than S3 tells of at a time are all told, each once', async () => {
    const { blobs, openAgain } = await open()
    const words = Array.from({ length: 1000 }, (_, at) => `blob ${at}`)
    const stores = await Promise.all(Array.from({ length: 20 }, openAgain))
    await Promise.all(
      stores.map(async (store, first) => {
        for (let at = first; at < words.length; at += stores.length) {
          const digest = sha256(words[at] as string)
          await store.append(`${at}`, Readable.from([Buffer.from(words[at] as string)]), { ...plenty, becomes: digest })
          await store.commit(`${at}`, digest)
        }
      }),
    )
    const told: string[] = []
    for await (const some of blobs.digests()) told.push(...some)
    expect(told.sort()).toEqual(words.map((word) => sha256(word)).sort())
  })

  test('a small blob that comes as a whole is in its place at once', async () => {
    const { blobs, options } = await open()
    const digest = sha256('abc')
    await blobs.append('one', Readable.from([Buffer.from('abc')]), { ...plenty, becomes: digest })
    expect(await minio.keys(options)).toEqual([expect.stringMatching(/^blobs\/sha256\//)])
    // The database was away, and the client asks again.
    await expect(blobs.commit('one', digest, () => Promise.reject(new Error('away')))).rejects.toThrow('away')
    expect(await blobs.commit('one', digest)).toEqual({ sizeBytes: 3 })
    // Who only knows its digest has no upload that becomes it.
    await expect(blobs.commit('two', digest)).rejects.toMatchObject({ code: 'DIGEST_INVALID' })
  })

  test('a blob of many pieces is joined in the server, whatever the size of what came', async () => {
    const { blobs, openAgain, options } = await open()
    const bytes = randomBytes(45 * MiB + 17)
    const pieces = [0, 100, 3 * MiB, 3 * MiB + 1, 20 * MiB, 40 * MiB, bytes.length]
    // Each by another server, as behind a balancer.
    for (const [at, first] of pieces.slice(0, -1).entries())
      await (await openAgain()).append('one', Readable.from(cut(bytes.subarray(first, pieces[at + 1]))), plenty)
    expect(await blobs.uploaded('one')).toBe(bytes.length)
    await blobs.commit('one', sha256(bytes))
    const read = Buffer.concat(await (await blobs.read(sha256(bytes))).toArray())
    expect(read.equals(bytes)).toBe(true)
    expect(await minio.keys(options)).toHaveLength(1)
  })

  test('O16 two servers that write to one upload lose nothing of it, and the second needs not wait for the first', async () => {
    const { blobs: first, openAgain, options } = await open()
    const second = await openAgain()
    const bytes = randomBytes(41 * MiB)
    // The connection to the first server breaks at 22 MiB, and the server notices late.
    const noticed = Promise.withResolvers<void>()
    const sent = Promise.withResolvers<void>()
    async function* stalling() {
      yield* cut(bytes.subarray(0, 22 * MiB))
      sent.resolve()
      await noticed.promise
      throw new Error('the client is gone')
    }
    const late = first.append('one', stalling(), { ...plenty, offset: 0 })
    late.catch(() => {})
    await sent.promise
    await expect.poll(() => second.uploaded('one'), { timeout: 20_000 }).toBe(16 * MiB)

    const upTo = (end: number) => Readable.from(cut(bytes.subarray(16 * MiB, end)))
    expect(await second.append('one', upTo(19 * MiB), { ...plenty, offset: 16 * MiB })).toBe(19 * MiB)
    noticed.resolve()
    await expect(late).rejects.toThrow('the client is gone')
    expect(await second.uploaded('one')).toBe(22 * MiB)
    // What came behind it from the first does not move what the client sends next.
    const rest = Readable.from(cut(bytes.subarray(19 * MiB)))
    expect(await second.append('one', rest, { ...plenty, offset: 19 * MiB })).toBe(bytes.length)
    const gone = second.append('one', Readable.from([]), { ...plenty, offset: 19 * MiB })
    await expect(gone).rejects.toMatchObject({ code: 'BLOB_UPLOAD_OFFSET' })

    expect(await first.commit('one', sha256(bytes))).toEqual({ sizeBytes: bytes.length })
    const read = Buffer.concat(await (await second.read(sha256(bytes))).toArray())
    expect(read.equals(bytes)).toBe(true)
    expect(await minio.keys(options)).toHaveLength(1)
  })

  test('what a server had joined when it was killed, and not yet written down, another one commits', async () => {
    const { blobs: first, openAgain, options } = await open()
    const digest = sha256('abc')
    await first.append('one', Readable.from([Buffer.from('abc')]), plenty)
    const killed = first.commit('one', digest, () => Promise.reject(new Error('killed')))
    await expect(killed).rejects.toThrow('killed')
    expect(await (await openAgain()).commit('one', digest)).toEqual({ sizeBytes: 3 })
    expect(await minio.keys(options)).toHaveLength(1)
  })

  test('other bytes for the same place, by another server, never become a blob of the wrong digest', async () => {
    const { blobs: first, openAgain } = await open()
    const second = await openAgain()
    const both = [randomBytes(1000), randomBytes(1000)] as const
    const begun = Promise.withResolvers<void>()
    async function* afterwards() {
      await begun.promise
      yield both[0]
    }
    const slow = first.append('one', afterwards(), plenty)
    await second.append('one', Readable.from([both[1]]), plenty)
    begun.resolve()
    await slow
    const kept: string[] = []
    for (const blobs of [first, second])
      for (const bytes of both) {
        const digest = sha256(bytes)
        const refused = await blobs.commit('one', digest).catch((error) => error)
        if (refused.code === 'DIGEST_INVALID') continue
        kept.push(digest)
        const read = Buffer.concat(await (await blobs.read(digest)).toArray())
        expect(sha256(read)).toBe(digest)
      }
    expect(kept).toHaveLength(1)
  })

  test('a MinIO that goes away in the middle of an upload: a retriable error, and what it has is gone on from', async () => {
    const { blobs } = await open()
    const bytes = randomBytes(40 * MiB)
    async function* untilItIsGone() {
      yield* cut(bytes.subarray(0, 20 * MiB))
      await minio.kill()
      yield* cut(bytes.subarray(20 * MiB))
    }
    await expect(blobs.append('one', untilItIsGone(), plenty)).rejects.toMatchObject({ code: 'storage-unavailable' })
    await expect(blobs.uploaded('one')).rejects.toMatchObject({ code: 'storage-unavailable', status: 503 })
    await minio.start()
    const kept = await blobs.uploaded('one')
    expect(kept).toBeLessThanOrEqual(20 * MiB)
    await blobs.append('one', Readable.from(cut(bytes.subarray(kept))), plenty)
    expect(await blobs.commit('one', sha256(bytes))).toEqual({ sizeBytes: bytes.length })
  })

  test('a bucket that is not there, and a key that is refused, are told before anything begins', async () => {
    const { options } = await open()
    await expect(openBucket({ ...options, bucket: 'not-there' })).rejects.toThrow(/has no bucket not-there; make it/)
    await expect(openBucket({ ...options, accessKey: 'nobody' })).rejects.toThrow(/refuses the access key nobody/)
  })
})

function* cut(bytes: Buffer): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += 100_000) yield bytes.subarray(at, at + 100_000)
}
