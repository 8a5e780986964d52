import type { Partition, PartitionTable } from '../contract/image.ts'
import { mbrTypes } from './partition-types.ts'
import { readPadded, type Source } from './source.ts'

const sectorBytes = 512
const extendedTypes = [0x05, 0x0f, 0x85]
const protectiveType = 0xee
/** Each logical partition names the next one; a chain that is longer is a circle, or made to keep us busy. */
const maxLogical = 128

interface Entry {
  index: number
  bootable: boolean
  type: number
  /** In sectors: from the start of the disk for a primary one, else from a place in the extended one. */
  start: number
  sectors: number
}

/** A master boot record: its sector, and what it says. */
export interface Mbr {
  /** Whether it only keeps the place of a GPT. */
  protective: boolean
  /** Whether there is a program in it, which a BIOS would start. */
  hasBootCode: boolean
  table: PartitionTable
}

/** Reads the MBR of a disk, logical partitions too. Undefined when there is none. */
export async function readMbr(disk: Source): Promise<Mbr | undefined> {
  const sector = await readPadded(disk, 0, sectorBytes)
  const entries = readEntries(sector)
  if (entries === undefined || entries.length === 0) return undefined
  const warnings: string[] = []
  const partitions: Partition[] = []
  for (const entry of entries) {
    partitions.push(toPartition(entry, entry.index + 1, 0))
    const end = (entry.start + entry.sectors) * sectorBytes
    if (end > disk.sizeBytes && entry.type !== protectiveType)
      warnings.push(`partition ${entry.index + 1} reaches beyond the end of the disk`)
  }
  const extended = entries.find(({ type }) => extendedTypes.includes(type))
  if (extended) partitions.push(...(await readLogical(disk, extended.start, warnings)))
  return {
    protective: entries.some(({ type }) => type === protectiveType),
    hasBootCode: sector.subarray(0, 440).some((byte) => byte !== 0),
    table: {
      scheme: 'mbr',
      id: `0x${sector.readUInt32LE(440).toString(16).padStart(8, '0')}`,
      sectorBytes,
      partitions,
      warnings,
    },
  }
}

/** The entries in use; undefined when the sector is no partition table (boot sectors of file systems end alike). */
function readEntries(sector: Buffer): Entry[] | undefined {
  if (sector.readUInt16LE(510) !== 0xaa55) return undefined
  const entries: Entry[] = []
  for (let index = 0; index < 4; index++) {
    const at = 446 + index * 16
    const flag = sector.readUInt8(at)
    if (flag !== 0 && flag !== 0x80) return undefined
    const [type, start, sectors] = [sector.readUInt8(at + 4), sector.readUInt32LE(at + 8), sector.readUInt32LE(at + 12)]
    if (type !== 0 && sectors > 0) entries.push({ index, bootable: flag === 0x80, type, start, sectors })
  }
  return entries
}

/**
 * The chain of logical partitions. The sector of each has two entries: the partition, counted from that sector, and the next
 * sector, counted from the start of the extended partition.
 */
async function readLogical(disk: Source, extendedStart: number, warnings: string[]): Promise<Partition[]> {
  const partitions: Partition[] = []
  const seen = new Set<number>()
  for (let at: number | undefined = extendedStart; at !== undefined; ) {
    if (seen.has(at) || seen.size === maxLogical) {
      warnings.push(
        seen.has(at)
          ? `the chain of logical partitions comes back to sector ${at}`
          : `only ${maxLogical} logical partitions are read`,
      )
      break
    }
    seen.add(at)
    const entries: Entry[] | undefined = readEntries(await readPadded(disk, at * sectorBytes, sectorBytes))
    if (entries === undefined) {
      warnings.push(`the chain of logical partitions is broken at sector ${at}`)
      break
    }
    const here: Entry | undefined = entries.find(({ type }) => !extendedTypes.includes(type))
    const next: Entry | undefined = entries.find(({ type }) => extendedTypes.includes(type))
    if (here) partitions.push(toPartition(here, 5 + partitions.length, at))
    at = next && extendedStart + next.start
  }
  return partitions
}

function toPartition({ bootable, type, start, sectors }: Entry, number: number, from: number): Partition {
  return {
    number,
    startBytes: (from + start) * sectorBytes,
    sizeBytes: sectors * sectorBytes,
    type: `0x${type.toString(16).padStart(2, '0')}`,
    typeName: mbrTypes[type] ?? 'unknown',
    bootable,
  }
}
