import { type Disk, type Extent, maxDiskBytes, sectorBytes } from './disk.ts'
import { readPadded, refused, type Source } from './source.ts'

/**
 * A raw image: the disk itself. A last sector that is cut short is filled up with zeros, as hypervisors do.
 *
 * Decision: holes of the file are not known here; reading them gives zeros, without touching a disk. Why: Node cannot ask for them (SEEK_HOLE),
 * and the blocks that stat counts are no answer: a file system that compresses, keeps small files in its tables or has not written yet counts
 * fewer than there is data.
 */
export function openRaw(file: Source): Disk {
  if (file.sizeBytes === 0) throw refused('it is empty')
  if (file.sizeBytes > maxDiskBytes) throw refused(`it has ${file.sizeBytes} bytes; at most ${maxDiskBytes} are read`)
  const sizeBytes = Math.ceil(file.sizeBytes / sectorBytes) * sectorBytes
  return {
    format: 'raw',
    sizeBytes,
    read: (offset, length, into) => readPadded(file, offset, length, into),
    async *extents(): AsyncGenerator<Extent> {
      yield { offset: 0, length: sizeBytes, zero: false }
    },
  }
}
