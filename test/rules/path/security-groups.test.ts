import { describe, expect, test } from 'vitest'
import { opening, tcp } from '../../../src/rules/pf/packet.ts'
import { defaultFilter, groupsFilter, laboratory } from './laboratory.ts'
import { attempts, rulesIn, rulesOf, section } from './transcript.ts'

/*
 * Groups by address on two tenant bridges (e13, B): each line of what was tried on a real PF, with what came of it there, failures included. The
 * transcript prints the rules of B8 and B11; the others are those with what their headlines say left out or changed.
 */

const main = `
nat-anchor "org.openstack/*"
rdr-anchor "org.openstack/*"
binat-anchor "org.openstack/*"
anchor "org.openstack/*"
pass all
`

/** vm3 has no floating IP here. */
const nat = rulesOf('hairpin.conf')
  .split('\n')
  .map((line) => line.replace(', !10.1.0.13', ''))
  .filter((line) => !line.includes('10.1.0.13'))
  .join('\n')

const transcripts = [
  { file: 'e13-15.1.txt', release: 15 },
  { file: 'e13-13.2.txt', release: 14 },
] as const

const printed = (headline: string, end: string) => rulesIn(section('e13-15.1.txt', headline, end))
const b8 = printed('== B8', '== B9')
const b11 = printed('== B11', '== B12')

const without = (rules: string, ...words: string[]) =>
  rules
    .split('\n')
    .filter((line) => !words.some((word) => line.includes(word)))
    .join('\n')
const b1 = without(b8, 'hp:tap', '"forged"', 'HAIRPIN')

const bound = (rules: string, direction: 'in' | 'out' | '') =>
  rules.replaceAll(new RegExp(`^(pass ${direction}.*) keep state (?!\\()`, 'gm'), '$1 keep state (if-bound) ')

const rows = [
  { headline: '== B1 ', end: '== B2 ', rules: b1 },
  { headline: '== B3 ', end: '== B4 ', rules: without(b8, 'hp:tap', 'HAIRPIN') },
  { headline: '== B5 ', end: '== B5b', rules: bound(b1, '') },
  { headline: '== B6 ', end: '== B7 ', rules: b1, filter: defaultFilter },
  { headline: '== B7 ', end: '== B8 ', rules: b1 },
  { headline: '== B8 ', end: '== B9 ', rules: b8 },
  { headline: '== B9 ', end: '== B10', rules: without(b8, 'HAIRPIN') },
  { headline: '== B10', end: '== B11', rules: bound(b8, 'out') },
  { headline: '== B11', end: '== B12', rules: b11 },
  { headline: '== B12', end: 'WRONG total', rules: bound(b8, 'in') },
]

const groups = {
  tap1: ['epair', 'osport', 'osnetx', 'p1x'],
  tap2: ['epair', 'osport', 'osnetx', 'p2x'],
  tap3: ['epair', 'osport', 'osnetx', 'p3x'],
  tap4: ['epair', 'osnetx'],
  bridge0: ['bridge', 'osnetx'],
  bridge1: ['bridge', 'osnetx'],
}

const port = (number: number, address: string) =>
  `block drop in quick on p${number}x inet from ! ${address} label "p${number}:spoof"`

function groupsLaboratory(release: 14 | 15, rules: string, bridgeFilter = groupsFilter) {
  return laboratory({
    release,
    main,
    anchors: {
      'org.openstack/nat': nat,
      'org.openstack/port-1': port(1, '10.0.0.11'),
      'org.openstack/port-2': port(2, '10.0.0.12'),
      'org.openstack/port-3': port(3, '10.1.0.13'),
      'org.openstack/sg': rules,
    },
    groups,
    bridgeFilter,
  })
}

describe.each(transcripts)('security groups as in $file', ({ file, release }) => {
  for (const { headline, end, rules, filter = groupsFilter } of rows) {
    const tried = attempts(section(file, headline, end))
    test(`${headline.slice(3).trim()}: ${tried.length} attempts end as they did`, () => {
      expect(tried.length).toBeGreaterThan(1)
      const { outcome } = groupsLaboratory(release, rules, filter)
      expect(tried.map((attempt) => `${attempt.line.split(/PASS|block|both/)[0]}${outcome(attempt)}`)).toEqual(
        tried.map((attempt) => `${attempt.line.split(/PASS|block|both/)[0]}${attempt.outcome}`),
      )
    })
  }

  test('a member that is taken out of a group: new connections are denied, an old one lives as long as its states (B4)', () => {
    const { host, try: attempt } = groupsLaboratory(release, b1)
    const { pf } = host
    const setWeb = (...members: string[]) => pf.replaceTable('org.openstack/sg', 'g_web', members)
    const call = opening(tcp, '10.0.0.12', '10.0.0.11', { source: 4000, destination: 82 })
    const from = { kind: 'interface', interface: 'tap2' } as const
    const goesOn = () => host.send({ ...call, flags: 'A' }, from).end.kind === 'delivered'
    expect(host.converse(call, from).complete).toBe(true)

    setWeb('10.1.0.13')
    expect(goesOn()).toBe(true)
    expect(attempt('vm2', '10.0.0.11', 80).connected).toBe(false)

    for (const state of pf.states()) if (state.rule?.rule.label === 'web:in:80') pf.killState(state.id)
    expect(goesOn()).toBe(false)
    setWeb('10.0.0.11', '10.1.0.13')
    expect(goesOn()).toBe(false)
    expect(attempt('vm2', '10.0.0.11', 80).connected).toBe(true)
  })
})
