import type { Qcow2Header } from './qcow2-header.ts'
import { readPadded, refused, type Source } from './source.ts'

/** Where a cluster of the disk is kept. A compressed one may be shorter than `length`: that is counted in sectors. */
export type Place =
  | { kind: 'zero' }
  | { kind: 'plain'; at: number }
  | { kind: 'compressed'; at: number; length: number }

const zero: Place = { kind: 'zero' }
const cachedBytes = 16 * 1024 * 1024

/** The two levels of tables of a QCOW2 image, from a cluster's number to its place in the file. */
export class Qcow2Map {
  /** How many clusters a table of the second level stands for. */
  readonly tableEntries: number
  readonly #file: Source
  readonly #header: Qcow2Header
  readonly #clusterBytes: number
  readonly #l1: Buffer
  /** Tables of the second level, the one that was used last at the end. */
  readonly #tables = new Map<number, Promise<Buffer>>()

  private constructor(file: Source, header: Qcow2Header, l1: Buffer) {
    this.#file = file
    this.#header = header
    this.#clusterBytes = 2 ** header.clusterBits
    this.tableEntries = this.#clusterBytes / 8
    this.#l1 = l1
  }

  static async open(file: Source, header: Qcow2Header): Promise<Qcow2Map> {
    return new Qcow2Map(file, header, await file.read(header.l1Offset, header.l1Entries * 8))
  }

  /** @throws AppError image-refused when the tables point to where nothing can be */
  async find(cluster: number): Promise<Place> {
    const table = await this.table(Math.floor(cluster / this.tableEntries))
    return table === undefined ? zero : this.placeIn(table, cluster % this.tableEntries)
  }

  /** A table of the second level; undefined when there is none. */
  async table(index: number): Promise<Buffer | undefined> {
    const at = offsetOf(this.#l1, index)
    if (at === 0) return undefined
    this.#checkPlace(at, 'a table')
    const known = this.#tables.get(at)
    const table = known ?? readPadded(this.#file, at, this.#clusterBytes)
    this.#tables.delete(at)
    this.#tables.set(at, table)
    if (this.#tables.size * this.#clusterBytes > cachedBytes)
      this.#tables.delete(this.#tables.keys().next().value as number)
    return table
  }

  placeIn(table: Buffer, entry: number): Place {
    const high = table.readUInt32BE(entry * 8)
    const low = table.readUInt32BE(entry * 8 + 4)
    if (high & 0x40000000) return this.#compressedPlace(high, low)
    // Version 2 has no flag for zeros.
    if ((low & 1) === 1 && this.#header.version === 3) return zero
    const at = offsetOf(table, entry)
    if (at === 0) return zero
    this.#checkPlace(at, 'a cluster')
    return { kind: 'plain', at }
  }

  /** The lower bits are the offset, the upper ones how many sectors follow the one in which the cluster begins. */
  #compressedPlace(high: number, low: number): Place {
    const value = (BigInt(high & 0x3fffffff) << 32n) | BigInt(low)
    const offsetBits = BigInt(62 - (this.#header.clusterBits - 8))
    const at = Number(value & ((1n << offsetBits) - 1n))
    if (at === 0 || at >= this.#file.sizeBytes) throw beyond('a compressed cluster', at, this.#file)
    const end = at - (at % 512) + (Number(value >> offsetBits) + 1) * 512
    return { kind: 'compressed', at, length: Math.min(end, this.#file.sizeBytes) - at }
  }

  #checkPlace(at: number, what: string): void {
    if (at % this.#clusterBytes !== 0)
      throw refused(`the QCOW2 image is damaged: ${what} at ${at} does not begin where a cluster does`)
    if (at >= this.#file.sizeBytes) throw beyond(what, at, this.#file)
  }
}

/** Bits 9 to 55 of an entry. Too large ones lose precision, but not that they lie beyond every file. */
function offsetOf(table: Buffer, entry: number): number {
  const high = table.readUInt32BE(entry * 8) & 0x00ffffff
  return high * 2 ** 32 + ((table.readUInt32BE(entry * 8 + 4) & 0xfffffe00) >>> 0)
}

function beyond(what: string, at: number, file: Source) {
  return refused(
    `the QCOW2 image is damaged: ${what} is at ${at}, but the file has ${file.sizeBytes} bytes; is it whole?`,
  )
}
