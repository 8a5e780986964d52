import { maxDiskBytes } from './disk.ts'
import { readPadded, refused, type Source } from './source.ts'

export interface Qcow2Header {
  version: 2 | 3
  clusterBits: number
  /** The size of the disk. */
  sizeBytes: number
  /** The first table: where it stands, and how many of its entries count. */
  l1Offset: number
  l1Entries: number
  compression: 'deflate' | 'zstd'
}

/** As qemu, which reads no larger one either. */
const maxL1Bytes = 32 * 1024 * 1024

/** Incompatible features (docs/interop/qcow2 of qemu) that stand in the way, each with what it means. */
const blockingFeatures: Readonly<Record<number, string>> = {
  1: 'is marked as corrupt; repair it with `qemu-img check -r all`',
  2: 'keeps its data in another file; convert it with `qemu-img convert -O qcow2`',
  4: 'has extended L2 entries, which are not read; convert it with `qemu-img convert -O qcow2`',
}
const dirtyFeature = 0
const compressionFeature = 3

/**
 * Reads and checks the header of a QCOW2 image. Whatever it says lies within the file.
 * @throws AppError image-refused
 */
export async function readQcow2Header(file: Source): Promise<Qcow2Header> {
  const bytes = await readPadded(file, 0, 112)
  const version = bytes.readUInt32BE(4) as 2 | 3
  if (file.sizeBytes < (version === 2 ? 72 : 104)) throw refused('the QCOW2 image ends within its header')
  const clusterBits = bytes.readUInt32BE(20)
  if (clusterBits < 9 || clusterBits > 21)
    throw refused(`the QCOW2 image has clusters of 2^${clusterBits} bytes; 2^9 to 2^21 are taken`)
  await refuseBackingFile(file, bytes)
  const encryption = bytes.readUInt32BE(32)
  if (encryption !== 0)
    throw refused(`the QCOW2 image is encrypted (method ${encryption}); convert it to one that is not`)
  const size = bytes.readBigUInt64BE(24)
  if (size === 0n || size > BigInt(maxDiskBytes))
    throw refused(`the QCOW2 image has a disk of ${size} bytes; 1 to ${maxDiskBytes} are taken`)
  const sizeBytes = Number(size)
  return {
    version,
    clusterBits,
    sizeBytes,
    ...readTablePlace(file, bytes, sizeBytes, clusterBits),
    compression: version === 2 ? 'deflate' : readFeatures(bytes, clusterBits),
  }
}

/** Only the file itself is read: one that names another could make us read what its maker has no right to. */
async function refuseBackingFile(file: Source, header: Buffer): Promise<void> {
  const offset = Number(header.readBigUInt64BE(8))
  if (offset === 0) return
  const name = (await readPadded(file, Math.min(offset, file.sizeBytes), Math.min(header.readUInt32BE(16), 1023)))
    .toString('utf8')
    .replace(/\0.*$/s, '')
  throw refused(
    `the QCOW2 image is a change to the backing file ${JSON.stringify(name)}; make it one file with \`qemu-img convert -O qcow2\``,
  )
}

function readTablePlace(file: Source, header: Buffer, sizeBytes: number, clusterBits: number) {
  const clusterBytes = 2 ** clusterBits
  const l1Offset = Number(header.readBigUInt64BE(40))
  const declared = header.readUInt32BE(36)
  // Each entry of the first table stands for a table of one cluster, with entries of 8 bytes.
  const l1Entries = Math.ceil(sizeBytes / (clusterBytes * (clusterBytes / 8)))
  if (declared < l1Entries)
    throw refused(`the QCOW2 image has an L1 table of ${declared} entries; its disk needs ${l1Entries}`)
  if (l1Entries * 8 > maxL1Bytes)
    throw refused(`the QCOW2 image has an L1 table of ${l1Entries * 8} bytes; at most ${maxL1Bytes} are taken`)
  if (l1Offset % clusterBytes !== 0 || l1Offset === 0 || l1Offset + l1Entries * 8 > file.sizeBytes)
    throw refused(`the QCOW2 image has its L1 table at ${l1Offset}, where none can be; is the file whole?`)
  return { l1Offset, l1Entries }
}

/** What version 3 has beyond version 2. Answers how clusters are compressed. */
function readFeatures(header: Buffer, clusterBits: number): Qcow2Header['compression'] {
  const headerBytes = header.readUInt32BE(100)
  if (headerBytes < 104 || headerBytes % 8 !== 0 || headerBytes > 2 ** clusterBits)
    throw refused(`the QCOW2 image says that its header has ${headerBytes} bytes, which cannot be`)
  const incompatible = header.readBigUInt64BE(72)
  for (let bit = 0; bit < 64; bit++) {
    if (((incompatible >> BigInt(bit)) & 1n) === 0n) continue
    const reason = blockingFeatures[bit]
    if (reason) throw refused(`the QCOW2 image ${reason}`)
    // Dirty: the reference counts may be wrong, which readers do not use.
    if (bit !== dirtyFeature && bit !== compressionFeature)
      throw refused(`the QCOW2 image has the feature ${bit}, which is not known here; it cannot be read safely`)
  }
  const isNamed = ((incompatible >> BigInt(compressionFeature)) & 1n) === 1n
  const type = headerBytes > 104 ? header.readUInt8(104) : 0
  if (isNamed !== (type !== 0) || type > 1)
    throw refused(`the QCOW2 image is compressed by method ${type}; 0 (deflate) and 1 (zstd) are read`)
  return type === 1 ? 'zstd' : 'deflate'
}
