import { createReadStream } from 'node:fs'
import { Readable } from 'node:stream'
import { AppError } from '../contract/errors.ts'

/** Bytes whose digest and size are known: those of a file, or some in memory. */
export type BlobSource = { digest: string; size: number } & ({ file: string } | { bytes: Uint8Array })

/**
 * What follows the first `from` bytes, as fast as it is asked for; `onRead` is told how many bytes were taken so far. The stream fails
 * with AppError input-invalid when the file cannot be read, or is not as long as it was.
 */
export function readBlob(source: BlobSource, from: number, onRead: (bytes: number) => void): Readable {
  return Readable.from(counted(source, from, onRead), { objectMode: false })
}

async function* counted(source: BlobSource, from: number, onRead: (bytes: number) => void): AsyncGenerator<Uint8Array> {
  let read = from
  for await (const piece of pieces(source, from)) {
    read += piece.length
    onRead(read)
    yield piece
  }
  if (read !== source.size)
    throw new AppError('input-invalid', `${nameOf(source)} has ${read} bytes, and had ${source.size}; has it changed?`)
}

async function* pieces(source: BlobSource, from: number): AsyncGenerator<Uint8Array> {
  if ('bytes' in source) return yield source.bytes.subarray(from)
  try {
    yield* createReadStream(source.file, { start: from, end: source.size - 1, highWaterMark: 1 << 18 })
  } catch (cause) {
    throw new AppError('input-invalid', `cannot read ${source.file}: ${(cause as Error).message}`, { cause })
  }
}

function nameOf(source: BlobSource): string {
  return 'file' in source ? source.file : `the blob ${source.digest}`
}
