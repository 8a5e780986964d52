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

/** How long something has lasted: "12 s", "3 h 20 min", "40 d". */
export function lasting(since: string, now: number): string {
  const ms = Math.max(0, now - Date.parse(since))
  if (ms < minute) return `${Math.floor(ms / 1000)} s`
  if (ms < hour) return `${Math.floor(ms / minute)} min`
  if (ms < day) return `${Math.floor(ms / hour)} h ${Math.floor((ms % hour) / minute)} min`
  return `${Math.floor(ms / day)} d`
}

/** How long it still is until a moment: "1 min 40 s", "8 s"; "0 s" once it has passed. */
export function remaining(until: string, now: number): string {
  const seconds = Math.max(0, Math.ceil((Date.parse(until) - now) / 1000))
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`
}

const exact = new Intl.DateTimeFormat('sv-SE', { dateStyle: 'short', timeStyle: 'medium', timeZone: 'UTC' })

/** "2026-11-22 14:03:07 UTC": the form in which logs have it. */
export function moment(timestamp: string): string {
  return `${exact.format(Date.parse(timestamp))} UTC`
}
