import { crc32 } from 'node:zlib'

export interface GptPartition {
  type: string
  first: number
  last: number
  name?: string
  uuid?: string
  attributes?: bigint
}

/** The bytes of a GUID as they stand on disks. */
export function guidBytes(guid: string): Buffer {
  const [a = '', b = '', c = '', ...rest] = guid.split('-')
  const swapped = [a, b, c].map((part) => Buffer.from(part, 'hex').reverse())
  return Buffer.concat([...swapped, Buffer.from(rest.join(''), 'hex')])
}

export const someGuid = 'B3BF5195-44AE-0B47-842E-898532F3AAA6'

/** Writes a GPT with its protective MBR and its backup into a disk. */
export function writeGpt(
  disk: Buffer,
  partitions: readonly GptPartition[],
  { sectorBytes = 512, entries = 128 } = {},
): void {
  const last = disk.length / sectorBytes - 1
  writeMbr(disk, [{ type: 0xee, start: 1, sectors: last }])
  const table = Buffer.alloc(entries * 128)
  for (const [index, partition] of partitions.entries()) {
    const at = index * 128
    guidBytes(partition.type).copy(table, at)
    guidBytes(partition.uuid ?? someGuid).copy(table, at + 16)
    table.writeBigUInt64LE(BigInt(partition.first), at + 32)
    table.writeBigUInt64LE(BigInt(partition.last), at + 40)
    table.writeBigUInt64LE(partition.attributes ?? 0n, at + 48)
    table.write(partition.name ?? '', at + 56, 'utf16le')
  }
  const tableSectors = Math.ceil(table.length / sectorBytes)
  const places = [
    { own: 1, other: last, entriesAt: 2 },
    { own: last, other: 1, entriesAt: last - tableSectors },
  ]
  for (const { own, other, entriesAt } of places) {
    const header = Buffer.alloc(92)
    header.write('EFI PART\0\0\x01\0', 'latin1')
    header.writeUInt32LE(92, 12)
    header.writeBigUInt64LE(BigInt(own), 24)
    header.writeBigUInt64LE(BigInt(other), 32)
    header.writeBigUInt64LE(BigInt(2 + tableSectors), 40)
    header.writeBigUInt64LE(BigInt(last - tableSectors - 1), 48)
    guidBytes(someGuid).copy(header, 56)
    header.writeBigUInt64LE(BigInt(entriesAt), 72)
    header.writeUInt32LE(entries, 80)
    header.writeUInt32LE(128, 84)
    header.writeUInt32LE(crc32(table), 88)
    header.writeUInt32LE(crc32(header), 16)
    header.copy(disk, own * sectorBytes)
    table.copy(disk, entriesAt * sectorBytes)
  }
}

export interface MbrEntry {
  type: number
  start: number
  sectors: number
  bootable?: boolean
}

/** Writes a partition table into a sector of a disk: its MBR, or a link of the chain of logical partitions. */
export function writeMbr(disk: Buffer, entries: readonly MbrEntry[], sector = 0): void {
  for (const [index, { type, start, sectors, bootable = false }] of entries.entries()) {
    const at = sector * 512 + 446 + index * 16
    disk.writeUInt8(bootable ? 0x80 : 0, at)
    disk.writeUInt8(type, at + 4)
    disk.writeUInt32LE(start, at + 8)
    disk.writeUInt32LE(sectors, at + 12)
  }
  disk.writeUInt16LE(0xaa55, sector * 512 + 510)
}
