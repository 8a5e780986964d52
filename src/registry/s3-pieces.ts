import { AppError } from '../contract/errors.ts'
import { type Bucket, leastPartBytes } from './s3-bucket.ts'

interface PieceOptions {
  maxBytes: number
  /** Told of the bytes that are new, in their order. */
  took(bytes: Uint8Array): void
}

/** Two of them are in memory for each upload under way. */
const pieceBytes = 16 << 20
/** An object is joined of at most 10,000. */
const mostPieces = 9000

/**
 * Appends what comes to the pieces of an upload, and answers how long it is then. One piece is sent while the next one fills. A last piece that is too
 * short to have another one behind it is filled up: written anew under its name, which the server does in one step. When the source fails, what came
 * before is kept.
 * @throws AppError payload-too-large | storage-unavailable | storage-full; what the source throws
 */
export async function writePieces(
  bucket: Bucket,
  prefix: string,
  found: readonly { key: string; sizeBytes: number }[],
  source: AsyncIterable<Uint8Array>,
  { maxBytes, took }: PieceOptions,
): Promise<number> {
  const size = Math.max(pieceBytes, Math.ceil(maxBytes / mostPieces))
  const short = found.at(-1)
  const refilled = short && short.sizeBytes < leastPartBytes ? short : undefined
  let number = found.length - (refilled ? 1 : 0)
  let length = found.reduce((sum, piece) => sum + piece.sizeBytes, 0)
  let filled = 0
  let buffer = Buffer.allocUnsafe(size)
  let resting = Buffer.alloc(0)
  let sending: Promise<void> = Promise.resolve()

  function fill(bytes: Uint8Array): Uint8Array {
    const taken = bytes.subarray(0, size - filled)
    buffer.set(taken, filled)
    filled += taken.length
    return bytes.subarray(taken.length)
  }

  async function send(): Promise<void> {
    await sending
    sending = bucket.put(`${prefix}${String(number++).padStart(8, '0')}`, buffer.subarray(0, filled))
    // Who waits for it comes later; until then an error must not end the process.
    sending.catch(() => {})
    ;[buffer, resting] = [resting.length === size ? resting : Buffer.allocUnsafe(size), buffer]
    filled = 0
  }

  if (refilled) for await (const bytes of (await bucket.get(refilled.key)) ?? []) fill(bytes)
  const before = filled
  // Written anew without them, the piece would be shorter, and the upload another one.
  if (before !== (refilled?.sizeBytes ?? 0))
    throw new AppError(
      'storage-unavailable',
      `of ${refilled?.sizeBytes} bytes in ${refilled?.key} ${before} came; try again`,
    )
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
  } finally {
    if (filled > 0 && (filled !== before || number >= found.length)) await send()
    await sending
  }
  return length
}
