import { expect, test } from 'vitest'
import type { Partition } from '../../src/contract/image.ts'
import { guessGuest } from '../../src/image/guest.ts'
import type { Layout } from '../../src/image/partition-table.ts'
import { gptTypeName, mbrTypes } from '../../src/image/partition-types.ts'

const efi = 'C12A7328-F81F-11D2-BA4B-00A0C93EC93B'
const freebsdBoot = '83BD6B9D-7F41-11DC-BE0B-001560B84F0F'
const freebsdZfs = '516E7CBA-6ECF-11D6-8FF8-00022D09712B'
const biosBoot = '21686148-6449-6E6F-744E-656564454649'
const linux = '0FC63DAF-8483-4772-8E79-3D69D8477DE4'
const basicData = 'EBD0A0A2-B9E5-4433-87C0-68B6B72699C7'
const reserved = 'E3C9E316-0B5C-4DB8-817D-F92DF00215AE'

function layout(
  scheme: 'gpt' | 'mbr',
  hasBootCode: boolean,
  parts: readonly (string | [type: string, fileSystem: string])[],
): Layout {
  const partitions = parts.map((part, index): Partition => {
    const [type, fileSystem] = typeof part === 'string' ? [part, undefined] : part
    return {
      number: index + 1,
      startBytes: 0,
      sizeBytes: 0,
      type,
      typeName: scheme === 'gpt' ? gptTypeName(type) : (mbrTypes[Number(type)] ?? 'unknown'),
      bootable: false,
      ...(fileSystem ? { fileSystem: { type: fileSystem } } : {}),
    }
  })
  return { hasBootCode, table: { scheme, id: '', sectorBytes: 512, partitions, warnings: [] } }
}

const rows: { name: string; given: Layout; os: string; firmware: string; reason: string }[] = [
  {
    name: 'FreeBSD on ZFS, for both',
    given: layout('gpt', true, [efi, freebsdBoot, [freebsdZfs, 'zfs']]),
    os: 'freebsd',
    firmware: 'both',
    reason: 'partition 2 has the type FreeBSD boot',
  },
  {
    name: 'FreeBSD in a slice',
    given: layout('mbr', true, ['0xa5']),
    os: 'freebsd',
    firmware: 'bios',
    reason: 'partition 1 has the type FreeBSD',
  },
  {
    name: 'a Linux cloud image',
    given: layout('gpt', true, [[linux, 'ext4'], biosBoot, efi]),
    os: 'linux',
    firmware: 'both',
    reason: 'partition 1 has the type Linux file system',
  },
  {
    name: 'Linux for UEFI only',
    given: layout('gpt', false, [efi, [linux, 'btrfs']]),
    os: 'linux',
    firmware: 'uefi',
    reason: 'partition 2 has the type Linux file system',
  },
  {
    name: 'Linux in partitions for basic data',
    given: layout('gpt', false, [efi, [basicData, 'xfs']]),
    os: 'linux',
    firmware: 'uefi',
    reason: 'partition 2 holds xfs',
  },
  {
    name: 'Linux by MBR',
    given: layout('mbr', true, ['0x83']),
    os: 'linux',
    firmware: 'bios',
    reason: 'partition 1 has the type Linux',
  },
  {
    name: 'Windows',
    given: layout('gpt', true, [efi, reserved, [basicData, 'ntfs']]),
    os: 'windows',
    firmware: 'uefi',
    reason: 'partition 2 has the type Microsoft reserved',
  },
  {
    name: 'Windows by MBR',
    given: layout('mbr', true, [['0x07', 'ntfs']]),
    os: 'windows',
    firmware: 'bios',
    reason: 'partition 1 holds ntfs',
  },
  {
    name: 'a FreeBSD file system on the whole disk',
    given: { hasBootCode: false, fileSystem: { type: 'ufs2' } },
    os: 'freebsd',
    firmware: 'unknown',
    reason: 'the disk holds ufs2',
  },
  {
    name: 'a ZFS of nobody in particular',
    given: { hasBootCode: false, fileSystem: { type: 'zfs' } },
    os: 'unknown',
    firmware: 'unknown',
    reason: 'nothing that belongs to one system was found',
  },
  {
    name: 'nothing',
    given: { hasBootCode: false },
    os: 'unknown',
    firmware: 'unknown',
    reason: 'nothing that belongs to one system was found',
  },
]

test.each(rows)('$name: $os, $firmware', ({ given, os, firmware, reason }) => {
  const guest = guessGuest(given)
  expect(guest).toMatchObject({ os, firmware, osReason: reason })
  expect(guest.firmwareReason).not.toBe('')
})
