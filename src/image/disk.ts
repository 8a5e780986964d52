import type { ImageFormat } from '../contract/image.ts'
import type { Source } from './source.ts'

/** A stretch of a disk. What is `zero` need not be read. */
export interface Extent {
  offset: number
  length: number
  zero: boolean
}

/** The disk that a guest would see. Its size is a multiple of 512 bytes; reading answers zeros where nothing is stored. */
export interface Disk extends Source {
  readonly format: ImageFormat
  /** The whole disk in order, without gaps; neighbours may be alike. @throws AppError image-refused */
  extents(): AsyncIterable<Extent>
}

/** Sizes of disks are counted in these, by hypervisors too. */
export const sectorBytes = 512

/**
 * Far beyond any image, and small enough that no number here loses a bit and that no header makes a reader work for days.
 */
export const maxDiskBytes = 64 * 1024 ** 4
