import { describe, expect, test } from 'vitest'
import { readFileSystem } from '../../src/image/file-system.ts'
import { sourceOf } from './source.ts'
import { superblocks } from './superblocks.ts'

const volumeBytes = 512 * 1024

describe('known by its superblock, with label and uuid', () => {
  test.each(Object.entries(superblocks))('%s', async (_name, { write, found }) => {
    const volume = Buffer.alloc(volumeBytes)
    write(volume)
    expect(await readFileSystem(sourceOf(volume))).toEqual(found)
  })
})

test('a volume of zeros holds nothing, however short it is', async () => {
  for (const bytes of [0, 1, 511, 512, 4096, 70_000, volumeBytes])
    expect(await readFileSystem(sourceOf(Buffer.alloc(bytes)))).toBeUndefined()
})

test('a label shows no control characters', async () => {
  const volume = Buffer.alloc(volumeBytes)
  superblocks.ext4?.write(volume)
  volume.write('a\x1b[2Jb', 1024 + 0x78)
  expect((await readFileSystem(sourceOf(volume)))?.label).toBe('a\ufffd[2Jb')
})

test('a ZFS whose facts cannot be read is a ZFS all the same', async () => {
  const volume = Buffer.alloc(volumeBytes)
  superblocks.zfs?.write(volume)
  volume.fill(0xff, 16_384 + 12, 16_384 + 4096)
  expect(await readFileSystem(sourceOf(volume))).toEqual({ type: 'zfs' })
})

test('a ZFS whose facts say that they are longer than they are: what came before counts', async () => {
  const volume = Buffer.alloc(volumeBytes)
  superblocks.zfs?.write(volume)
  const guid = volume.indexOf('pool_guid')
  volume.writeUInt32BE(0xfffffff0, guid - 4)
  expect(await readFileSystem(sourceOf(volume))).toEqual({ type: 'zfs', label: 'zroot' })
  const name = volume.indexOf('zroot')
  volume.writeUInt32BE(0xfffffff0, name - 4)
  expect(await readFileSystem(sourceOf(volume))).toEqual({ type: 'zfs', label: 'zroot' })
})

test('an NTFS whose attributes go round in a circle has no label', async () => {
  const volume = Buffer.alloc(volumeBytes)
  superblocks.ntfs?.write(volume)
  volume.writeUInt32LE(0, 4 * 4096 + 3 * 1024 + 60)
  expect(await readFileSystem(sourceOf(volume))).toEqual({ type: 'ntfs', uuid: '1234567890ABCDEF' })
})
