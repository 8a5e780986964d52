import type { Partition, PartitionTable } from '../contract/image.ts'
import { crc32 } from './crc32.ts'
import { mixedGuid } from './guid.ts'
import { gptTypeName } from './partition-types.ts'
import { readPadded, type Source } from './source.ts'

interface Header {
  sectorBytes: number
  id: string
  /** Where the entries are, in bytes, and how many of which size. */
  entriesAt: number
  entries: number
  entryBytes: number
  entriesCrc: number
}

/** 128 entries of 128 bytes are usual (UEFI 2.10, 5.3); this is eight times as much. */
const maxTableBytes = 128 * 1024

/**
 * Reads a GUID partition table (UEFI 2.10, 5.3), with sectors of 512 or 4096 bytes: the first one, or if that is damaged the backup at
 * the end of the disk. Undefined when neither is there.
 */
export async function readGpt(disk: Source): Promise<PartitionTable | undefined> {
  const problems: string[] = []
  for (const which of ['first', 'backup'] as const)
    for (const sectorBytes of [512, 4096]) {
      const at = which === 'first' ? sectorBytes : lastSector(disk, sectorBytes)
      const found = await readTable(disk, at, sectorBytes)
      if (found === undefined) continue
      if (typeof found === 'string') {
        problems.push(`the ${which} GPT is damaged: ${found}`)
        continue
      }
      if (which === 'backup' && problems.length === 0) problems.push('the first GPT is missing')
      if (which === 'first') problems.push(...(await backupProblems(disk, found.table)))
      return { ...found.table, warnings: [...problems, ...found.warnings] }
    }
  return undefined
}

function lastSector(disk: Source, sectorBytes: number): number {
  return Math.floor(disk.sizeBytes / sectorBytes) * sectorBytes - sectorBytes
}

async function backupProblems(disk: Source, { id, sectorBytes }: PartitionTable): Promise<string[]> {
  const found = await readTable(disk, lastSector(disk, sectorBytes), sectorBytes)
  if (found === undefined) return ['the backup GPT is missing at the end of the disk']
  if (typeof found === 'string') return [`the backup GPT is damaged: ${found}`]
  return found.table.id === id ? [] : ['the backup GPT is that of another table']
}

/** The table whose header is at `at`; why it is damaged; undefined when there is none. */
async function readTable(disk: Source, at: number, sectorBytes: number) {
  if (at < 0) return undefined
  const bytes = await readPadded(disk, at, sectorBytes)
  if (bytes.toString('latin1', 0, 8) !== 'EFI PART') return undefined
  const header = readHeader(bytes, at, sectorBytes)
  if (typeof header === 'string') return header
  const tableBytes = header.entries * header.entryBytes
  if (tableBytes > maxTableBytes)
    return `it has ${header.entries} entries of ${header.entryBytes} bytes; ${maxTableBytes} bytes are read`
  if (header.entriesAt + tableBytes > disk.sizeBytes) return 'its entries lie beyond the end of the disk'
  const entries = await disk.read(header.entriesAt, tableBytes)
  if (crc32(entries) !== header.entriesCrc) return 'the checksum of its entries is wrong'
  const warnings: string[] = []
  const partitions: Partition[] = []
  for (let index = 0; index < header.entries; index++) {
    const entry = entries.subarray(index * header.entryBytes, (index + 1) * header.entryBytes)
    if (entry.subarray(0, 16).every((byte) => byte === 0)) continue
    const partition = readEntry(entry, index + 1, sectorBytes)
    if (typeof partition === 'string') {
      warnings.push(`partition ${index + 1} is left out: ${partition}`)
      continue
    }
    if (partition.startBytes + partition.sizeBytes > disk.sizeBytes)
      warnings.push(`partition ${index + 1} reaches beyond the end of the disk`)
    partitions.push(partition)
  }
  const table: PartitionTable = { scheme: 'gpt', id: header.id, sectorBytes, partitions, warnings: [] }
  return { table, warnings }
}

function readHeader(bytes: Buffer, at: number, sectorBytes: number): Header | string {
  const headerBytes = bytes.readUInt32LE(12)
  if (headerBytes < 92 || headerBytes > sectorBytes) return `its header says that it has ${headerBytes} bytes`
  const checked = Buffer.from(bytes.subarray(0, headerBytes))
  checked.writeUInt32LE(0, 16)
  if (crc32(checked) !== bytes.readUInt32LE(16)) return 'the checksum of its header is wrong'
  if (bytes.readBigUInt64LE(24) !== BigInt(at / sectorBytes)) return 'its header is that of another place'
  const entryBytes = bytes.readUInt32LE(84)
  if (entryBytes < 128 || entryBytes % 8 !== 0) return `its entries have ${entryBytes} bytes each`
  return {
    sectorBytes,
    id: mixedGuid(bytes, 56),
    entriesAt: Number(bytes.readBigUInt64LE(72)) * sectorBytes,
    entries: bytes.readUInt32LE(80),
    entryBytes,
    entriesCrc: bytes.readUInt32LE(88),
  }
}

function readEntry(entry: Buffer, number: number, sectorBytes: number): Partition | string {
  const [first, last] = [entry.readBigUInt64LE(32), entry.readBigUInt64LE(40)]
  if (last < first || last > BigInt(Math.floor(Number.MAX_SAFE_INTEGER / sectorBytes) - 1))
    return `it goes from sector ${first} to ${last}`
  const type = mixedGuid(entry, 0)
  // UTF-16, up to 36 of them, filled up with zeros.
  const name = entry.toString('utf16le', 56, 128).replace(/\0.*$/s, '')
  return {
    number,
    startBytes: Number(first) * sectorBytes,
    sizeBytes: Number(last - first + 1n) * sectorBytes,
    type,
    typeName: gptTypeName(type),
    bootable: ((entry.readUInt8(48) >> 2) & 1) === 1,
    ...(name ? { name } : {}),
    uuid: mixedGuid(entry, 16),
  }
}
