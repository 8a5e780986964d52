import { randomBytes } from 'node:crypto'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { expect, test } from 'vitest'
import { packDisk } from '../../src/artifact/pack-disk.ts'
import { publishImage } from '../../src/artifact/publish-image.ts'
import { openRegistryClient } from '../../src/artifact/registry-client.ts'
import type { ImageConfig } from '../../src/contract/image.ts'
import { type Manifest, mediaTypes } from '../../src/contract/oci.ts'
import type { Disk } from '../../src/image/disk.ts'
import { openDisk } from '../../src/image/open-disk.ts'
import { decompress } from '../../src/platform/decompress.ts'
import { openHttp } from '../../src/platform/http.ts'
import { decompressZstd } from '../../src/platform/zstd.ts'
import { openCuttingProxy } from '../support/cutting-proxy.ts'
import { ask } from '../support/oci.ts'
import { openTestRegistry } from '../support/registry.ts'
import { openTestServer } from '../support/server.ts'
import { slipway } from '../support/slipway.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { writeGpt } from './partition-file.ts'
import { type Cluster, qcow2File } from './qcow2-file.ts'
import { sourceOf } from './source.ts'
import { superblocks } from './superblocks.ts'

const MiB = 1024 * 1024

/** A disk of five and a half MiB: a GPT for UEFI with Linux, noise, and a lot of nothing. */
function rawDisk(): Buffer {
  const disk = Buffer.alloc(5.5 * MiB)
  writeGpt(disk, [
    { type: 'C12A7328-F81F-11D2-BA4B-00A0C93EC93B', first: 64, last: 2047, name: 'esp' },
    { type: '0FC63DAF-8483-4772-8E79-3D69D8477DE4', first: 2048, last: 10_000, name: 'root' },
  ])
  superblocks.ext4?.write(disk.subarray(2048 * 512))
  randomBytes(100_000).copy(disk, 3 * MiB - 50_000)
  return disk
}

/** The same disk as QCOW2: half of what is kept compressed, and nothing kept of what is zeros. */
function asQcow2(disk: Buffer): Buffer {
  const clusters = Array.from({ length: Math.ceil(disk.length / 65_536) }, (_, index): Cluster => {
    const bytes = Buffer.alloc(65_536)
    disk.copy(bytes, 0, index * 65_536, (index + 1) * 65_536)
    if (bytes.every((byte) => byte === 0)) return undefined
    return index % 2 ? { packed: bytes } : bytes
  })
  return qcow2File(clusters, { clusterBits: 16, sizeBytes: disk.length })
}

const diskOf = (file: Buffer): Promise<Disk> => openDisk(sourceOf(file), decompress)
const unpack = async (layer: Buffer) =>
  Buffer.concat(await Readable.from(decompressZstd(Readable.from([layer]), { maxBytes: 64 * MiB })).toArray())
const facts: Omit<ImageConfig, 'virtualSizeBytes' | 'minimumDiskBytes'> = {
  name: 'debian',
  version: '13.0.0',
  os: 'linux',
  architecture: 'amd64',
  firmware: 'uefi',
  originFormat: 'raw',
  partitionScheme: 'gpt',
}

test('X1 a raw image and the same as QCOW2 are pushed by command, and what is pulled back is the disk, byte for byte', async () => {
  const server = await openTestServer()
  const env = { SLIPWAY_URL: server.url, SLIPWAY_TOKEN: server.adminToken }
  const folder = await temporaryFolder()
  const disk = rawDisk()
  const raw = join(folder, 'disk.raw')
  const qcow2 = join(folder, 'disk.qcow2')
  await writeFile(raw, disk)
  await writeFile(qcow2, asQcow2(disk))

  const push = (file: string, version: string, more = {}) =>
    slipway(['image', 'push', 'debian', file, '--version', version, '--json'], { env: { ...env, ...more } })
  const first = await push(qcow2, '13.0.0', { TMPDIR: folder })
  expect([first.exitCode, first.stderr]).toEqual([0, ''])
  const published = JSON.parse(first.stdout)
  expect(published).toMatchObject({ repository: 'images/debian', version: '13.0.0' })
  expect((await readdir(folder)).filter((name) => name.startsWith('slipway'))).toEqual([])

  const http = openHttp({ url: server.url, authorization: `Bearer ${server.adminToken}` })
  try {
    const client = openRegistryClient(http, 'images/debian')
    const fetched = await client.getManifest('13.0.0')
    expect(fetched.digest).toBe(published.digest)
    const manifest: Manifest = JSON.parse(fetched.bytes.toString())
    const [layer] = manifest.layers
    expect(manifest).toMatchObject({
      artifactType: mediaTypes.image,
      config: { mediaType: mediaTypes.imageConfig },
      layers: [{ mediaType: mediaTypes.disk }],
      annotations: { 'org.opencontainers.image.title': 'debian', 'org.opencontainers.image.version': '13.0.0' },
    })
    await client.pullBlob(manifest.config, join(folder, 'config'))
    expect(JSON.parse(await readFile(join(folder, 'config'), 'utf8'))).toEqual({
      ...facts,
      originFormat: 'qcow2',
      virtualSizeBytes: 5.5 * MiB,
      minimumDiskBytes: 6 * MiB,
    })
    await client.pullBlob(layer as Manifest['config'], join(folder, 'layer'))
    expect((await unpack(await readFile(join(folder, 'layer')))).equals(disk)).toBe(true)

    // The same again is fine. The raw file has the same layer; only what it was before is another fact.
    expect(JSON.parse((await push(qcow2, '13.0.0')).stdout)).toEqual(published)
    expect((await push(raw, '13.0.1')).exitCode).toBe(0)
    const other: Manifest = JSON.parse((await client.getManifest('13.0.1')).bytes.toString())
    expect(other.layers).toEqual(manifest.layers)
  } finally {
    await http.close()
  }
  disk.writeUInt8(disk.readUInt8(4 * MiB) ^ 1, 4 * MiB)
  await writeFile(raw, disk)
  const refused = await push(raw, '13.0.1')
  expect([refused.exitCode, refused.stdout]).toEqual([1, ''])
  expect(refused.stderr).toContain('debian@13.0.1 is already published with other content')
}, 60_000)

test('equal disks give equal layers, however they were kept; each MiB is a frame that unpacks alone', async () => {
  const disk = rawDisk()
  const frames = await Readable.from(packDisk(await diskOf(disk), {})).toArray()
  const others = await Readable.from(packDisk(await diskOf(asQcow2(disk)), {})).toArray()
  expect(Buffer.concat(others).equals(Buffer.concat(frames))).toBe(true)
  expect(frames).toHaveLength(6)
  for (const [index, frame] of frames.entries())
    expect((await unpack(frame)).equals(disk.subarray(index * MiB, (index + 1) * MiB)), `frame ${index}`).toBe(true)
})

test('a disk larger than what is read at once is packed byte for byte, zeros among it', async () => {
  const disk = Buffer.concat([randomBytes(7 * MiB), Buffer.alloc(3 * MiB), randomBytes(5 * MiB + 512)])
  const layer = Buffer.concat(await Readable.from(packDisk(await diskOf(disk), {})).toArray())
  expect((await unpack(layer)).equals(disk)).toBe(true)
})

test('zeros cost almost nothing: a disk of 1 GiB with one byte in its middle', async () => {
  const bytes = Buffer.alloc(65_536)
  bytes.writeUInt8(1, 77)
  const clusters = Array.from({ length: 8193 }, (_, index): Cluster => (index === 8192 ? bytes : undefined))
  const source = sourceOf(qcow2File(clusters, { clusterBits: 16, sizeBytes: 1024 * MiB }))
  let packed = 0
  let doneBytes = 0
  const onProgress = (done: number) => {
    expect(done).toBeGreaterThan(doneBytes)
    doneBytes = done
  }
  for await (const frame of packDisk(await openDisk(source, decompress), { onProgress })) packed += frame.length
  expect(doneBytes).toBe(1024 * MiB)
  expect(packed).toBeLessThan(64 * 1024)
  expect(source.readBytes).toBeLessThan(5 * MiB)
})

test('zero extents within a frame, and extents of any size, do not hide what stands beside them', async () => {
  const bytes = Buffer.alloc(3 * MiB + 512)
  bytes.writeUInt8(1, MiB - 1)
  bytes.writeUInt8(2, 2 * MiB)
  bytes.writeUInt8(3, bytes.length - 1)
  for (const step of [512, 512 * 1000, MiB, MiB + 512, 2 * MiB]) {
    const disk = {
      ...sourceOf(bytes),
      async *extents() {
        for (let offset = 0; offset < bytes.length; offset += step) {
          const part = bytes.subarray(offset, offset + step)
          yield { offset, length: part.length, zero: part.every((byte) => byte === 0) }
        }
      },
    }
    const layer = Buffer.concat(await Readable.from(packDisk(disk, {})).toArray())
    expect((await unpack(layer)).equals(bytes), `extents of ${step} bytes`).toBe(true)
  }
})

test('a push whose connection is cut again and again goes on where the registry stands', async () => {
  const registry = await openTestRegistry(await temporaryFolder())
  const proxy = await openCuttingProxy(registry.url, { up: 900_000, times: 3 })
  const http = openHttp({ url: proxy.url })
  const disk = randomBytes(3 * MiB)
  const sent: number[] = []
  try {
    await publishImage({
      http,
      facts,
      disk: await diskOf(disk),
      temporaryFolder: await temporaryFolder(),
      onProgress: (done, total) => sent.push(done / total),
      client: { clock: { now: () => new Date(0), sleep: async () => {} } },
    })
  } finally {
    await http.close()
  }
  expect([proxy.cuts, sent.at(-1)]).toEqual([3, 1])
  const manifest: Manifest = (await ask(registry.http, 'GET', '/v2/images/debian/manifests/13.0.0')).json
  const layer = await ask(registry.http, 'GET', `/v2/images/debian/blobs/${manifest.layers[0]?.digest}`)
  expect((await unpack(layer.body)).equals(disk)).toBe(true)
})

test('a disk that turns out damaged while it is packed leaves nothing, here or in the registry', async () => {
  const { http } = await openTestRegistry(await temporaryFolder())
  const temporary = await temporaryFolder()
  const file = asQcow2(rawDisk())
  // The entry of the last cluster, which holds the backup of the GPT, points beyond the file.
  file.writeBigUInt64BE(BigInt(1024 * MiB), 2 * 65_536 + 87 * 8)
  const publish = publishImage({ http, facts, disk: await diskOf(file), temporaryFolder: temporary })
  await expect(publish).rejects.toMatchObject({ code: 'image-refused' })
  expect(await readdir(temporary)).toEqual([])
  const client = openRegistryClient(http, 'images/debian')
  expect(await client.statManifest('13.0.0')).toBeUndefined()
})

test('who stops a push in the middle leaves nothing behind', async () => {
  const { http } = await openTestRegistry(await temporaryFolder())
  const temporary = await temporaryFolder()
  const stop = new AbortController()
  const publish = publishImage({
    http,
    facts,
    disk: await diskOf(rawDisk()),
    temporaryFolder: temporary,
    onPacked: () => stop.abort(new Error('stopped')),
    signal: stop.signal,
  })
  await expect(publish).rejects.toThrow('stopped')
  expect(await readdir(temporary)).toEqual([])
})

test('a name or a version that is none is refused before anything is read', async () => {
  const { http } = await openTestRegistry(await temporaryFolder())
  const disk = { ...(await diskOf(rawDisk())), extents: () => expect.fail('read') }
  for (const wrong of [{ name: 'Debian' }, { name: 'a/b' }, { version: 'latest' }, { version: '13' }])
    await expect(
      publishImage({ http, facts: { ...facts, ...wrong }, disk, temporaryFolder: await temporaryFolder() }),
    ).rejects.toMatchObject({ code: 'input-invalid' })
})
