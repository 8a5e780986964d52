import { Copy } from './copy.tsx'
import { shortDigest } from './digest.ts'

/** The beginning of a digest, and a button for the whole of it. */
export function DigestText({ digest, what }: { digest: string; what: string }) {
  return (
    <span style={{ whiteSpace: 'nowrap' }}>
      <code title={digest}>{shortDigest(digest)}</code> <Copy text={digest} what={`the digest of ${what}`} />
    </span>
  )
}
