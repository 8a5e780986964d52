import { AppError } from '../contract/errors.ts'
import type { ByteRange } from './blobs.ts'

/**
 * Reads a Range header (RFC 9110, 14.2). Undefined: send everything, which is the answer to several ranges as well as to a header that
 * is no range of bytes.
 * @throws AppError RANGE_INVALID when no byte of the content lies in the range
 */
export function parseRange(header: string | undefined, size: number): ByteRange | undefined {
  const [, from = '', to = ''] = /^bytes=(\d*)-(\d*)$/.exec(header ?? '') ?? []
  if (from === '' && to === '') return undefined
  const first = from === '' ? Math.max(0, size - Number(to)) : Number(from)
  const last = from === '' || to === '' ? size - 1 : Math.min(Number(to), size - 1)
  if (first > last || first >= size || (from === '' && Number(to) === 0))
    throw new AppError('RANGE_INVALID', `the content has ${size} bytes; ${header} lies outside`)
  return { first, last }
}
