import { deflateRawSync, zstdCompressSync } from 'node:zlib'

/** One cluster of a disk: plain bytes, bytes to be compressed, a zero flag, or nothing. */
export type Cluster = Buffer | { packed: Buffer } | 'zero' | undefined

export interface Qcow2Options {
  version?: 2 | 3
  clusterBits?: number
  compression?: 'deflate' | 'zstd'
  /** The disk's size, when it is not that of all clusters. */
  sizeBytes?: number
  /** Something else in the header: after everything is in place. */
  change?: (file: Buffer) => void
}

/** Writes a QCOW2 image: header, L1, the L2 tables, and the clusters one after the other. */
export function qcow2File(clusters: readonly Cluster[], options: Qcow2Options = {}): Buffer {
  const { version = 3, clusterBits = 9, compression = 'deflate', change } = options
  const clusterBytes = 2 ** clusterBits
  const entries = clusterBytes / 8
  const sizeBytes = options.sizeBytes ?? clusters.length * clusterBytes
  const tables = Math.max(1, Math.ceil(clusters.length / entries), Math.ceil(sizeBytes / clusterBytes / entries))
  const l1Clusters = Math.ceil((tables * 8) / clusterBytes)
  const firstTable = 1 + l1Clusters
  const head = Buffer.alloc((firstTable + tables) * clusterBytes)
  const body: Buffer[] = []
  let end = head.length
  const align = () => {
    const gap = (clusterBytes - (end % clusterBytes)) % clusterBytes
    body.push(Buffer.alloc(gap))
    end += gap
  }

  head.write('QFI\xfb', 'latin1')
  head.writeUInt32BE(version, 4)
  head.writeUInt32BE(clusterBits, 20)
  head.writeBigUInt64BE(BigInt(sizeBytes), 24)
  head.writeUInt32BE(tables, 36)
  head.writeBigUInt64BE(BigInt(clusterBytes), 40)
  if (version === 3) {
    head.writeBigUInt64BE(compression === 'zstd' ? 8n : 0n, 72)
    head.writeUInt32BE(4, 96)
    head.writeUInt32BE(112, 100)
    head.writeUInt8(compression === 'zstd' ? 1 : 0, 104)
  }
  for (let table = 0; table < tables; table++) {
    const used = clusters.slice(table * entries, (table + 1) * entries).some((cluster) => cluster !== undefined)
    if (used) head.writeBigUInt64BE(BigInt((firstTable + table) * clusterBytes) | (1n << 63n), clusterBytes + table * 8)
  }
  for (const [index, cluster] of clusters.entries()) {
    const at = firstTable * clusterBytes + index * 8
    if (cluster === undefined) continue
    if (cluster === 'zero') head.writeBigUInt64BE(1n, at)
    else if (Buffer.isBuffer(cluster)) {
      align()
      head.writeBigUInt64BE(BigInt(end) | (1n << 63n), at)
      body.push(cluster)
      end += cluster.length
    } else {
      const packed = compression === 'zstd' ? zstdCompressSync(cluster.packed) : deflateRawSync(cluster.packed)
      const sectors = Math.floor((end + packed.length - 1) / 512) - Math.floor(end / 512)
      const shift = BigInt(62 - (clusterBits - 8))
      head.writeBigUInt64BE((1n << 62n) | (BigInt(sectors) << shift) | BigInt(end), at)
      body.push(packed)
      end += packed.length
    }
  }
  const file = Buffer.concat([head, ...body])
  change?.(file)
  return file
}
