import { Readable } from 'node:stream'
import type { Disk, Extent } from '../../src/image/disk.ts'
import { readPadded, type Source } from '../../src/image/source.ts'

/** Bytes in memory as a source that counts what is read of it. */
export function sourceOf(bytes: Buffer): Source & { readBytes: number } {
  return {
    sizeBytes: bytes.length,
    readBytes: 0,
    async read(offset, length, into = Buffer.alloc(length)) {
      if (offset < 0 || length < 0 || offset + length > bytes.length)
        throw new Error(`read of ${length} bytes at ${offset}, but there are ${bytes.length}`)
      this.readBytes += length
      bytes.copy(into, 0, offset, offset + length)
      return into.subarray(0, length)
    },
  }
}

/** A large disk of zeros with something at a few places. */
export function sparseSource(sizeBytes: number, parts: readonly { at: number; bytes: Buffer }[]): Source {
  return {
    sizeBytes,
    async read(offset, length) {
      const result = Buffer.alloc(length)
      for (const { at, bytes } of parts)
        (await readPadded(sourceOf(bytes), Math.max(0, offset - at), length)).copy(result, Math.max(0, at - offset))
      return result
    },
  }
}

/** All extents of a disk. */
export function extentsOf(disk: Disk): Promise<Extent[]> {
  return Readable.from(disk.extents()).toArray()
}
