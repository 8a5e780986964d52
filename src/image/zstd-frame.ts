import { refused } from './source.ts'

/**
 * The length of the zstd frame with which `bytes` begin (RFC 8878, 3.1.1), by walking the headers of its blocks.
 * @throws AppError image-refused when there is no whole frame
 */
export function zstdFrameBytes(bytes: Buffer): number {
  if (bytes.length < 6 || bytes.readUInt32LE(0) !== 0xfd2fb528) throw refused('no zstd frame begins there')
  const flags = bytes.readUInt8(4)
  const singleSegment = (flags >> 5) & 1
  const dictionaryBytes = [0, 1, 2, 4][flags & 3] as number
  const sizeBytes = flags >> 6 ? 1 << (flags >> 6) : singleSegment
  let at = 5 + (1 - singleSegment) + dictionaryBytes + sizeBytes
  for (let last = false; !last; ) {
    if (at + 3 > bytes.length) throw refused('the zstd frame is cut short')
    const header = bytes.readUIntLE(at, 3)
    last = (header & 1) === 1
    // RFC 8878, 3.1.1.2: a block of type 1 is one byte, to be repeated.
    at += 3 + (((header >> 1) & 3) === 1 ? 1 : header >> 3)
  }
  if (flags & 4) at += 4
  if (at > bytes.length) throw refused('the zstd frame is cut short')
  return at
}
