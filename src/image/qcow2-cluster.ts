import { AppError } from '../contract/errors.ts'
import { type Decompress, refused, type Source } from './source.ts'
import { zstdFrameBytes } from './zstd-frame.ts'

/**
 * One compressed cluster of a QCOW2 image, unpacked. Its last sector may hold the beginning of the next one, which is passed over.
 * @throws AppError image-refused
 */
export async function unpackCluster(
  file: Source,
  { at, length }: { at: number; length: number },
  method: 'deflate' | 'zstd',
  clusterBytes: number,
  decompress: Decompress,
): Promise<Buffer> {
  const packed = await file.read(at, length)
  try {
    const cluster =
      method === 'deflate'
        ? await decompress(method, packed, clusterBytes)
        : await unpackFrames(packed, clusterBytes, decompress)
    if (cluster.length === clusterBytes) return cluster
    throw refused(`it has ${cluster.length} bytes, and not ${clusterBytes}`)
  } catch (cause) {
    const reason = (cause as Error).message
    throw new AppError('image-refused', `the QCOW2 image is damaged: a compressed cluster at ${at}: ${reason}`, {
      cause,
    })
  }
}

/** As many zstd frames as it takes to fill a cluster. */
async function unpackFrames(packed: Buffer, clusterBytes: number, decompress: Decompress): Promise<Buffer> {
  const parts: Buffer[] = []
  let left = clusterBytes
  for (let from = 0; left > 0; ) {
    const frame = packed.subarray(from, from + zstdFrameBytes(packed.subarray(from)))
    const part = await decompress('zstd', frame, left)
    parts.push(part)
    from += frame.length
    left -= part.length
  }
  return Buffer.concat(parts)
}
