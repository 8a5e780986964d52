import type { Guest, Partition } from '../contract/image.ts'
import type { Layout } from './partition-table.ts'

type System = Exclude<Guest['os'], 'unknown'>

/** File systems that only one system has as its own. ZFS is at home on two: there the type of the partition tells. */
const systemOf: Readonly<Record<string, System>> = {
  ufs1: 'freebsd',
  ufs2: 'freebsd',
  ntfs: 'windows',
  ext2: 'linux',
  ext3: 'linux',
  ext4: 'linux',
  xfs: 'linux',
  btrfs: 'linux',
  lvm2: 'linux',
  luks1: 'linux',
  luks2: 'linux',
  swap: 'linux',
}

const efiTypes = ['C12A7328-F81F-11D2-BA4B-00A0C93EC93B', '0xef']
const biosBootTypes = ['21686148-6449-6E6F-744E-656564454649', '83BD6B9D-7F41-11DC-BE0B-001560B84F0F']

/** Guesses what runs on a disk, and which firmware can start it, from its layout alone: no file is opened. */
export function guessGuest({ table, hasBootCode, fileSystem }: Layout): Guest {
  const partitions = table?.partitions ?? []
  const [os, osReason] = guessSystem(partitions, fileSystem?.type)
  const efi = partitions.find(({ type }) => efiTypes.includes(type))
  const efiReason = efi && `partition ${efi.number} is an EFI system partition`
  const biosReason = hasBootCode ? guessBios(table?.scheme, partitions) : undefined
  return {
    os,
    osReason,
    firmware: efiReason && biosReason ? 'both' : efiReason ? 'uefi' : biosReason ? 'bios' : 'unknown',
    firmwareReason: [efiReason, biosReason].filter(Boolean).join('; ') || 'no partition to start from was found',
  }
}

function guessSystem(partitions: readonly Partition[], whole: string | undefined): [Guest['os'], string] {
  for (const { number, typeName } of partitions) {
    const system = /^(FreeBSD|Linux|Windows|Microsoft reserved)/.exec(typeName)?.[1]?.toLowerCase()
    if (!system) continue
    const os = system === 'microsoft reserved' ? 'windows' : (system as System)
    return [os, `partition ${number} has the type ${typeName}`]
  }
  for (const { number, fileSystem } of partitions) {
    const system = systemOf[fileSystem?.type ?? '']
    if (system) return [system, `partition ${number} holds ${fileSystem?.type}`]
  }
  const system = systemOf[whole ?? '']
  if (system) return [system, `the disk holds ${whole}`]
  return ['unknown', 'nothing that belongs to one system was found']
}

/** What a BIOS starts is the program in the first sector; what that goes on with depends on the table. */
function guessBios(scheme: string | undefined, partitions: readonly Partition[]): string | undefined {
  if (scheme === 'mbr') return 'the MBR holds boot code'
  const boot = partitions.find(({ type, bootable }) => biosBootTypes.includes(type) || bootable)
  return boot && `the MBR holds boot code, and partition ${boot.number} (${boot.typeName}) is what it starts`
}
