import { AppError } from '../contract/errors.ts'
import type { ByteRange } from './blobs.ts'

/** More ranges than this in one request are answered with everything, so that a small request cannot ask for much work. */
const maxRanges = 16

/**
 * Reads a Range header (RFC 9110, 14.2). Undefined: send everything, which is the answer to a header that is no range of bytes, and
 * to one whose ranges are too many or together longer than the content.
 * @throws AppError RANGE_INVALID when no byte of the content lies in any of the ranges
 */
export function parseRanges(header: string | undefined, size: number): ByteRange[] | undefined {
  const [, list] = /^bytes=([\d\s,-]+)$/.exec(header ?? '') ?? []
  const texts = list?.split(',').map((text) => /^\s*(\d*)-(\d*)\s*$/.exec(text)) ?? []
  if (texts.length === 0 || texts.length > maxRanges) return undefined
  const ranges: ByteRange[] = []
  for (const text of texts) {
    const [, from = '', to = ''] = text ?? []
    if (from === '' && to === '') return undefined
    const first = from === '' ? Math.max(0, size - Number(to)) : Number(from)
    const last = from === '' || to === '' ? size - 1 : Math.min(Number(to), size - 1)
    if (first <= last && first < size) ranges.push({ first, last })
  }
  if (ranges.length === 0) throw new AppError('RANGE_INVALID', `the content has ${size} bytes; ${header} lies outside`)
  const asked = ranges.reduce((sum, range) => sum + lengthOf(range), 0)
  return ranges.length > 1 && asked > size ? undefined : ranges
}

export function lengthOf({ first, last }: ByteRange): number {
  return last - first + 1
}
