import { crc32 } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { readLayout } from '../../src/image/partition-table.ts'
import { someGuid, writeGpt, writeMbr } from './partition-file.ts'
import { sourceOf, sparseSource } from './source.ts'
import { superblocks } from './superblocks.ts'

const MiB = 1024 * 1024
const efi = 'C12A7328-F81F-11D2-BA4B-00A0C93EC93B'
const linux = '0FC63DAF-8483-4772-8E79-3D69D8477DE4'
const layoutOf = (disk: Buffer) => readLayout(sourceOf(disk))

describe('GPT', () => {
  const partitions = [
    { type: efi, first: 64, last: 127, name: 'EFI Systempartition äöü', uuid: '2F2E1D60-8A1B-4C3D-9E4F-5A6B7C8D9E0F' },
    { type: 'AAAAAAAA-BBBB-CCCC-DDDD-EEEEEEEEEEEE', first: 128, last: 400, attributes: 4n },
  ]
  test.each([512, 4096])('sectors of %i bytes', async (sectorBytes) => {
    const disk = Buffer.alloc(512 * sectorBytes)
    writeGpt(disk, partitions, { sectorBytes })
    superblocks.ext4?.write(disk.subarray(128 * sectorBytes))
    expect(await layoutOf(disk)).toEqual({
      hasBootCode: false,
      table: {
        scheme: 'gpt',
        id: someGuid,
        sectorBytes,
        warnings: [],
        partitions: [
          {
            number: 1,
            startBytes: 64 * sectorBytes,
            sizeBytes: 64 * sectorBytes,
            type: efi,
            typeName: 'EFI system partition',
            bootable: false,
            name: 'EFI Systempartition äöü',
            uuid: '2F2E1D60-8A1B-4C3D-9E4F-5A6B7C8D9E0F',
          },
          {
            number: 2,
            startBytes: 128 * sectorBytes,
            sizeBytes: 273 * sectorBytes,
            type: 'AAAAAAAA-BBBB-CCCC-DDDD-EEEEEEEEEEEE',
            typeName: 'unknown',
            bootable: true,
            uuid: someGuid,
            fileSystem: superblocks.ext4?.found,
          },
        ],
      },
    })
  })

  const damages: { name: string; damage: (disk: Buffer) => void; warnings: string[] }[] = [
    {
      name: 'the first header damaged',
      damage: (disk) => disk.writeUInt8(9, 512 + 60),
      warnings: ['the first GPT is damaged: the checksum of its header is wrong'],
    },
    {
      name: 'the first entries damaged',
      damage: (disk) => disk.writeUInt8(9, 1024 + 40),
      warnings: ['the first GPT is damaged: the checksum of its entries is wrong'],
    },
    {
      name: 'the first header gone',
      damage: (disk) => disk.fill(0, 512, 1024),
      warnings: ['the first GPT is missing'],
    },
    {
      name: 'the backup gone',
      damage: (disk) => disk.fill(0, MiB - 512),
      warnings: ['the backup GPT is missing at the end of the disk'],
    },
    {
      name: 'the backup damaged',
      damage: (disk) => disk.writeUInt8(9, MiB - 512 + 60),
      warnings: ['the backup GPT is damaged: the checksum of its header is wrong'],
    },
  ]
  test.each(damages)('$name: the other one is used, and the damage told', async ({ damage, warnings }) => {
    const disk = Buffer.alloc(MiB)
    writeGpt(disk, partitions)
    damage(disk)
    const { table } = await layoutOf(disk)
    expect(table?.scheme).toBe('gpt')
    expect(table?.partitions).toHaveLength(2)
    expect(table?.warnings).toEqual(warnings)
  })

  test.each([
    {
      name: 'entries beyond the disk',
      change: { at: 72, value: 1n << 40n },
      reason: 'its entries lie beyond the end of the disk',
    },
    { name: 'a header of another place', change: { at: 24, value: 7n }, reason: 'its header is that of another place' },
    {
      name: 'entries that are too small',
      change: { at: 80, value: (64n << 32n) | 128n },
      reason: 'its entries have 64 bytes each',
    },
  ])('$name, with a right checksum: the backup is used', async ({ change, reason }) => {
    const disk = Buffer.alloc(MiB)
    writeGpt(disk, partitions)
    disk.writeBigUInt64LE(change.value, 512 + change.at)
    disk.writeUInt32LE(0, 512 + 16)
    disk.writeUInt32LE(crc32(disk.subarray(512, 512 + 92)), 512 + 16)
    const { table } = await layoutOf(disk)
    expect(table?.partitions).toHaveLength(2)
    expect(table?.warnings).toEqual([`the first GPT is damaged: ${reason}`])
  })

  test('both damaged: the protective MBR is shown, and why', async () => {
    const disk = Buffer.alloc(MiB)
    writeGpt(disk, partitions)
    disk.fill(0, 512, 1024).fill(0, MiB - 512)
    const { table } = await layoutOf(disk)
    expect(table).toMatchObject({ scheme: 'mbr', partitions: [{ type: '0xee', typeName: 'GPT' }] })
    expect(table?.warnings).toEqual([expect.stringContaining('neither the first one nor the backup can be read')])
  })

  test('without a protective MBR it does not count', async () => {
    const disk = Buffer.alloc(MiB)
    writeGpt(disk, partitions)
    disk.fill(0, 0, 512)
    expect(await layoutOf(disk)).toEqual({ hasBootCode: false })
  })

  test('a disk that has grown: the table is read, the backup is missed', async () => {
    const disk = Buffer.alloc(MiB)
    writeGpt(disk, partitions)
    const { table } = await readLayout(sparseSource(40 * MiB, [{ at: 0, bytes: disk }]))
    expect(table?.warnings).toEqual(['the backup GPT is missing at the end of the disk'])
  })

  test('a partition that ends before it begins is left out; one beyond the disk is told', async () => {
    const disk = Buffer.alloc(MiB)
    writeGpt(disk, [
      { type: linux, first: 200, last: 100 },
      { type: linux, first: 100, last: 2 ** 40 },
    ])
    const { table } = await layoutOf(disk)
    expect(table?.partitions.map(({ number }) => number)).toEqual([2])
    expect(table?.warnings).toEqual([
      'partition 1 is left out: it goes from sector 200 to 100',
      'partition 2 reaches beyond the end of the disk',
    ])
  })

  test('a table with more entries than are read is taken for damaged', async () => {
    const disk = Buffer.alloc(4 * MiB)
    writeGpt(disk, partitions, { entries: 2048 })
    expect((await layoutOf(disk)).table?.scheme).toBe('mbr')
  })
})

describe('MBR', () => {
  test('primary partitions, with the boot flag and a file system', async () => {
    const disk = Buffer.alloc(MiB)
    writeMbr(disk, [
      { type: 0x83, start: 64, sectors: 500, bootable: true },
      { type: 0, start: 0, sectors: 0 },
      { type: 0xa5, start: 1000, sectors: 600 },
      { type: 0x99, start: 1700, sectors: 10 },
    ])
    disk.writeUInt32LE(0x1a2b3c4d, 440)
    superblocks.ufs2?.write(disk.subarray(1000 * 512))
    const { table, hasBootCode } = await layoutOf(disk)
    expect(hasBootCode).toBe(false)
    expect(table).toMatchObject({ scheme: 'mbr', id: '0x1a2b3c4d', sectorBytes: 512, warnings: [] })
    expect(table?.partitions).toEqual([
      { number: 1, startBytes: 32_768, sizeBytes: 256_000, type: '0x83', typeName: 'Linux', bootable: true },
      {
        number: 3,
        startBytes: 512_000,
        sizeBytes: 307_200,
        type: '0xa5',
        typeName: 'FreeBSD',
        bootable: false,
        fileSystem: superblocks.ufs2?.found,
      },
      { number: 4, startBytes: 870_400, sizeBytes: 5120, type: '0x99', typeName: 'unknown', bootable: false },
    ])
  })

  test('logical partitions, each where its own sector says', async () => {
    const disk = Buffer.alloc(MiB)
    writeMbr(disk, [{ type: 0x0f, start: 100, sectors: 1500 }])
    writeMbr(
      disk,
      [
        { type: 0x83, start: 8, sectors: 100 },
        { type: 5, start: 200, sectors: 300 },
      ],
      100,
    )
    writeMbr(disk, [{ type: 0x82, start: 8, sectors: 50 }], 300)
    const { table } = await layoutOf(disk)
    expect(table?.partitions.map(({ number, startBytes, type }) => [number, startBytes / 512, type])).toEqual([
      [1, 100, '0x0f'],
      [5, 108, '0x83'],
      [6, 308, '0x82'],
    ])
    expect(table?.warnings).toEqual([])
  })

  test('a chain of logical partitions that is a circle, or breaks off, ends with a warning', async () => {
    const disk = Buffer.alloc(MiB)
    writeMbr(disk, [{ type: 5, start: 100, sectors: 1500 }])
    writeMbr(
      disk,
      [
        { type: 0x83, start: 8, sectors: 9 },
        { type: 5, start: 50, sectors: 9 },
      ],
      100,
    )
    expect((await layoutOf(disk)).table?.warnings).toEqual(['the chain of logical partitions is broken at sector 150'])
    writeMbr(
      disk,
      [
        { type: 0x83, start: 8, sectors: 9 },
        { type: 5, start: 0, sectors: 0 },
        { type: 5, start: 0, sectors: 9 },
      ],
      150,
    )
    const { table } = await layoutOf(disk)
    expect(table?.warnings).toEqual(['the chain of logical partitions comes back to sector 100'])
    expect(table?.partitions).toHaveLength(3)
  })

  test('a chain without an end is given up', async () => {
    const disk = Buffer.alloc(MiB)
    writeMbr(disk, [{ type: 5, start: 100, sectors: 1500 }])
    for (let link = 0; link < 200; link++)
      writeMbr(
        disk,
        [
          { type: 0x83, start: 1, sectors: 1 },
          { type: 5, start: link + 1, sectors: 9 },
        ],
        100 + link,
      )
    const { table } = await layoutOf(disk)
    expect(table?.warnings).toEqual(['only 128 logical partitions are read'])
    expect(table?.partitions).toHaveLength(129)
  })

  test('a partition beyond the end of the disk is told', async () => {
    const disk = Buffer.alloc(MiB)
    writeMbr(disk, [{ type: 0x83, start: 0xffffffff, sectors: 0xffffffff }])
    expect((await layoutOf(disk)).table?.warnings).toEqual(['partition 1 reaches beyond the end of the disk'])
  })

  test('the boot sector of a FAT is not taken for a table', async () => {
    const disk = Buffer.alloc(MiB)
    superblocks.fat16?.write(disk)
    disk.fill(0x41, 400, 500)
    expect(await layoutOf(disk)).toEqual({ hasBootCode: false, fileSystem: superblocks.fat16?.found })
  })

  test('a disk of zeros has neither', async () => {
    expect(await layoutOf(Buffer.alloc(MiB))).toEqual({ hasBootCode: false })
  })
})
