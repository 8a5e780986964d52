import { randomBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import type { Disk } from '../../src/image/disk.ts'
import { openDisk } from '../../src/image/open-disk.ts'
import { decompress } from '../../src/platform/decompress.ts'
import { type Cluster, type Qcow2Options, qcow2File } from './qcow2-file.ts'
import { extentsOf, sourceOf } from './source.ts'

const open = (file: Buffer): Promise<Disk> => openDisk(sourceOf(file), decompress)
const openMade = (clusters: readonly Cluster[], options?: Qcow2Options) => open(qcow2File(clusters, options))

/** What each kind of cluster reads as. */
function content(clusters: readonly Cluster[], clusterBytes: number): Buffer {
  return Buffer.concat(
    clusters.map((cluster) => {
      if (cluster === undefined || cluster === 'zero') return Buffer.alloc(clusterBytes)
      return Buffer.isBuffer(cluster) ? cluster : cluster.packed
    }),
  )
}

const text = (bytes: number, seed: number) =>
  Buffer.from(Array.from({ length: bytes }, (_, at) => ((at >> 4) * seed) & 63))

describe('what is in the clusters comes out', () => {
  const rows: { name: string; options: Qcow2Options; packed: boolean }[] = [
    { name: 'version 2, clusters of 512 bytes', options: { version: 2, clusterBits: 9 }, packed: true },
    { name: 'version 3, clusters of 64 KiB', options: { clusterBits: 16 }, packed: true },
    { name: 'zstd, clusters of 4 KiB', options: { clusterBits: 12, compression: 'zstd' }, packed: true },
    { name: 'clusters of 2 MiB', options: { clusterBits: 21 }, packed: false },
  ]
  test.each(rows)('$name', async ({ options, packed }) => {
    const bytes = 2 ** (options.clusterBits ?? 9)
    const plain = () => randomBytes(bytes)
    const clusters: Cluster[] = [plain(), plain(), undefined, plain()]
    if (packed)
      clusters.push({ packed: text(bytes, 3) }, { packed: text(bytes, 5) }, undefined, { packed: text(bytes, 7) })
    if (options.version !== 2) clusters.push('zero', plain())
    const disk = await openMade(clusters, options)
    const expected = content(clusters, bytes)
    expect(disk.sizeBytes).toBe(expected.length)
    expect((await disk.read(0, expected.length)).equals(expected)).toBe(true)
    // Any stretch, across any borders.
    for (const [from, to] of [
      [1, 2],
      [bytes - 1, bytes * 3 + 5],
      [bytes * 2 + 7, bytes * 4 - 1],
      [bytes * 3 + 9, expected.length],
    ] as const)
      expect((await disk.read(from, to - from)).equals(expected.subarray(from, to)), `${from} to ${to}`).toBe(true)
  })

  test('several tables, some of them missing', async () => {
    const clusters: Cluster[] = Array.from({ length: 200 }, (_, at) => (at % 70 < 3 ? randomBytes(512) : undefined))
    const disk = await openMade(clusters, { sizeBytes: 400 * 512 })
    const expected = Buffer.concat([content(clusters, 512), Buffer.alloc(200 * 512)])
    expect((await disk.read(0, disk.sizeBytes)).equals(expected)).toBe(true)
  })
})

describe('extents', () => {
  test('cover the disk without gaps; what is not kept, or kept as zeros, is zero', async () => {
    const full = Buffer.alloc(512, 1)
    const disk = await openMade([full, full, undefined, 'zero', { packed: full }], { sizeBytes: 5 * 512 })
    expect(await extentsOf(disk)).toEqual([
      { offset: 0, length: 1024, zero: false },
      { offset: 1024, length: 1024, zero: true },
      { offset: 2048, length: 512, zero: false },
    ])
  })

  test('an empty disk of 1 TiB costs a few reads', async () => {
    const source = sourceOf(qcow2File([], { clusterBits: 16, sizeBytes: 1024 ** 4 }))
    const disk = await openDisk(source, decompress)
    let length = 0
    for await (const extent of disk.extents()) {
      expect(extent).toMatchObject({ offset: length, zero: true })
      length += extent.length
    }
    expect(length).toBe(1024 ** 4)
    expect(source.readBytes).toBeLessThan(100_000)
  })

  test('a size that is no multiple of a cluster ends the last extent', async () => {
    const disk = await openMade([Buffer.alloc(4096, 1), Buffer.alloc(4096, 2)], { clusterBits: 12, sizeBytes: 5000 })
    expect(disk.sizeBytes).toBe(5120)
    expect(await extentsOf(disk)).toEqual([{ offset: 0, length: 5120, zero: false }])
  })
})

test('a file that ends within its last cluster is read, with zeros for the rest', async () => {
  const file = qcow2File([Buffer.alloc(4096, 1)], { clusterBits: 12 })
  const disk = await open(file.subarray(0, file.length - 96))
  expect(await disk.read(0, 4096)).toEqual(Buffer.concat([Buffer.alloc(4000, 1), Buffer.alloc(96)]))
})

describe('refused, with the reason', () => {
  const one = [Buffer.alloc(512, 1)]
  const change = (edit: (file: Buffer) => void): Buffer => qcow2File(one, { change: edit })
  const rows: { name: string; file: Buffer; message: string }[] = [
    {
      name: 'a backing file, by its name',
      file: change((file) => {
        file.writeBigUInt64BE(200n, 8)
        file.writeUInt32BE(11, 16)
        file.write('/etc/passwd', 200)
      }),
      message: 'is a change to the backing file "/etc/passwd"; make it one file',
    },
    {
      name: 'a backing file whose name lies beyond the file',
      file: change((file) => {
        file.writeBigUInt64BE(2n ** 63n, 8)
        file.writeUInt32BE(0xffffffff, 16)
      }),
      message: 'is a change to the backing file',
    },
    { name: 'encryption', file: change((file) => file.writeUInt32BE(2, 32)), message: 'is encrypted (method 2)' },
    { name: 'corrupt', file: change((file) => file.writeBigUInt64BE(2n, 72)), message: 'is marked as corrupt' },
    {
      name: 'an external data file',
      file: change((file) => file.writeBigUInt64BE(4n, 72)),
      message: 'keeps its data in another file',
    },
    { name: 'extended L2', file: change((file) => file.writeBigUInt64BE(16n, 72)), message: 'has extended L2 entries' },
    {
      name: 'an unknown feature',
      file: change((file) => file.writeBigUInt64BE(1n << 40n, 72)),
      message: 'has the feature 40, which is not known here',
    },
    {
      name: 'an unknown compression',
      file: change((file) => {
        file.writeBigUInt64BE(8n, 72)
        file.writeUInt8(2, 104)
      }),
      message: 'compressed by method 2',
    },
    {
      name: 'a compression that no feature announces',
      file: change((file) => file.writeUInt8(1, 104)),
      message: 'compressed by method 1',
    },
    {
      name: 'clusters too small',
      file: change((file) => file.writeUInt32BE(8, 20)),
      message: 'has clusters of 2^8 bytes',
    },
    {
      name: 'clusters too large',
      file: change((file) => file.writeUInt32BE(22, 20)),
      message: 'has clusters of 2^22 bytes',
    },
    { name: 'no disk', file: change((file) => file.writeBigUInt64BE(0n, 24)), message: 'has a disk of 0 bytes' },
    {
      name: 'a disk beyond all measure',
      file: change((file) => file.writeBigUInt64BE(2n ** 63n, 24)),
      message: 'has a disk of 9223372036854775808 bytes',
    },
    {
      name: 'an L1 table too short',
      file: change((file) => file.writeUInt32BE(0, 36)),
      message: 'has an L1 table of 0 entries; its disk needs 1',
    },
    {
      name: 'an L1 table too long',
      file: change((file) => {
        file.writeBigUInt64BE(1024n ** 4n, 24)
        file.writeUInt32BE(0xffffffff, 36)
      }),
      message: 'has an L1 table of 268435456 bytes; at most 33554432',
    },
    {
      name: 'an L1 table beyond the file',
      file: change((file) => file.writeBigUInt64BE(1n << 40n, 40)),
      message: 'has its L1 table at 1099511627776, where none can be',
    },
    {
      name: 'an L1 table off its place',
      file: change((file) => file.writeBigUInt64BE(513n, 40)),
      message: 'has its L1 table at 513, where none can be',
    },
    {
      name: 'a header too long',
      file: change((file) => file.writeUInt32BE(1 << 20, 100)),
      message: 'says that its header has 1048576 bytes',
    },
    { name: 'a header cut short', file: change(() => {}).subarray(0, 90), message: 'ends within its header' },
  ]
  test.each(rows)('$name', async ({ file, message }) => {
    await expect(open(file)).rejects.toMatchObject({ code: 'image-refused', message: expect.stringContaining(message) })
  })

  const l1 = 512
  const l2 = 1024
  const readRows: { name: string; file: Buffer; message: string }[] = [
    {
      name: 'a table beyond the file',
      file: change((file) => file.writeBigUInt64BE(1n << 50n, l1)),
      message: 'a table is at 1125899906842624, but the file has 2048 bytes; is it whole?',
    },
    {
      name: 'a cluster beyond the file',
      file: change((file) => file.writeBigUInt64BE(2048n, l2)),
      message: 'a cluster is at 2048, but the file has 2048 bytes',
    },
    {
      name: 'a compressed cluster beyond the file',
      file: change((file) => file.writeBigUInt64BE((1n << 62n) | 9000n, l2)),
      message: 'a compressed cluster is at 9000',
    },
    {
      name: 'a compressed cluster that is none',
      file: change((file) => file.writeBigUInt64BE((1n << 62n) | 1536n, l2)),
      message: 'a compressed cluster at 1536',
    },
    {
      name: 'a compressed cluster that is too short',
      file: qcow2File([{ packed: Buffer.alloc(100, 1) }], { sizeBytes: 512 }),
      message: 'it has 100 bytes, and not 512',
    },
    {
      name: 'a compressed cluster that grows too large',
      file: qcow2File([{ packed: Buffer.alloc(100_000, 1) }], { sizeBytes: 512 }),
      message: 'a compressed cluster at',
    },
    {
      name: 'the same in zstd',
      file: qcow2File([{ packed: Buffer.alloc(100_000, 1) }], { sizeBytes: 512, compression: 'zstd' }),
      message: 'a compressed cluster at',
    },
    {
      name: 'a zstd frame cut short',
      file: qcow2File([{ packed: randomBytes(512) }], { compression: 'zstd' }).subarray(0, -20),
      message: 'the zstd frame is cut short',
    },
  ]
  test.each(readRows)('$name, when it is read', async ({ file, message }) => {
    const disk = await open(file)
    await expect(disk.read(0, 512)).rejects.toMatchObject({
      code: 'image-refused',
      message: expect.stringContaining(message),
    })
  })

  test('tables that name one cluster again and again, to make a small file a huge disk', async () => {
    const shared = Array.from({ length: 60 }, (): Cluster => Buffer.alloc(65_536, 1))
    const file = qcow2File(shared, {
      clusterBits: 16,
      sizeBytes: 8192 * 65_536,
      change: (file) => {
        const table = 2 * 65_536
        for (let entry = 1; entry < 8192; entry++) file.copyWithin(table + entry * 8, table, table + 8)
      },
    })
    const disk = await open(file)
    await expect(extentsOf(disk)).rejects.toThrow('its tables name more data than the file holds')
  })
})

test('snapshots inside of an image do not count', async () => {
  const clusters = [Buffer.alloc(512, 1)]
  const disk = await openMade(clusters, {
    change: (file) => {
      file.writeUInt32BE(3, 60)
      file.writeBigUInt64BE(1n << 60n, 64)
    },
  })
  expect(await disk.read(0, 512)).toEqual(clusters[0])
})
