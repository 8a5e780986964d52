import { Notice } from '../shared/notice.tsx'

/** What is not known of hosts and had to be assumed; nothing at all when all is known. */
export function Assumed({ facts }: { facts: readonly string[] }) {
  if (facts.length === 0) return null
  return (
    <Notice tone="warn">
      {facts.map((fact) => (
        <p key={fact}>{fact}.</p>
      ))}
    </Notice>
  )
}
