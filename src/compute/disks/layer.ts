import { createReadStream } from 'node:fs'
import { Readable } from 'node:stream'
import { decompressZstd } from '../../platform/zstd.ts'

/** The raw disk in a layer of an image, as it comes out of its file. @throws AppError image-refused (in the stream) */
export function unpackLayer(file: string, virtualSizeBytes: number): Readable {
  const packed = createReadStream(file, { highWaterMark: 256 * 1024 })
  return Readable.from(decompressZstd(packed, { maxBytes: virtualSizeBytes, refusal: 'image-refused' }))
}
