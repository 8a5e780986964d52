import type { HostSummary } from '../contract/host.ts'

/** How each host stands, in a line, by name. */
export function hostLines(hosts: readonly HostSummary[]): Map<string, string> {
  return new Map(hosts.map((host) => [host.name, hostLine(host)]))
}

/** Whether a host has reported since `start` and needs no more waiting: it runs what it should, or is back where it was. */
export function isSettled({ condition, lastSeenAt }: HostSummary, start: Date): boolean {
  const seen = lastSeenAt !== null && new Date(lastSeenAt) >= start
  return seen && (condition === 'healthy' || condition === 'rolled-back')
}

function hostLine({ condition, reason, versions }: HostSummary): string {
  const runs = Object.entries(versions)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([component, version]) => `${component} ${version}`)
  return [
    condition,
    // How long a host has been silent changes every second: that is no change.
    ...(reason === undefined || condition === 'silent' ? [] : [`: ${oneLine(reason)}`]),
    ...(runs.length === 0 ? [] : [` (${runs.join(', ')})`]),
  ].join('')
}

function oneLine(text: string): string {
  return text.trim().replaceAll(/\s*\n\s*/g, ' ')
}
