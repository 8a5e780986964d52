import { createHash, randomBytes } from 'node:crypto'

const MiB = 1 << 20
/** skopeo and every other client in Go write a body of unknown length in chunks of this size. */
const chunkBytes = 32 * 1024

/**
 * Content that nobody has seen before: 16 fresh bytes, then one block of random bytes again and again (no peer compresses, and a block
 * that is sent again is not made again). Its digest is computed before anything is measured.
 */
export interface Content {
  digest: string
  size: number
  pieces(): Iterable<Uint8Array>
  /** The same, framed as chunks of HTTP/1.1. */
  chunks(): Iterable<Uint8Array>
}

const block = randomBytes(MiB)
const framedBlock = frame(block)

/** @param sizeBytes a multiple of 1 MiB */
export function newContent(sizeBytes: number): Content {
  const first = Buffer.concat([randomBytes(16), block.subarray(16)])
  const blocks = sizeBytes / MiB
  const hash = createHash('sha256').update(first)
  for (let at = 1; at < blocks; at++) hash.update(block)
  return {
    digest: `sha256:${hash.digest('hex')}`,
    size: sizeBytes,
    *pieces() {
      yield first
      for (let at = 1; at < blocks; at++) yield block
    },
    *chunks() {
      yield frame(first)
      for (let at = 1; at < blocks; at++) yield framedBlock
      yield Buffer.from('0\r\n\r\n')
    },
  }
}

/** Some bytes as they are. */
export function contentOf(bytes: Buffer): Content {
  const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`
  return { digest, size: bytes.length, pieces: () => [bytes], chunks: () => [frame(bytes), Buffer.from('0\r\n\r\n')] }
}

function frame(bytes: Buffer): Buffer {
  const parts: Buffer[] = []
  for (let at = 0; at < bytes.length; at += chunkBytes) {
    const part = bytes.subarray(at, at + chunkBytes)
    parts.push(Buffer.from(`${part.length.toString(16)}\r\n`), part, Buffer.from('\r\n'))
  }
  return Buffer.concat(parts)
}
