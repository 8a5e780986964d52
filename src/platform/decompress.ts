import { promisify } from 'node:util'
import { constants, inflateRaw, zstdDecompress } from 'node:zlib'

const methods = { deflate: promisify(inflateRaw), zstd: promisify(zstdDecompress) }
/** The most memory that a zstd frame may ask for, as a power of two: 16 MiB. */
const params = { [constants.ZSTD_d_windowLogMax]: 24 }

/**
 * Decompresses a stretch of bytes: raw deflate, behind whose end anything may follow, or one whole zstd frame (of several, Node takes the
 * first and says nothing of the others). Throws when the bytes are damaged, or become more than `maxBytes`.
 */
export function decompress(method: keyof typeof methods, bytes: Buffer, maxBytes: number): Promise<Buffer> {
  return methods[method](bytes, { maxOutputLength: maxBytes, ...(method === 'zstd' ? { params } : {}) })
}
