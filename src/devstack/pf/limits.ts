/** `set timeout`, in seconds: the defaults of the kernel, in the order of pfctl. `since`: the release that brought it. */
const timeouts: readonly { name: string; seconds: number; since?: number }[] = [
  { name: 'tcp.first', seconds: 120 },
  { name: 'tcp.opening', seconds: 30 },
  { name: 'tcp.established', seconds: 86_400 },
  { name: 'tcp.closing', seconds: 900 },
  { name: 'tcp.finwait', seconds: 45 },
  { name: 'tcp.closed', seconds: 90 },
  { name: 'tcp.tsdiff', seconds: 30 },
  { name: 'sctp.first', seconds: 120, since: 14 },
  { name: 'sctp.opening', seconds: 30, since: 14 },
  { name: 'sctp.established', seconds: 86_400, since: 14 },
  { name: 'sctp.closing', seconds: 900, since: 14 },
  { name: 'sctp.closed', seconds: 90, since: 14 },
  { name: 'udp.first', seconds: 60 },
  { name: 'udp.single', seconds: 30 },
  { name: 'udp.multiple', seconds: 60 },
  { name: 'icmp.first', seconds: 20 },
  { name: 'icmp.error', seconds: 10 },
  { name: 'other.first', seconds: 60 },
  { name: 'other.single', seconds: 30 },
  { name: 'other.multiple', seconds: 60 },
  { name: 'frag', seconds: 60 },
  { name: 'interval', seconds: 10 },
]

/** `set limit`: what the kernel takes when the main ruleset says nothing. 0 is "no limit" for those of FreeBSD 15. */
const limits: readonly { name: string; value: number; since?: number }[] = [
  { name: 'states', value: 100_000 },
  { name: 'src-nodes', value: 10_000 },
  { name: 'frags', value: 5000 },
  { name: 'table-entries', value: 200_000 },
  { name: 'anchors', value: 0, since: 15 },
  { name: 'eth-anchors', value: 0, since: 15 },
]

/** The numbers that the options of a main ruleset set: `set limit states 20000`, `set limit { states 1, frags 2 }`, `set timeout tcp.first 10`. */
export function optionNumbers(options: readonly string[], kind: 'limit' | 'timeout'): Map<string, number> {
  const found = new Map<string, number>()
  for (const option of options) {
    if (!option.startsWith(`${kind} `)) continue
    for (const [, name = '', value] of option.matchAll(/([a-z][a-z.-]*)\s+(\d+)/g)) found.set(name, Number(value))
  }
  return found
}

/** `pfctl -s timeouts`. When only the number of states is limited, states are timed out faster from 60 % of it on. */
export function timeoutLines(major: number, options: readonly string[]): string[] {
  const set = optionNumbers(options, 'timeout')
  const states = optionNumbers(options, 'limit').get('states') ?? 100_000
  const line = (name: string, value: number, unit: string) => `${name.padEnd(20)} ${String(value).padStart(10)}${unit}`
  return [
    ...timeouts
      .filter(({ since = 0 }) => major >= since)
      .map(({ name, seconds }) => line(name, set.get(name) ?? seconds, 's')),
    line('adaptive.start', set.get('adaptive.start') ?? Math.floor(states / 10) * 6, ' states'),
    line('adaptive.end', set.get('adaptive.end') ?? Math.floor(states / 10) * 12, ' states'),
    line('src.track', set.get('src.track') ?? 0, 's'),
  ]
}

/** How long the kernel keeps something, in seconds. */
export function timeout(options: readonly string[], name: string): number {
  const known = timeouts.find((each) => each.name === name)
  if (!known) throw new Error(`PF has no timeout ${name}`)
  return optionNumbers(options, 'timeout').get(name) ?? known.seconds
}

/** `pfctl -s memory` */
export function limitLines(major: number, options: readonly string[]): string[] {
  const set = optionNumbers(options, 'limit')
  return limits
    .filter(({ since = 0 }) => major >= since)
    .map(({ name, value }) => `${name.padEnd(13)} hard limit ${String(set.get(name) ?? value).padStart(8)}`)
}
