import { readPadded, type Source } from '../source.ts'
import { isPowerOfTwo, label, type Probe } from './probe.ts'

const volumeRecord = 3
const nameAttribute = 0x60
const endOfAttributes = 0xffffffff

/** NTFS: the label is an attribute of the file $Volume, the fourth of the master file table. */
export const ntfs: Probe = async (volume) => {
  const sector = await readPadded(volume, 0, 512)
  const bytesPerSector = sector.readUInt16LE(11)
  const sectorsPerCluster = sector.readUInt8(13)
  if (sector.toString('latin1', 3, 11) !== 'NTFS    ' || !isPowerOfTwo(bytesPerSector, 256, 4096)) return undefined
  if (!isPowerOfTwo(sectorsPerCluster, 1, 128)) return undefined
  const clusterBytes = bytesPerSector * sectorsPerCluster
  // Positive: in clusters; negative: the exponent of the bytes.
  const size = sector.readInt8(64)
  const recordBytes = size > 0 ? size * clusterBytes : 2 ** -size
  const found = { type: 'ntfs', uuid: sector.readBigUInt64LE(72).toString(16).toUpperCase().padStart(16, '0') }
  if (!isPowerOfTwo(recordBytes, 512, 65_536)) return found
  const at = Number(sector.readBigUInt64LE(48)) * clusterBytes + volumeRecord * recordBytes
  return { ...found, ...(await readName(volume, at, recordBytes)) }
}

async function readName(volume: Source, at: number, recordBytes: number): Promise<{ label?: string }> {
  const record = await readPadded(volume, at, recordBytes)
  if (record.toString('latin1', 0, 4) !== 'FILE') return {}
  for (let from = record.readUInt16LE(20); from + 24 <= recordBytes; ) {
    const type = record.readUInt32LE(from)
    const length = record.readUInt32LE(from + 4)
    if (type === endOfAttributes || length < 24) return {}
    if (type === nameAttribute) {
      const content = from + record.readUInt16LE(from + 20)
      return label(record.subarray(content, content + record.readUInt16LE(from + 16)), 'utf16le')
    }
    from += length
  }
  return {}
}
