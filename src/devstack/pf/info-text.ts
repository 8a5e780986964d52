import type { Count } from './interface-stats.ts'

/** What `pfctl -s info` tells. Numbers that nothing in a simulated host moves are 0. */
export interface Info {
  /** When PF was switched on or off last; absent: it never was on. */
  since?: Date
  running: boolean
  hostid: string
  /** Of the main ruleset; absent when it has no rule. */
  checksum?: string
  states: number
  searches: number
  inserts: number
  removals: number
  matches: number
  /** What was counted on the interface of `set loginterface`, under the names of interface-stats.ts. */
  logged?: { name: string; counts: ReadonlyMap<string, Readonly<Count>> }
}

const counterNames = [
  'match',
  'bad-offset',
  'fragment',
  'short',
  'normalize',
  'memory',
  'bad-timestamp',
  'congestion',
  'ip-option',
  'proto-cksum',
  'state-mismatch',
  'state-insert',
  'state-limit',
  'src-limit',
  'synproxy',
  'map-failed',
]

const limitCounterNames = [
  'max states per rule',
  'max-src-states',
  'max-src-nodes',
  'max-src-conn',
  'max-src-conn-rate',
  'overload table insertion',
  'overload flush states',
  'synfloods detected',
  'syncookies sent',
  'syncookies validated',
]

/** @param verbosity how many -v there are */
export function infoLines(info: Info, major: number, verbosity: number, now: Date): string[] {
  const seconds = info.since ? Math.floor((now.getTime() - info.since.getTime()) / 1000) : 0
  const count = (name: string, value: number) => {
    const rate = seconds > 0 ? `${(value / seconds).toFixed(1).padStart(14)}/s` : ' '.repeat(14)
    return `  ${name.padEnd(25)} ${String(value).padStart(14)} ${rate}`
  }
  const current = (value: number) => `  ${'current entries'.padEnd(25)} ${String(value).padStart(14)} ${' '.repeat(14)}`
  const state = info.running ? 'Enabled' : 'Disabled'
  const lines = [
    `${(info.since ? `Status: ${state} for ${duration(seconds)}` : `Status: ${state}`).padEnd(44)}${'Debug: Urgent'.padStart(15)}`,
    '',
  ]
  if (verbosity > 0) {
    lines.push(`Hostid:   0x${info.hostid}`)
    if (info.checksum !== undefined) lines.push(`Checksum: 0x${info.checksum}`)
    lines.push('')
  }
  if (info.logged) lines.push(...loggedLines(info.logged))
  lines.push(
    `${'State Table'.padEnd(27)} ${'Total'.padStart(14)} ${'Rate'.padStart(16)}`,
    current(info.states),
    count('searches', info.searches),
    count('inserts', info.inserts),
    count('removals', info.removals),
  )
  if (verbosity > 0)
    lines.push(
      'Source Tracking Table',
      current(0),
      ...['searches', 'inserts', 'removals'].map((name) => count(name, 0)),
    )
  const names = major >= 15 ? [...counterNames, 'translate'] : counterNames
  lines.push('Counters', ...names.map((name) => count(name, name === 'match' ? info.matches : 0)))
  if (verbosity === 0) return lines
  lines.push('Limit Counters', ...limitCounterNames.map((name) => count(name, 0)), 'Syncookies')
  const setting = (name: string, value: string) => `  ${name.padEnd(25)} ${value}`
  lines.push(setting('mode', 'never'))
  if (major >= 14) lines.push(setting('active', 'inactive'))
  if (major >= 14 && verbosity > 1)
    lines.push(setting('highwater', '25 %'), setting('lowwater', '12 %'), setting('halfopen states', '0'))
  if (major >= 14) lines.push(`${'Reassemble'.padEnd(32)} no `)
  return lines
}

function loggedLines({ name, counts }: NonNullable<Info['logged']>): string[] {
  const both = (way: string, ends: readonly string[], what: keyof Count) =>
    ['4', '6'].map((family) => ends.reduce((sum, end) => sum + (counts.get(`${way}${family}/${end}`)?.[what] ?? 0), 0))
  const row = (title: string, [ipv4 = 0, ipv6 = 0]: number[]) =>
    `  ${title.padEnd(25)} ${String(ipv4).padStart(14)} ${String(ipv6).padStart(16)}`
  const all = ['Pass', 'Block']
  return [
    `Interface Stats for ${name.padEnd(16)} ${'IPv4'.padStart(5)} ${'IPv6'.padStart(16)}`,
    row('Bytes In', both('In', all, 'bytes')),
    row('Bytes Out', both('Out', all, 'bytes')),
    ...['In', 'Out'].flatMap((way) => [
      `  Packets ${way}`,
      row('  Passed', both(way, ['Pass'], 'packets')),
      row('  Blocked', both(way, ['Block'], 'packets')),
    ]),
    '',
  ]
}

function duration(seconds: number): string {
  const clock = [Math.floor(seconds / 3600) % 24, Math.floor(seconds / 60) % 60, seconds % 60]
  return `${Math.floor(seconds / 86_400)} days ${clock.map((part) => String(part).padStart(2, '0')).join(':')}`
}
