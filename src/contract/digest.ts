import { type Static, Type } from 'typebox'

/** The digest of some bytes, `sha256:` and 64 hexadecimal digits (OCI Image 1.1, "Digests"). */
export const Digest = Type.String({ pattern: '^sha256:[0-9a-f]{64}$' })
export type Digest = Static<typeof Digest>

const form = /^sha256:[0-9a-f]{64}$/

export function isDigest(text: string): text is Digest {
  return form.test(text)
}

/** The 64 hexadecimal digits of a digest. */
export function hex(digest: Digest): string {
  return digest.slice('sha256:'.length)
}

/** The first 12 hexadecimal digits: enough to tell releases and sets apart in the name of a folder. */
export function digest12(digest: Digest): string {
  return hex(digest).slice(0, 12)
}
