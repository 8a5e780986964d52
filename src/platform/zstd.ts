import { pipeline, Readable } from 'node:stream'
import { constants, createZstdCompress, createZstdDecompress } from 'node:zlib'
import { AppError, type ErrorCode } from '../contract/errors.ts'
import { ByteReader } from './byte-reader.ts'

// A middle level: 19 gains a tenth in size and takes twenty times as long.
const level = 6
const pieceBytes = 64 * 1024
/** The frame of a MiB of zeros has some forty bytes. */
const smallFrameBytes = 256

/**
 * One zstd frame with a checksum. The same bytes in give the same bytes out, however they are cut into pieces: the compressor
 * is given pieces of one size, one at a time, and its end apart from the last of them.
 */
export function compressZstd(source: AsyncIterable<Uint8Array>): Readable {
  const zstd = createZstdCompress({
    params: { [constants.ZSTD_c_compressionLevel]: level, [constants.ZSTD_c_checksumFlag]: 1 },
  })
  const feed = async () => {
    for await (const piece of gathered(source))
      await new Promise<void>((resolve, reject) => zstd.write(piece, (error) => (error ? reject(error) : resolve())))
    zstd.end()
  }
  feed().catch((error) => zstd.destroy(error))
  return zstd
}

/**
 * Decompresses any number of frames, skippable ones among them, without ever holding a whole frame that is not small. The pieces are to be read
 * only: one may come again.
 *
 * Decision: walk the frames' headers ourselves and give each frame to a decompressor of its own.
 * Why: node:zlib ends at the end of the first frame, in some cases without an error. Not: one decompressor for all.
 * @throws AppError of the code `refusal` when the data is no zstd, is damaged, ends early or grows beyond `maxBytes`
 */
export async function* decompressZstd(
  source: AsyncIterable<Uint8Array>,
  { maxBytes, refusal = 'bundle-refused' }: { maxBytes: number; refusal?: ErrorCode },
): AsyncGenerator<Buffer> {
  const reader = new ByteReader(source, () => new AppError(refusal, 'the zstd data ends in the middle'))
  let bytes = 0
  let last: { frame: Buffer; content: Buffer } | undefined
  const tooLong = () => new AppError(refusal, `it unpacks to more than ${maxBytes} bytes`)
  try {
    while (!(await reader.atEnd())) {
      const magic = await reader.take(4)
      // RFC 8878, 3.1.2: sixteen magic numbers mark frames for others, to be passed over.
      if ((magic.readUInt32LE() & 0xfffffff0) >>> 0 === 0x184d2a50) {
        await reader.skip((await reader.take(4)).readUInt32LE())
        continue
      }
      if (magic.readUInt32LE() !== 0xfd2fb528) throw new AppError(refusal, notZstd(magic, bytes))
      const frame = frameBytes(magic, reader)
      const begin = await takeUpTo(frame, smallFrameBytes)
      // A disk is mostly zeros, and each stretch of them the same small frame: that is decompressed once.
      if (begin.whole && last?.frame.equals(begin.bytes)) {
        bytes += last.content.length
        if (bytes > maxBytes) throw tooLong()
        yield last.content
        continue
      }
      const content: Buffer[] = []
      const source = Readable.from(gathered(rejoined(begin.bytes, frame)))
      // The callback has nothing to say: an error destroys the last stream, which the loop reads.
      for await (const piece of pipeline(source, createZstdDecompress(), () => {})) {
        bytes += piece.length
        if (bytes > maxBytes) throw tooLong()
        if (begin.whole) content.push(piece)
        yield piece
      }
      if (begin.whole) last = { frame: begin.bytes, content: Buffer.concat(content) }
    }
  } catch (cause) {
    if (!(cause as NodeJS.ErrnoException).code?.startsWith('ZSTD_')) throw cause
    throw new AppError(refusal, `the zstd data is damaged: ${(cause as Error).message}`, { cause })
  } finally {
    await reader.close()
  }
}

/**
 * What begins a frame, up to `limit` bytes or one piece more; `whole` when that is all of it. So small a frame becomes 8 MiB at most: a block of
 * four bytes stands for 128 KiB (RFC 8878, 3.1.1.2.4).
 */
async function takeUpTo(frame: AsyncGenerator<Buffer>, limit: number): Promise<{ bytes: Buffer; whole: boolean }> {
  const pieces: Buffer[] = []
  for (let length = 0; length <= limit; ) {
    const { done, value } = await frame.next()
    if (done) return { bytes: Buffer.concat(pieces), whole: true }
    pieces.push(value)
    length += value.length
  }
  return { bytes: Buffer.concat(pieces), whole: false }
}

async function* rejoined(begin: Buffer, rest: AsyncGenerator<Buffer>): AsyncGenerator<Buffer> {
  yield begin
  yield* rest
}

/** The bytes of one frame, its magic number included (RFC 8878, 3.1.1). */
async function* frameBytes(magic: Buffer, reader: ByteReader): AsyncGenerator<Buffer> {
  yield magic
  const descriptor = await reader.take(1)
  yield descriptor
  const flags = descriptor.readUInt8()
  const singleSegment = (flags >> 5) & 1
  const windowBytes = 1 - singleSegment
  const dictionaryBytes = [0, 1, 2, 4][flags & 3] as number
  const sizeBytes = flags >> 6 ? 1 << (flags >> 6) : singleSegment
  yield await reader.take(windowBytes + dictionaryBytes + sizeBytes)
  for (let last = false; !last; ) {
    const header = await reader.take(3)
    yield header
    const value = header.readUIntLE(0, 3)
    last = (value & 1) === 1
    // RFC 8878, 3.1.1.2: a block of type 1 is one byte, to be repeated.
    yield* reader.pieces(((value >> 1) & 3) === 1 ? 1 : value >> 3)
  }
  if (flags & 4) yield await reader.take(4)
}

/** The same bytes in pieces of one size (the last may be shorter). */
async function* gathered(source: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  let piece = Buffer.allocUnsafe(pieceBytes)
  let filled = 0
  for await (const bytes of source) {
    for (let from = 0; from < bytes.length; ) {
      const length = Math.min(bytes.length - from, pieceBytes - filled)
      piece.set(bytes.subarray(from, from + length), filled)
      filled += length
      from += length
      if (filled < pieceBytes) continue
      yield piece
      piece = Buffer.allocUnsafe(pieceBytes)
      filled = 0
    }
  }
  if (filled > 0) yield piece.subarray(0, filled)
}

function notZstd(magic: Buffer, bytesBefore: number): string {
  const found = magic.toString('hex')
  return bytesBefore === 0
    ? `it is no zstd archive: it begins with the bytes ${found}`
    : `something that is no zstd follows the archive: ${found}`
}
