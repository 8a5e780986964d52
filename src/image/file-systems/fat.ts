import { readPadded } from '../source.ts'
import { isPowerOfTwo, label, type Probe } from './probe.ts'

/** FAT12, FAT16 and FAT32: told apart by the number of their clusters, as Microsoft's specification 1.03 wants it. */
export const fat: Probe = async (volume) => {
  const sector = await readPadded(volume, 0, 512)
  const bytesPerSector = sector.readUInt16LE(11)
  const sectorsPerCluster = sector.readUInt8(13)
  const reserved = sector.readUInt16LE(14)
  const tables = sector.readUInt8(16)
  const plausible =
    sector.readUInt16LE(510) === 0xaa55 &&
    [0xeb, 0xe9].includes(sector.readUInt8(0)) &&
    isPowerOfTwo(bytesPerSector, 512, 4096) &&
    isPowerOfTwo(sectorsPerCluster, 1, 128) &&
    reserved > 0 &&
    (tables === 1 || tables === 2) &&
    sector.readUInt8(21) >= 0xf0
  if (!plausible) return undefined
  const rootSectors = Math.ceil((sector.readUInt16LE(17) * 32) / bytesPerSector)
  const tableSectors = sector.readUInt16LE(22) || sector.readUInt32LE(36)
  const sectors = sector.readUInt16LE(19) || sector.readUInt32LE(32)
  const dataSectors = sectors - reserved - tables * tableSectors - rootSectors
  if (dataSectors <= 0 || tableSectors === 0) return undefined
  const clusters = Math.floor(dataSectors / sectorsPerCluster)
  const isFat32 = sector.readUInt16LE(22) === 0
  const type = isFat32 ? 'fat32' : clusters < 4085 ? 'fat12' : 'fat16'
  const named = label(sector.subarray(isFat32 ? 71 : 43, isFat32 ? 82 : 54))
  return {
    type,
    ...(named.label === 'NO NAME' ? {} : named),
    uuid: serial(sector.readUInt32LE(isFat32 ? 67 : 39)),
  }
}

/** exFAT: the label is an entry of the root directory. */
export const exfat: Probe = async (volume) => {
  const sector = await readPadded(volume, 0, 512)
  if (sector.toString('latin1', 3, 11) !== 'EXFAT   ') return undefined
  const [sectorShift, clusterShift] = [sector.readUInt8(108), sector.readUInt8(109)]
  if (sectorShift < 9 || sectorShift > 12 || clusterShift > 25 - sectorShift) return undefined
  const cluster = sector.readUInt32LE(96) - 2
  const root = (sector.readUInt32LE(88) + cluster * 2 ** clusterShift) * 2 ** sectorShift
  const found = { type: 'exfat', uuid: serial(sector.readUInt32LE(100)) }
  if (cluster < 0) return found
  const entries = await readPadded(volume, root, 4096)
  for (let at = 0; at < entries.length && entries.readUInt8(at) !== 0; at += 32)
    if (entries.readUInt8(at) === 0x83)
      return {
        ...found,
        ...label(entries.subarray(at + 2, at + 2 + 2 * Math.min(11, entries.readUInt8(at + 1))), 'utf16le'),
      }
  return found
}

/** "1A2B-3C4D", as DOS and blkid write it. */
function serial(value: number): string {
  const hex = value.toString(16).toUpperCase().padStart(8, '0')
  return `${hex.slice(0, 4)}-${hex.slice(4)}`
}
