import type { FileSystem } from '../../contract/image.ts'
import type { Source } from '../source.ts'

/**
 * Looks for one family of file systems in a partition or on a whole disk, by its superblock alone: undefined when it is not there.
 * Whatever the bytes are, a probe reads a bounded number of them and does not throw for them.
 */
export type Probe = (volume: Source) => Promise<FileSystem | undefined>

/** A label of fixed width, filled up with zeros or blanks; nothing when it is empty. Control characters are made visible. */
export function label(bytes: Buffer, encoding: 'utf8' | 'utf16le' = 'utf8'): { label?: string } {
  const text = bytes
    .toString(encoding)
    .replace(/\0.*$/s, '')
    .replaceAll(/\p{Cc}/gu, '\ufffd')
    .trim()
  return text ? { label: text } : {}
}

/** Whether a number of a superblock is a power of two between two others. */
export function isPowerOfTwo(value: number, least: number, most: number): boolean {
  return value >= least && value <= most && Number.isInteger(Math.log2(value))
}
