import { hash as digest, randomBytes, timingSafeEqual } from 'node:crypto'

/** An identifier: 16 hexadecimal digits. */
export function newId(): string {
  return randomBytes(8).toString('hex')
}

/** A secret: 256 random bits in hexadecimal. */
export function newSecret(): string {
  return randomBytes(32).toString('hex')
}

/**
 * What is kept of a secret. One round of SHA-256 is enough for 256 random bits: there is nothing to guess (a password would need
 * a slow hash, and Slipway has none).
 */
export function hashSecret(secret: string): string {
  return digest('sha256', secret)
}

/** Whether `secret` is the one of which `hash` was kept, in a time that does not depend on either. */
export function secretMatches(secret: string, hash: string): boolean {
  const given = Buffer.from(hashSecret(secret))
  const kept = Buffer.from(hash)
  return given.length === kept.length && timingSafeEqual(given, kept)
}
