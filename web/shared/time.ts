const minute = 60_000
const hour = 60 * minute
const day = 24 * hour

/** How long ago a moment was, to the precision that a person asks for: "just now", "12 s ago", "3 h ago". */
export function ago(timestamp: string, now: number): string {
  const ms = now - Date.parse(timestamp)
  // A server's clock that is a little ahead is no news.
  if (ms < 5000) return 'just now'
  if (ms < minute) return `${Math.floor(ms / 1000)} s ago`
  if (ms < hour) return `${Math.floor(ms / minute)} min ago`
  if (ms < day) return `${Math.floor(ms / hour)} h ago`
  return `${Math.floor(ms / day)} d ago`
}

const exact = new Intl.DateTimeFormat('sv-SE', { dateStyle: 'short', timeStyle: 'medium', timeZone: 'UTC' })

/** "2026-11-22 14:03:07 UTC": the form in which logs have it. */
export function moment(timestamp: string): string {
  return `${exact.format(Date.parse(timestamp))} UTC`
}
