import { describe, expect, test } from 'vitest'
import { openDisk } from '../../src/image/open-disk.ts'
import { decompress } from '../../src/platform/decompress.ts'
import { qcow2File } from './qcow2-file.ts'
import { extentsOf, sourceOf } from './source.ts'

const at = (offset: number, magic: string, length = 65_536) => {
  const bytes = Buffer.alloc(length)
  bytes.write(magic, offset, 'latin1')
  return bytes
}

describe('formats that are not read are refused by name', () => {
  const rows = [
    { name: 'VMDK', bytes: at(0, 'KDMV') },
    { name: 'VMDK', bytes: at(0, '# Disk DescriptorFile\nversion=1\n') },
    { name: 'VHD', bytes: at(0, 'conectix') },
    { name: 'VHD', bytes: at(65_536 - 512, 'conectix') },
    { name: 'VHDX', bytes: at(0, 'vhdxfile') },
    { name: 'VDI', bytes: at(0x40, '\x7f\x10\xda\xbe') },
    { name: 'QED', bytes: at(0, 'QED\0') },
    { name: 'QCOW', bytes: at(0, 'QFI\xfb\0\0\0\x01') },
    { name: 'ISO 9660', bytes: at(32_769, 'CD001') },
    { name: 'xz', bytes: at(0, '\xfd7zXZ\0', 100) },
    { name: 'gzip', bytes: at(0, '\x1f\x8b\x08', 100) },
    { name: 'bzip2', bytes: at(0, 'BZh9', 100) },
    { name: 'zstd', bytes: at(0, '\x28\xb5\x2f\xfd', 100) },
  ]
  test.each(rows)('$name', async ({ name, bytes }) => {
    await expect(openDisk(sourceOf(bytes), decompress)).rejects.toMatchObject({
      code: 'image-refused',
      message: expect.stringContaining(`it is a file of the format ${name}, `),
    })
  })

  test('a QCOW2 of a version to come', async () => {
    const bytes = at(0, 'QFI\xfb\0\0\0\x04')
    await expect(openDisk(sourceOf(bytes), decompress)).rejects.toThrow('QCOW2 image of version 4; versions 2 and 3')
  })
})

test('everything else is raw, its last sector filled up with zeros', async () => {
  const bytes = Buffer.alloc(1000, 7)
  const disk = await openDisk(sourceOf(bytes), decompress)
  expect([disk.format, disk.sizeBytes]).toEqual(['raw', 1024])
  expect(await disk.read(0, 1024)).toEqual(Buffer.concat([bytes, Buffer.alloc(24)]))
  expect(await extentsOf(disk)).toEqual([{ offset: 0, length: 1024, zero: false }])
})

test('an empty file is refused', async () => {
  await expect(openDisk(sourceOf(Buffer.alloc(0)), decompress)).rejects.toThrow('it is empty')
})

test('a QCOW2 is known by its bytes', async () => {
  const disk = await openDisk(sourceOf(qcow2File([Buffer.alloc(512, 1)])), decompress)
  expect([disk.format, disk.sizeBytes]).toEqual(['qcow2', 512])
})
