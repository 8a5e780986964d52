import type { ImageInspection } from '../contract/image.ts'
import type { Disk } from './disk.ts'
import { guessGuest } from './guest.ts'
import { readLayout } from './partition-table.ts'

/** All that the bytes of a disk tell about it. @throws AppError image-refused */
export async function inspectDisk(disk: Disk): Promise<Omit<ImageInspection, 'fileBytes' | 'allocatedBytes'>> {
  const layout = await readLayout(disk)
  return {
    format: disk.format,
    virtualSizeBytes: disk.sizeBytes,
    partitionTable: layout.table ?? null,
    fileSystem: layout.fileSystem ?? null,
    guest: guessGuest(layout),
  }
}
