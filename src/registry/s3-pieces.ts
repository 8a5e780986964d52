import { AppError } from '../contract/errors.ts'
import { type Bucket, leastPartBytes } from './s3-bucket.ts'
import { lengthOf, type Piece, pieceKey } from './s3-chain.ts'

interface PieceOptions {
  maxBytes: number
  /** Asked once all that there is of an upload came, and is in one piece: whether it has found a better place for it. Then nothing is written. */
  place?: ((bytes: Buffer) => Promise<boolean>) | undefined
  /** Told of the bytes that are new, in their order. */
  took(bytes: Uint8Array): void
}

/** Two of them are in memory for each upload under way. */
const pieceBytes = 16 << 20
/**
 * An object is joined of at most 10,000 pieces. So many of an upload may be as short as what its client sends at a time; those behind them are whole,
 * and as many of these reach to the end of whatever may be uploaded.
 */
export const mostShortPieces = 4500

/**
 * Appends what comes to the pieces of an upload, and answers them all. One piece is sent while the next one fills. A last piece that is too short to have
 * another one behind it is filled up: a longer one takes its place, then it goes. When the source fails, what came before is kept.
 * @throws AppError payload-too-large | storage-unavailable | storage-full; what the source throws
 */
export async function writePieces(
  bucket: Bucket,
  prefix: string,
  chain: readonly Piece[],
  source: AsyncIterable<Uint8Array>,
  { maxBytes, took, place }: PieceOptions,
): Promise<Piece[]> {
  const size = Math.max(pieceBytes, Math.ceil(maxBytes / mostShortPieces))
  const leastBytes = chain.length < mostShortPieces ? leastPartBytes : size
  const last = chain.at(-1)
  const refilled = last && last.sizeBytes < leastBytes ? last : undefined
  const written = chain.slice(0, refilled ? -1 : chain.length)
  let length = lengthOf(chain)
  let filled = 0
  // As long as what comes: most blobs are much shorter than a piece, and memory of that length keeps the collector of garbage busy.
  let buffer = Buffer.alloc(0)
  let resting = Buffer.alloc(0)
  let sending: Promise<void> = Promise.resolve()

  function fill(bytes: Uint8Array): Uint8Array {
    const taken = bytes.subarray(0, size - filled)
    if (buffer.length < filled + taken.length) {
      const longer = Buffer.allocUnsafe(Math.min(size, Math.max(filled + taken.length, 2 * buffer.length)))
      buffer.copy(longer, 0, 0, filled)
      buffer = longer
    }
    buffer.set(taken, filled)
    filled += taken.length
    return bytes.subarray(taken.length)
  }

  async function send(): Promise<void> {
    await sending
    const offset = lengthOf(written)
    const piece = { key: pieceKey(prefix, offset, filled), offset, sizeBytes: filled }
    written.push(piece)
    sending = bucket.put(piece.key, buffer.subarray(0, filled))
    // Who waits for it comes later; until then an error must not end the process.
    sending.catch(() => {})
    ;[buffer, resting] = [resting, buffer]
    filled = 0
  }

  if (refilled) for await (const bytes of readPieces(bucket, [refilled])) fill(bytes)
  try {
    for await (const bytes of source) {
      if (length + bytes.length > maxBytes)
        throw new AppError('payload-too-large', `the upload is longer than ${maxBytes} bytes, the most that is taken`)
      took(bytes)
      length += bytes.length
      for (let rest = fill(bytes); ; rest = fill(rest)) {
        if (filled < size) break
        await send()
      }
    }
    if (written.length === 0 && !refilled && (await place?.(buffer.subarray(0, filled)))) filled = 0
  } finally {
    if (filled > 0 && length > lengthOf(chain)) await send()
    await sending
    // One that stays takes room until the upload ends, and is in nobody's way.
    if (refilled && written.length >= chain.length) await bucket.remove([refilled.key]).catch(() => {})
  }
  return written.length >= chain.length ? written : [...chain]
}

/** The bytes of pieces, in their order. @throws AppError storage-unavailable when they do not come whole: without the rest it is another upload */
export async function* readPieces(bucket: Bucket, pieces: readonly Piece[]): AsyncGenerator<Uint8Array> {
  for (const { key, sizeBytes } of pieces) {
    let came = 0
    for await (const bytes of (await bucket.get(key)) ?? []) {
      came += bytes.length
      yield bytes
    }
    if (came !== sizeBytes)
      throw new AppError(
        'storage-unavailable',
        `of ${sizeBytes} bytes in ${key} ${came} came; another server may have finished this upload, or gone on with it; try again`,
      )
  }
}
