import { promisify } from 'node:util'
import { constants, zstdCompress } from 'node:zlib'

/** A disk to be packed: bytes at any place, and which stretches of it need not be read because they are zeros. */
export interface DiskContent {
  readonly sizeBytes: number
  /** The bytes may be put into the memory of `into`. */
  read(offset: number, length: number, into?: Buffer): Promise<Buffer>
  /** The whole disk in order, without gaps. */
  extents(): AsyncIterable<{ offset: number; length: number; zero: boolean }>
}

/** Each frame of a layer stands for so many bytes of the disk, the last one for what is left. */
export const frameBytes = 1024 * 1024
/** Higher levels gain little on file systems, and images are large. */
const level = 3
/** How many frames are compressed at once: Node does it beside the main thread. */
const parallel = 4

const compress = promisify(zstdCompress)
const zeros = Buffer.alloc(frameBytes)

/**
 * Packs a disk as a layer of the type `disk`: one zstd frame with size and checksum for each MiB, so that frames can be unpacked apart.
 * Equal disks give equal layers, whatever format they were kept in and however their zeros were. A frame of zeros has some forty bytes,
 * and is made once.
 */
export async function* packDisk(
  disk: DiskContent,
  { onProgress, signal }: { onProgress?: ((doneBytes: number) => void) | undefined; signal?: AbortSignal | undefined },
): AsyncGenerator<Buffer> {
  /** Memory for frames that is not in use. */
  const rooms: Buffer[] = []
  const zeroFrames = new Map<number, Promise<Buffer>>()
  const pack = async ({ offset, length, zero }: Frame): Promise<Buffer> => {
    if (!zero) {
      const room = rooms.pop() ?? Buffer.allocUnsafe(frameBytes)
      try {
        const bytes = await disk.read(offset, length, room)
        if (!bytes.equals(zeros.subarray(0, length))) return await compressFrame(bytes)
      } finally {
        rooms.push(room)
      }
    }
    const known = zeroFrames.get(length) ?? compressFrame(zeros.subarray(0, length))
    zeroFrames.set(length, known)
    return known
  }
  let doneBytes = 0
  const under: { length: number; packed: Promise<Buffer> }[] = []
  async function* finish(most: number): AsyncGenerator<Buffer> {
    for (let next = under[0]; next !== undefined && under.length > most; next = under[0]) {
      yield await next.packed
      under.shift()
      doneBytes += next.length
      onProgress?.(doneBytes)
    }
  }
  for await (const frame of framesOf(disk)) {
    signal?.throwIfAborted()
    const packed = pack(frame)
    // It is awaited in its turn; until then a failure is not unheard, only not told yet.
    packed.catch(() => {})
    under.push({ length: frame.length, packed })
    yield* finish(parallel)
  }
  yield* finish(0)
}

interface Frame {
  offset: number
  length: number
  /** Nothing in it needs to be read. */
  zero: boolean
}

async function* framesOf(disk: DiskContent): AsyncGenerator<Frame> {
  let offset = 0
  let zero = true
  for await (const extent of disk.extents()) {
    const end = extent.offset + extent.length
    zero &&= extent.zero
    while (offset < end && (offset + frameBytes <= end || end === disk.sizeBytes)) {
      yield { offset, length: Math.min(frameBytes, disk.sizeBytes - offset), zero }
      offset += frameBytes
      zero = extent.zero
    }
    if (offset >= end) zero = true
  }
}

function compressFrame(bytes: Buffer): Promise<Buffer> {
  return compress(bytes, {
    params: { [constants.ZSTD_c_compressionLevel]: level, [constants.ZSTD_c_checksumFlag]: 1 },
    pledgedSrcSize: bytes.length,
  })
}
