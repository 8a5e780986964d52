import type { ImageFormat } from '../contract/image.ts'
import { readPadded, refused, type Source } from './source.ts'

const convert = 'which is not read; convert it first, with `qemu-img convert -O qcow2`'
const unpack = (program: string) => `which is compressed; unpack it first, with ${program}`

/** What is recognised and not read: its first bytes (a negative offset counts from the end), its name, and what to do about it. */
const foreign: readonly { offset: number; magic: string; name: string; advice: string }[] = [
  { offset: 0, magic: 'KDMV', name: 'VMDK', advice: convert },
  { offset: 0, magic: 'COWD', name: 'VMDK', advice: convert },
  { offset: 0, magic: '# Disk DescriptorFile', name: 'VMDK', advice: convert },
  { offset: 0, magic: 'vhdxfile', name: 'VHDX', advice: convert },
  { offset: 0, magic: 'conectix', name: 'VHD', advice: convert },
  { offset: -512, magic: 'conectix', name: 'VHD', advice: convert },
  { offset: 0x40, magic: '\x7f\x10\xda\xbe', name: 'VDI', advice: convert },
  { offset: 0, magic: 'QED\0', name: 'QED', advice: convert },
  { offset: 0, magic: '\x1f\x8b\x08', name: 'gzip', advice: unpack('gunzip') },
  { offset: 0, magic: '\xfd7zXZ\0', name: 'xz', advice: unpack('unxz') },
  { offset: 0, magic: 'BZh', name: 'bzip2', advice: unpack('bunzip2') },
  { offset: 0, magic: '\x28\xb5\x2f\xfd', name: 'zstd', advice: unpack('unzstd') },
  {
    offset: 32_769,
    magic: 'CD001',
    name: 'ISO 9660',
    advice: 'that of a CD; install from it, and take the disk that comes out',
  },
]

/**
 * Tells what a file is by its bytes; raw is what remains.
 *
 * Decision: the name of the file does not count, and no program is asked. Why: whoever fills a raw disk decides its first bytes, and may
 * write the header of another format there; such a disk is refused rather than guessed at.
 * @throws AppError image-refused for a format that is known and not read
 */
export async function recogniseFormat(file: Source): Promise<ImageFormat> {
  const head = await readPadded(file, 0, 8)
  if (head.toString('latin1', 0, 4) === 'QFI\xfb') return checkQcow(head.readUInt32BE(4))
  for (const { offset, magic, name, advice } of foreign) {
    const at = offset < 0 ? file.sizeBytes + offset : offset
    if (at < 0 || (await readPadded(file, at, magic.length)).toString('latin1') !== magic) continue
    throw refused(`it is a file of the format ${name}, ${advice}`)
  }
  return 'raw'
}

function checkQcow(version: number): ImageFormat {
  if (version === 2 || version === 3) return 'qcow2'
  throw refused(
    version === 1
      ? `it is a file of the format QCOW, ${convert}`
      : `it says that it is a QCOW2 image of version ${version}; versions 2 and 3 are read`,
  )
}
