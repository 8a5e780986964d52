import type { Disk } from './disk.ts'
import { recogniseFormat } from './format.ts'
import { openQcow2 } from './qcow2.ts'
import { openRaw } from './raw.ts'
import type { Decompress, Source } from './source.ts'

/** Opens an image as a disk, whatever its format. @throws AppError image-refused, naming a format that is not read */
export async function openDisk(file: Source, decompress: Decompress): Promise<Disk> {
  const format = await recogniseFormat(file)
  return format === 'qcow2' ? openQcow2(file, decompress) : openRaw(file)
}
