import { AppError } from '../contract/errors.ts'

/** Bytes that can be read at any place: a file, a disk in it, a partition of that. */
export interface Source {
  readonly sizeBytes: number
  /**
   * Exactly these bytes; the caller stays within `sizeBytes`. May be called several times at once. They may be put into the memory of `into`,
   * which whoever reads a whole disk uses again and again: fresh memory costs more than reading a hole.
   */
  read(offset: number, length: number, into?: Buffer): Promise<Buffer>
}

/** How clusters are unpacked. Passed in, so that these readers are pure; the answer has at most `maxBytes`. */
export type Decompress = (method: 'deflate' | 'zstd', bytes: Buffer, maxBytes: number) => Promise<Buffer>

/** A part of a source; what lies beyond the source's own end is left out. */
export function partOf(source: Source, offset: number, length: number): Source {
  const sizeBytes = Math.max(0, Math.min(length, source.sizeBytes - offset))
  return { sizeBytes, read: (at, count) => source.read(offset + at, count) }
}

/** As `read`, with zeros for what lies beyond the end: superblocks stand at fixed places, whatever the size of the disk. */
export async function readPadded(source: Source, offset: number, length: number, into?: Buffer): Promise<Buffer> {
  const there = Math.max(0, Math.min(length, source.sizeBytes - offset))
  if (there === length) return source.read(offset, length, into)
  const bytes = Buffer.alloc(length)
  if (there > 0) (await source.read(offset, there)).copy(bytes)
  return bytes
}

/** The error for an image that is damaged, hostile, or of a kind that is not read. */
export function refused(reason: string): AppError {
  return new AppError('image-refused', reason)
}
