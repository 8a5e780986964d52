import { createHash, type Hash } from 'node:crypto'
import { AppError } from '../contract/errors.ts'

/** The algorithms of OCI Image 1.1, "Registered algorithms", with the length of their hexadecimal form. */
export const algorithms = { sha256: 64, sha512: 128 } as const
export type Algorithm = keyof typeof algorithms

/** @throws AppError DIGEST_INVALID */
export function parseDigest(text: string): { algorithm: Algorithm; hex: string } {
  const [algorithm = '', hex = '', ...more] = text.split(':')
  const length = Object.hasOwn(algorithms, algorithm) ? algorithms[algorithm as Algorithm] : undefined
  if (length === undefined || more.length > 0 || hex.length !== length || !/^[0-9a-f]+$/.test(hex))
    throw new AppError(
      'DIGEST_INVALID',
      `${JSON.stringify(text.slice(0, 200))} is not a digest; sha256:<64 hex digits> and sha512:<128 hex digits> are taken`,
    )
  return { algorithm: algorithm as Algorithm, hex }
}

export function isDigest(text: string): boolean {
  try {
    parseDigest(text)
    return true
  } catch {
    return false
  }
}

export function newHash(algorithm: Algorithm): Hash {
  return createHash(algorithm)
}

/** The digest of some bytes with the algorithm of `digest`. */
export function digestLike(digest: string, bytes: Uint8Array): string {
  const { algorithm } = parseDigest(digest)
  return `${algorithm}:${createHash(algorithm).update(bytes).digest('hex')}`
}
