import { randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import { zstdCompressSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { compressZstd, decompressZstd } from '../../src/platform/zstd.ts'

/** 100,000 bytes that compress a little: not a multiple of anything that a decompressor works in. */
const part = (seed: number) => Buffer.from(Array.from({ length: 100_000 }, (_, at) => ((at * seed) % 251) ^ (at >> 9)))
const frame = (seed: number) => zstdCompressSync(part(seed))

function skippable(length: number): Buffer {
  const header = Buffer.alloc(8)
  header.writeUInt32LE(0x184d2a53, 0)
  header.writeUInt32LE(length, 4)
  return Buffer.concat([header, randomBytes(length)])
}

function* pieces(bytes: Buffer, size: number): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

async function decompress(bytes: Buffer, { pieceBytes = 65_536, maxBytes = 10_000_000 } = {}): Promise<Buffer> {
  return Buffer.concat(
    await Readable.from(decompressZstd(Readable.from(pieces(bytes, pieceBytes)), { maxBytes })).toArray(),
  )
}

describe('frames of 100,000 bytes', () => {
  const three = Buffer.concat([part(3), part(5), part(7)])
  const cases = [
    { name: 'one after the other', bytes: [frame(3), frame(5), frame(7)] },
    { name: 'after a skippable frame', bytes: [skippable(10), frame(3), frame(5), frame(7)] },
    { name: 'around skippable frames', bytes: [frame(3), skippable(70_000), frame(5), skippable(0), frame(7)] },
    { name: 'before a skippable frame', bytes: [frame(3), frame(5), frame(7), skippable(1000)] },
  ]
  for (const { name, bytes } of cases) {
    test(`${name}: all of them come out`, async () => {
      expect((await decompress(Buffer.concat(bytes))).equals(three)).toBe(true)
    })
    test(`${name}, cut into pieces of 7 bytes: all of them come out`, async () => {
      expect((await decompress(Buffer.concat(bytes), { pieceBytes: 7 })).equals(three)).toBe(true)
    })
  }

  test('one frame, cut into single bytes, comes out', async () => {
    expect((await decompress(frame(3), { pieceBytes: 1 })).equals(part(3))).toBe(true)
  })
})

test('small frames, equal ones and others, come out each in its turn, and count against the limit', async () => {
  const zeros = Buffer.alloc(1_000_000)
  const ones = Buffer.alloc(1_000_000, 1)
  const [zeroFrame, oneFrame] = [zstdCompressSync(zeros), zstdCompressSync(ones)]
  const frames = Buffer.concat([zeroFrame, zeroFrame, oneFrame, zeroFrame, frame(3), zeroFrame, zeroFrame])
  const content = Buffer.concat([zeros, zeros, ones, zeros, part(3), zeros, zeros])
  for (const pieceBytes of [7, 65_536]) expect((await decompress(frames, { pieceBytes })).equals(content)).toBe(true)
  const limited = decompress(Buffer.concat([zeroFrame, zeroFrame, zeroFrame]), { maxBytes: 2_999_999 })
  await expect(limited).rejects.toThrow('it unpacks to more than 2999999 bytes')
})

test('nothing, compressed, is nothing again', async () => {
  expect(await decompress(zstdCompressSync(Buffer.alloc(0)))).toHaveLength(0)
  expect(await decompress(Buffer.alloc(0))).toHaveLength(0)
})

test('content that does not compress, and one byte repeated, come out', async () => {
  const noise = randomBytes(300_001)
  const same = Buffer.alloc(3_000_000, 7)
  expect(
    (await decompress(Buffer.concat([zstdCompressSync(noise), zstdCompressSync(same)]))).equals(
      Buffer.concat([noise, same]),
    ),
  ).toBe(true)
})

test('data that ends early is an error wherever it ends', async () => {
  const whole = Buffer.concat([frame(3), skippable(100), frame(5)])
  const ends = new Set([frame(3).length, frame(3).length + 108, whole.length])
  for (let length = 1; length < whole.length; length += 97) {
    if (ends.has(length)) continue
    await expect(decompress(whole.subarray(0, length)), `after ${length} bytes`).rejects.toMatchObject({
      code: 'bundle-refused',
    })
  }
})

test('damaged data is an error', async () => {
  const bytes = Buffer.from(frame(3))
  bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] as number) ^ 0xff
  await expect(decompress(bytes)).rejects.toMatchObject({ code: 'bundle-refused' })
})

test('the checksum that compressing adds finds a changed byte', async () => {
  const bytes = Buffer.concat(await compressZstd(Readable.from([randomBytes(1000)])).toArray())
  bytes[500] = (bytes[500] as number) ^ 1
  await expect(decompress(bytes)).rejects.toMatchObject({ code: 'bundle-refused' })
})

test('what follows the last frame and is no zstd is an error', async () => {
  await expect(decompress(Buffer.concat([frame(3), Buffer.from('#!/bin/sh\n')]))).rejects.toThrow(
    'something that is no zstd follows the archive: 23212f62',
  )
})

test('a small archive that grows beyond the limit is stopped there', async () => {
  const bomb = zstdCompressSync(Buffer.alloc(200_000_000))
  let bytes = 0
  const read = async () => {
    for await (const piece of decompressZstd(Readable.from([bomb]), { maxBytes: 1_000_000 })) bytes += piece.length
  }
  await expect(read()).rejects.toThrow('it unpacks to more than 1000000 bytes')
  expect(bytes).toBeLessThanOrEqual(1_000_000)
})

test('the same bytes compress to the same bytes, however they are cut', async () => {
  const content = Buffer.concat([part(3), randomBytes(200_000), part(5)])
  const compress = async (size: number) =>
    Buffer.concat(await compressZstd(Readable.from(pieces(content, size))).toArray())
  const whole = await compress(content.length)
  for (const size of [1000, 65_536, 100_000]) expect((await compress(size)).equals(whole)).toBe(true)
  expect((await decompress(whole)).equals(content)).toBe(true)
})

test('an error of the source is the error of compressing', async () => {
  async function* broken() {
    yield Buffer.from('x')
    throw new Error('the disk is on fire')
  }
  await expect(compressZstd(broken()).toArray()).rejects.toThrow('the disk is on fire')
})
