import type { FileSystem, Partition, PartitionTable } from '../contract/image.ts'
import { readFileSystem } from './file-system.ts'
import { readGpt } from './gpt.ts'
import { readMbr } from './mbr.ts'
import { partOf, type Source } from './source.ts'

/** How a disk is laid out: partitions, or one file system, or neither. */
export interface Layout {
  table?: PartitionTable
  /** Whether the first sector holds a program, which a BIOS would start. */
  hasBootCode: boolean
  fileSystem?: FileSystem
}

/** File systems whose boot sector ends like an MBR, and whose code may look like its entries. */
const withBootSector = ['fat12', 'fat16', 'fat32', 'exfat', 'ntfs']

/** An extended partition is a container; what it holds is listed itself. */
const containerTypes = ['0x05', '0x0f', '0x85', '0xee']

/** Finds out how a disk is laid out, and what each partition holds. A GPT counts only behind a protective MBR, as for every system. */
export async function readLayout(disk: Source): Promise<Layout> {
  const whole = await readFileSystem(disk)
  const onWhole = whole ? { fileSystem: whole } : {}
  if (whole && withBootSector.includes(whole.type)) return { hasBootCode: false, ...onWhole }
  const mbr = await readMbr(disk)
  if (!mbr) return { hasBootCode: false, ...onWhole }
  const table = (mbr.protective ? await readGpt(disk) : undefined) ?? mbr.table
  if (mbr.protective && table === mbr.table)
    table.warnings.push('the MBR says that there is a GPT, but neither the first one nor the backup can be read')
  const partitions: Partition[] = []
  for (const partition of table.partitions) partitions.push(await withFileSystem(disk, partition))
  return { table: { ...table, partitions }, hasBootCode: mbr.hasBootCode }
}

async function withFileSystem(disk: Source, partition: Partition): Promise<Partition> {
  if (containerTypes.includes(partition.type)) return partition
  const fileSystem = await readFileSystem(partOf(disk, partition.startBytes, partition.sizeBytes))
  return fileSystem ? { ...partition, fileSystem } : partition
}
