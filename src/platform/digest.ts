import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import type { Digest } from '../contract/digest.ts'

/** The sha256 digest of some bytes or of a text in UTF-8. */
export function sha256(bytes: Uint8Array | string): Digest {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`
}

/** The sha256 digest of a file, read in pieces. */
export async function sha256OfFile(path: string): Promise<Digest> {
  const hash = createHash('sha256')
  for await (const piece of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(piece)
  return `sha256:${hash.digest('hex')}`
}
