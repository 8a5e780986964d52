/** The files in the root of a FAT12 file system without partitions, by their long names, as its boot sector and tables say it. */
export function readFat(disk: Buffer): Map<string, Buffer> {
  const sectorBytes = disk.readUInt16LE(11)
  const clusterBytes = disk.readUInt8(13) * sectorBytes
  const fatAt = disk.readUInt16LE(14) * sectorBytes
  const fatBytes = disk.readUInt16LE(22) * sectorBytes
  const rootAt = fatAt + disk.readUInt8(16) * fatBytes
  const dataAt = rootAt + disk.readUInt16LE(17) * 32
  const next = (cluster: number) => {
    const pair = disk.readUInt16LE(fatAt + cluster + (cluster >> 1))
    return cluster % 2 === 0 ? pair & 0xfff : pair >> 4
  }
  const files = new Map<string, Buffer>()
  let long = ''
  for (let at = rootAt; at < dataAt && disk[at] !== 0; at += 32) {
    const entry = disk.subarray(at, at + 32)
    const attributes = entry.readUInt8(11)
    if (attributes === 0x0f) {
      const text = Buffer.concat([entry.subarray(1, 11), entry.subarray(14, 26), entry.subarray(28, 32)])
      long = (text.toString('utf16le').split('\0')[0] as string) + long
    } else if ((attributes & 0x08) === 0) {
      const pieces: Buffer[] = []
      for (let cluster = entry.readUInt16LE(26); cluster >= 2 && cluster < 0xff8; cluster = next(cluster)) {
        const from = dataAt + (cluster - 2) * clusterBytes
        pieces.push(disk.subarray(from, from + clusterBytes))
      }
      files.set(long, Buffer.concat(pieces).subarray(0, entry.readUInt32LE(28)))
      long = ''
    }
  }
  return files
}
