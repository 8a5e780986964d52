import { type Disk, type Extent, sectorBytes } from './disk.ts'
import { unpackCluster } from './qcow2-cluster.ts'
import { readQcow2Header } from './qcow2-header.ts'
import { type Place, Qcow2Map } from './qcow2-map.ts'
import { type Decompress, readPadded, refused, type Source } from './source.ts'

/** No compressed cluster is shorter, whatever the method. */
const minCompressedBytes = 8

/**
 * A QCOW2 image (versions 2 and 3) as a disk: its active state, so that snapshots inside of it do not count. What it does not keep,
 * or keeps as zeros, is a zero extent.
 * @throws AppError image-refused
 */
export async function openQcow2(file: Source, decompress: Decompress): Promise<Disk> {
  const header = await readQcow2Header(file)
  const map = await Qcow2Map.open(file, header)
  const clusterBytes = 2 ** header.clusterBits
  const clusters = Math.ceil(header.sizeBytes / clusterBytes)
  const sizeBytes = Math.ceil(header.sizeBytes / sectorBytes) * sectorBytes
  /** Readers go forward in steps that may be smaller than a cluster: the last one is kept. */
  let unpacked: { at: number; bytes: Promise<Buffer> } | undefined

  function unpack(place: Place & { kind: 'compressed' }): Promise<Buffer> {
    if (unpacked?.at !== place.at)
      unpacked = { at: place.at, bytes: unpackCluster(file, place, header.compression, clusterBytes, decompress) }
    return unpacked.bytes
  }

  /** How many bytes from `at` on, at most `length`, stand one after the other in the file, and where. */
  async function plainRun(at: number, start: number, length: number): Promise<number> {
    let run = Math.min(length, clusterBytes - (at % clusterBytes))
    while (run < length) {
      const next = await map.find((at + run) / clusterBytes)
      if (next.kind !== 'plain' || next.at !== start + run) break
      run += Math.min(length - run, clusterBytes)
    }
    return run
  }

  async function read(offset: number, length: number): Promise<Buffer> {
    const bytes = Buffer.alloc(length)
    for (let done = 0; done < length; ) {
      const at = offset + done
      const within = at % clusterBytes
      const place = await map.find(Math.floor(at / clusterBytes))
      let count = Math.min(length - done, clusterBytes - within)
      if (place.kind === 'plain') {
        count = await plainRun(at, place.at + within, length - done)
        // The file may end within its last cluster; the rest of that is zeros.
        ;(await readPadded(file, place.at + within, count)).copy(bytes, done)
      } else if (place.kind === 'compressed') (await unpack(place)).copy(bytes, done, within, within + count)
      done += count
    }
    return bytes
  }

  async function* extents(): AsyncGenerator<Extent> {
    let plain = 0
    let compressed = 0
    for (let first = 0; first < clusters; first += map.tableEntries) {
      const count = Math.min(map.tableEntries, clusters - first)
      const table = await map.table(first / map.tableEntries)
      let from = 0
      let kind: Place['kind'] = 'zero'
      for (let entry = 0; table !== undefined && entry < count; entry++) {
        const next = map.placeIn(table, entry).kind
        if (next === 'plain') plain += 1
        if (next === 'compressed') compressed += 1
        if ((next === 'zero') === (kind === 'zero')) continue
        if (entry > from) yield extent(first + from, entry - from, kind)
        ;[from, kind] = [entry, next]
      }
      // No two clusters of one state share their bytes: more than the file can hold is a trap for whoever reads it all.
      if ((plain - 1) * clusterBytes > file.sizeBytes || compressed * minCompressedBytes > file.sizeBytes)
        throw refused('the QCOW2 image is damaged: its tables name more data than the file holds')
      yield extent(first + from, count - from, kind)
    }
  }

  function extent(first: number, count: number, kind: Place['kind']): Extent {
    const offset = first * clusterBytes
    return { offset, length: Math.min(count * clusterBytes, sizeBytes - offset), zero: kind === 'zero' }
  }

  return { format: 'qcow2', sizeBytes, read, extents }
}
