import { crc32 } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { AppError } from '../../src/contract/errors.ts'
import { ImageInspection } from '../../src/contract/image.ts'
import { parse } from '../../src/contract/parse.ts'
import { inspectDisk } from '../../src/image/inspect.ts'
import { openDisk } from '../../src/image/open-disk.ts'
import { decompress } from '../../src/platform/decompress.ts'
import { writeGpt, writeMbr } from '../image/partition-file.ts'
import { type Cluster, qcow2File } from '../image/qcow2-file.ts'
import { sourceOf } from '../image/source.ts'
import { superblocks } from '../image/superblocks.ts'

const KiB = 1024
/** More is not needed to look at an image of these sizes, whatever it says of itself. */
const maxReadBytes = 32 * KiB * KiB

/** Numbers from 0 to below 1, the same ones for a seed (mulberry32). */
function randomFrom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let value = Math.imul(state ^ (state >>> 15), 1 | state)
    value = (value + Math.imul(value ^ (value >>> 7), 61 | value)) ^ value
    return ((value ^ (value >>> 14)) >>> 0) / 2 ** 32
  }
}

/** Changes some bytes, most of them where there is something, and sometimes cuts the end off. */
function mutate(original: Buffer, used: readonly number[], seed: number): Buffer {
  const random = randomFrom(seed)
  const pick = (below: number) => Math.floor(random() * below)
  const bytes = Buffer.from(original)
  for (let edits = 1 + pick(12); edits > 0; edits--) {
    const at = random() < 0.8 ? (used[pick(used.length)] as number) : pick(bytes.length)
    const values = [0, 0xff, 0x80, (bytes[at] as number) + 1, (bytes[at] as number) - 1, pick(256)]
    bytes[at] = (values[pick(values.length)] as number) & 0xff
  }
  return random() < 0.1 ? bytes.subarray(0, pick(bytes.length)) : bytes
}

/** Makes the checksums of a GPT right again, so that what was changed is looked at. */
function seal(disk: Buffer): Buffer {
  if (disk.length < 128 * KiB) return disk
  const entriesAt = disk.readUInt32LE(512 + 72) * 512
  const tableBytes = disk.readUInt32LE(512 + 80) * disk.readUInt32LE(512 + 84)
  disk.writeUInt32LE(crc32(disk.subarray(entriesAt, entriesAt + tableBytes)), 512 + 88)
  disk.writeUInt32LE(0, 512 + 16)
  disk.writeUInt32LE(crc32(disk.subarray(512, 512 + Math.min(512, disk.readUInt32LE(512 + 12)))), 512 + 16)
  return disk
}

function gptDisk(): Buffer {
  const disk = Buffer.alloc(256 * KiB)
  writeGpt(disk, [
    { type: 'C12A7328-F81F-11D2-BA4B-00A0C93EC93B', first: 64, last: 127, name: 'esp' },
    { type: '0FC63DAF-8483-4772-8E79-3D69D8477DE4', first: 128, last: 400, name: 'root' },
  ])
  superblocks.fat16?.write(disk.subarray(64 * 512))
  superblocks.ext4?.write(disk.subarray(128 * 512))
  return disk
}

function mbrDisk(): Buffer {
  const disk = Buffer.alloc(128 * KiB)
  writeMbr(disk, [
    { type: 0xa5, start: 1, sectors: 60, bootable: true },
    { type: 0x0f, start: 64, sectors: 180 },
  ])
  writeMbr(
    disk,
    [
      { type: 0x83, start: 1, sectors: 20 },
      { type: 5, start: 40, sectors: 60 },
    ],
    64,
  )
  writeMbr(
    disk,
    [
      { type: 0x82, start: 1, sectors: 20 },
      { type: 5, start: 80, sectors: 60 },
    ],
    104,
  )
  writeMbr(disk, [{ type: 0x83, start: 1, sectors: 20 }], 144)
  superblocks.ufs1?.write(disk.subarray(512))
  superblocks.ext2?.write(disk.subarray(65 * 512))
  return disk
}

function qcow2Disk(compression: 'deflate' | 'zstd'): Buffer {
  const disk = mbrDisk()
  const clusters = Array.from({ length: disk.length / 4096 }, (_, index): Cluster => {
    const bytes = disk.subarray(index * 4096, (index + 1) * 4096)
    if (bytes.every((byte) => byte === 0)) return index % 2 ? 'zero' : undefined
    return index % 3 === 0 ? { packed: bytes } : bytes
  })
  return qcow2File(clusters, { clusterBits: 12, compression })
}

function volumeWith(name: string): Buffer {
  const volume = Buffer.alloc(320 * KiB)
  superblocks[name]?.write(volume)
  return volume
}

const images: { name: string; image: Buffer; finish?: (bytes: Buffer) => Buffer; seeds: number }[] = [
  { name: 'a GPT', image: gptDisk(), seeds: 200 },
  { name: 'a GPT with right checksums', image: gptDisk(), finish: seal, seeds: 400 },
  { name: 'an MBR with logical partitions', image: mbrDisk(), seeds: 400 },
  { name: 'a QCOW2 with deflate', image: qcow2Disk('deflate'), seeds: 600 },
  { name: 'a QCOW2 with zstd', image: qcow2Disk('zstd'), seeds: 400 },
  ...Object.keys(superblocks).map((name) => ({ name, image: volumeWith(name), seeds: 40 })),
]

/** Looks at changed images; `share` of all changes, the same ones each time. */
export function changedImagesSuite(share: number): void {
  describe('whatever is changed in an image, it is told or refused, with few bytes read', () => {
    test.each(images)('$name', async ({ image, finish = (bytes) => bytes, ...all }) => {
      const seeds = all.seeds * share
      const used = [...image.keys()].filter((at) => image[at] !== 0)
      let told = 0
      for (let seed = 1; seed <= seeds; seed++) {
        const source = sourceOf(finish(mutate(image, used, seed)))
        try {
          const disk = await openDisk(source, decompress)
          const inspection = await inspectDisk(disk)
          parse(ImageInspection, { ...inspection, fileBytes: source.sizeBytes, allocatedBytes: 0 }, `seed ${seed}`)
          let end = 0
          for await (const extent of disk.extents()) {
            expect(extent.offset, `seed ${seed}`).toBe(end)
            end += extent.length
            if (!extent.zero) await disk.read(extent.offset, Math.min(extent.length, 64 * KiB))
          }
          expect(end, `seed ${seed}`).toBe(disk.sizeBytes)
          told += 1
        } catch (error) {
          if (!(error instanceof AppError)) throw new Error(`seed ${seed}`, { cause: error })
          expect(error.code, `seed ${seed}: ${error.message}`).toBe('image-refused')
        }
        expect(source.readBytes, `seed ${seed}`).toBeLessThan(maxReadBytes)
      }
      // Else nothing but the first check was tried.
      expect(told).toBeGreaterThan(seeds / 20)
    })
  })
}
