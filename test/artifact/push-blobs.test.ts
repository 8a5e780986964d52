import { randomBytes } from 'node:crypto'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { BlobSource } from '../../src/artifact/blob-source.ts'
import { pushBlobs } from '../../src/artifact/push-blobs.ts'
import { openRegistryClient } from '../../src/artifact/registry-client.ts'
import type { TransferOptions } from '../../src/artifact/registry-peer.ts'
import { AppError } from '../../src/contract/errors.ts'
import { sha256 } from '../../src/platform/digest.ts'
import { openHttp } from '../../src/platform/http.ts'
import { openCuttingProxy } from '../support/cutting-proxy.ts'
import { serveHttp } from '../support/http-server.ts'
import { ask } from '../support/oci.ts'
import { openTestRegistry } from '../support/registry.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const clock = { now: () => new Date(0), sleep: async () => {} }

function blobOf(bytes: Buffer) {
  return { bytes, digest: sha256(bytes), size: bytes.length }
}

const small = (count: number) => Array.from({ length: count }, (_, index) => blobOf(Buffer.from(`blob ${index}`)))

/** A client whose uploads end when the test says so, or when they are stopped. */
function heldClient() {
  const uploads: { digest: string; end: () => void; fail: (error: Error) => void; options: TransferOptions }[] = []
  return {
    uploads,
    pushBlob: ({ digest }: BlobSource, options: TransferOptions = {}) =>
      new Promise<void>((resolve, reject) => {
        uploads.push({ digest, end: resolve, fail: reject, options })
        options.signal?.addEventListener('abort', () => reject(options.signal?.reason))
      }),
  }
}

const turn = () => new Promise((resolve) => setImmediate(resolve))

describe('several blobs', () => {
  test('go up beside each other, four at once, each content once; their progress is that of all together', async () => {
    const client = heldClient()
    const blobs = small(6)
    const told: number[] = []
    const pushing = pushBlobs(client, [...blobs, ...blobs], {
      onProgress: (done, total) => told.push(done / total),
    })
    expect(client.uploads).toHaveLength(4)
    client.uploads[2]?.end()
    await turn()
    expect(client.uploads).toHaveLength(5)
    for (const upload of client.uploads) upload.end()
    await turn()
    for (const { end, options } of client.uploads) {
      options.onProgress?.(6, 6)
      end()
    }
    await pushing
    expect(client.uploads.map(({ digest }) => digest)).toEqual(blobs.map(({ digest }) => digest))
    expect(told.map((part) => Math.round(part * 6))).toEqual([1, 2, 3, 4, 5, 6])
  })

  test('one that fails stops the others, which are not begun any more, and its reason is the one that is told', async () => {
    const client = heldClient()
    const pushing = pushBlobs(client, small(6), {})
    client.uploads[1]?.fail(new AppError('DENIED', 'not you'))
    await expect(pushing).rejects.toMatchObject({ code: 'DENIED', message: 'not you' })
    expect(client.uploads).toHaveLength(4)
    for (const { options } of client.uploads) expect(options.signal?.aborted).toBe(true)
  })

  test('who stops it stops all', async () => {
    const client = heldClient()
    const stop = new AbortController()
    const pushing = pushBlobs(client, small(6), { signal: stop.signal })
    stop.abort(new Error('enough'))
    await expect(pushing).rejects.toThrow('enough')
    expect(client.uploads).toHaveLength(4)
  })

  test('none is all done', async () => {
    await pushBlobs(heldClient(), [], {})
  })
})

test('U15 blobs whose connections are cut again and again all arrive, each from where the registry stands', async () => {
  const registry = await openTestRegistry(await temporaryFolder())
  const proxy = await openCuttingProxy(registry.url, { up: 600_000, times: 6 })
  const http = openHttp({ url: proxy.url })
  const folder = await temporaryFolder()
  const contents = [1_700_000, 900_000, 1_300_000, 10, 0].map((size) => randomBytes(size))
  const sources = await Promise.all(
    contents.map(async (bytes, index) => {
      const file = join(folder, String(index))
      await writeFile(file, bytes)
      return { file, digest: sha256(bytes), size: bytes.length }
    }),
  )
  const told: [number, number][] = []
  await pushBlobs(openRegistryClient(http, 'a', { clock }), sources, { onProgress: (...all) => told.push(all) })
  await http.close()
  expect(proxy.cuts).toBeGreaterThanOrEqual(3)
  expect(told.at(-1)).toEqual([3_900_010, 3_900_010])
  for (const bytes of contents)
    expect((await ask(registry.http, 'GET', `/v2/a/blobs/${sha256(bytes)}`)).body.equals(bytes)).toBe(true)
  // One whose very beginning was cut is not known to the client, and expires with nothing in it.
  const left = await registry.db.selectFrom('uploads').selectAll().execute()
  expect(left.filter(({ created_at, updated_at }) => created_at !== updated_at)).toEqual([])
})

/** A registry that begins every upload, never answers the bytes of `slow`, and refuses those of `refused` while `slow` is under way. */
async function refusingRegistry() {
  const paths: string[] = []
  let refuse = () => {}
  const { http } = await serveHttp((request, response) => {
    paths.push(`${request.method} ${request.url}`)
    request.resume()
    if (request.method === 'HEAD') return response.writeHead(404).end()
    if (request.method === 'POST')
      return response.writeHead(202, { location: `/v2/a/blobs/uploads/${paths.length}` }).end()
    if (request.method === 'DELETE') return response.writeHead(204).end()
    if (request.headers['content-length'] === '4')
      refuse = () => response.writeHead(413, { 'content-type': 'application/json' }).end('{}')
    if (paths.filter((path) => path.startsWith('PATCH')).length === 2) refuse()
  })
  return { http, paths }
}

test('when a blob is refused for good, no upload of the others is left in the registry', async () => {
  const { http, paths } = await refusingRegistry()
  const blobs = [blobOf(Buffer.from('slow one')), blobOf(Buffer.from('size'))]
  await expect(pushBlobs(openRegistryClient(http, 'a', { clock }), blobs, {})).rejects.toMatchObject({
    code: 'peer-refused',
    message: expect.stringContaining('413'),
  })
  const started = paths.filter((path) => path.startsWith('PATCH')).map((path) => path.split(' ')[1])
  const cancelled = paths.filter((path) => path.startsWith('DELETE')).map((path) => path.split(' ')[1])
  expect(started).toHaveLength(2)
  expect(cancelled.sort()).toEqual(started.sort())
})

test('a file that is gone, or has another length, ends the push at once with its name', async () => {
  const { http } = await openTestRegistry(await temporaryFolder())
  const file = join(await temporaryFolder(), 'source')
  await writeFile(file, 'bytes')
  const push = () => openRegistryClient(http, 'a', { clock }).pushBlob({ file, digest: sha256('bytes!'), size: 6 })
  await expect(push()).rejects.toMatchObject({
    code: 'input-invalid',
    message: `${file} has 5 bytes, and had 6; has it changed?`,
  })
  await rm(file)
  await expect(push()).rejects.toMatchObject({
    code: 'input-invalid',
    message: expect.stringContaining(`cannot read ${file}: ENOENT`),
  })
})
