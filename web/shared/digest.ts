/** The first 12 hexadecimal digits of a digest, as in the names of folders on a host. */
export function shortDigest(digest: string): string {
  return digest.slice(digest.indexOf(':') + 1).slice(0, 12)
}
