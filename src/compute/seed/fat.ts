/** A file for the root folder of a FAT file system. */
export interface FatFile {
  /** At most 26 characters of ASCII. */
  name: string
  content: Buffer
}

const sectorBytes = 512
const sectorsPerCluster = 4
const clusterBytes = sectorsPerCluster * sectorBytes
const rootEntries = 64
const rootSectors = (rootEntries * 32) / sectorBytes
/** 4 MiB: far below the 4,085 clusters from which on a reader takes the file system for FAT16. */
const totalSectors = 8192
const fatSectors = 6
const firstDataSector = 1 + 2 * fatSectors + rootSectors
const clusters = Math.floor((totalSectors - firstDataSector) / sectorsPerCluster)
const endOfChain = 0xfff
/** 1 January 1980: the same files give the same bytes. */
const date = 0x21

/** How many bytes all files together may have, each rounded up to whole clusters. */
export const fatCapacityBytes = clusters * clusterBytes

/**
 * A FAT12 file system of 4 MiB with these files in its root, under long names (VFAT), as Microsoft's "FAT: General Overview of On-Disk Format" 1.03 has it.
 * Without partitions, and never written to by its reader.
 * @throws RangeError when the files do not fit
 */
export function makeFat(label: string, files: readonly FatFile[]): Buffer {
  const disk = Buffer.alloc(totalSectors * sectorBytes)
  const fat = Buffer.alloc(fatSectors * sectorBytes)
  const entries: Buffer[] = [shortEntry(label.padEnd(11), 0x08, 0, 0)]
  writeBootSector(disk, label)
  setCluster(fat, 0, 0xff8)
  setCluster(fat, 1, endOfChain)

  let cluster = 2
  files.forEach(({ name, content }, at) => {
    const count = Math.ceil(content.length / clusterBytes)
    if (cluster + count > clusters + 2) throw new RangeError(`the files have more than ${fatCapacityBytes} bytes`)
    for (let done = 0; done < count; done += 1)
      setCluster(fat, cluster + done, done === count - 1 ? endOfChain : cluster + done + 1)
    content.copy(disk, firstDataSector * sectorBytes + (cluster - 2) * clusterBytes)
    const short = `SEED${String(at).padStart(2, '0')}  DAT`
    entries.push(...longEntries(name, short), shortEntry(short, 0x20, count === 0 ? 0 : cluster, content.length))
    cluster += count
  })
  if (entries.length > rootEntries) throw new RangeError(`${files.length} files are too many for one folder`)

  fat.copy(disk, sectorBytes)
  fat.copy(disk, (1 + fatSectors) * sectorBytes)
  Buffer.concat(entries).copy(disk, (1 + 2 * fatSectors) * sectorBytes)
  return disk
}

/** "BPB": what a reader has to know of the layout. */
function writeBootSector(disk: Buffer, label: string): void {
  disk.set([0xeb, 0x3c, 0x90])
  disk.write('SLIPWAY ', 3, 'ascii')
  disk.writeUInt16LE(sectorBytes, 11)
  disk.writeUInt8(sectorsPerCluster, 13)
  disk.writeUInt16LE(1, 14)
  disk.writeUInt8(2, 16)
  disk.writeUInt16LE(rootEntries, 17)
  disk.writeUInt16LE(totalSectors, 19)
  disk.writeUInt8(0xf8, 21)
  disk.writeUInt16LE(fatSectors, 22)
  disk.writeUInt16LE(32, 24)
  disk.writeUInt16LE(2, 26)
  disk.writeUInt8(0x80, 36)
  disk.writeUInt8(0x29, 38)
  disk.writeUInt32LE(0x51197a1, 39)
  disk.write(label.padEnd(11), 43, 'ascii')
  disk.write('FAT12   ', 54, 'ascii')
  disk.writeUInt16LE(0xaa55, 510)
}

/** Entries of the table have 12 bits; two share three bytes. */
function setCluster(fat: Buffer, cluster: number, value: number): void {
  const at = Math.floor((cluster * 3) / 2)
  const there = fat.readUInt16LE(at)
  fat.writeUInt16LE(cluster % 2 === 0 ? (there & 0xf000) | value : (there & 0x000f) | (value << 4), at)
}

function shortEntry(name: string, attributes: number, cluster: number, sizeBytes: number): Buffer {
  const entry = Buffer.alloc(32)
  entry.write(name, 0, 11, 'ascii')
  entry.writeUInt8(attributes, 11)
  for (const at of [16, 18, 24]) entry.writeUInt16LE(date, at)
  entry.writeUInt16LE(cluster, 26)
  entry.writeUInt32LE(sizeBytes, 28)
  return entry
}

const partCharacters = 13
/** Where the characters of a part of a long name stand in its entry. */
const characterOffsets = [1, 3, 5, 7, 9, 14, 16, 18, 20, 22, 24, 28, 30]

/** A long name stands before its short entry, its last part first. */
function longEntries(name: string, short: string): Buffer[] {
  const parts = Math.ceil(name.length / partCharacters)
  return Array.from({ length: parts }, (_, at) => {
    const part = parts - at
    const entry = Buffer.alloc(32, 0xff)
    entry.writeUInt8(part | (at === 0 ? 0x40 : 0), 0)
    entry.writeUInt8(0x0f, 11)
    entry.writeUInt8(0, 12)
    entry.writeUInt8(checksum(short), 13)
    entry.writeUInt16LE(0, 26)
    characterOffsets.forEach((offset, index) => {
      const character = (part - 1) * partCharacters + index
      if (character <= name.length)
        entry.writeUInt16LE(character === name.length ? 0 : name.charCodeAt(character), offset)
    })
    return entry
  })
}

/** By which a long name knows the short one that it belongs to. */
function checksum(short: string): number {
  return Buffer.from(short, 'ascii').reduce((sum, byte) => (((sum & 1) << 7) + (sum >> 1) + byte) & 0xff, 0)
}
