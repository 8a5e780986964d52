import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { readInfo } from '../../../src/network/pf/info.ts'
import { readInterfaceCounters } from '../../../src/network/pf/interface-counters.ts'
import { readLimits } from '../../../src/network/pf/limits.ts'
import { readRuleCounters } from '../../../src/network/pf/rule-counters.ts'
import { openRuleLines } from '../../../src/network/pf/rule-lines.ts'
import { readRule } from '../../../src/network/pf/rule-text.ts'
import { readTableCounters } from '../../../src/network/pf/table-counters.ts'
import { readTranslation } from '../../../src/network/pf/translation-text.ts'
import { captured } from './transcript.ts'

const fmt = (command: string) => captured('fmt-15.1.txt', command)

/** The listings of one release, which stand behind each other in a transcript: from one line to another. */
function formats(release: '13.2' | '15.1', from: RegExp, to: RegExp): string {
  const text = readFileSync(join(import.meta.dirname, `../../fixtures/pf/e10-${release}.txt`), 'utf8')
  const lines = text.slice(text.indexOf('== formats\n') + '== formats\n'.length).split('\n')
  const begin = lines.findIndex((line) => from.test(line))
  const length = lines.slice(begin + 1).findIndex((line) => to.test(line)) + 1
  return `${lines.slice(begin, begin + length).join('\n')}\n`
}

describe.each(['13.2', '15.1'] as const)('P15 as FreeBSD %s shows it', (release) => {
  test('rules with their counters', () => {
    const { rules, tables, unread } = readRuleCounters(formats(release, /^@0 anchor/, /^@0 nat-anchor/))
    expect(
      rules.map(({ number, text, evaluations, packets, bytes, states, stateCreations }) => [
        number,
        text,
        evaluations,
        packets,
        bytes,
        states,
        stateCreations,
      ]),
    ).toEqual([
      [0, 'anchor "os/*" all', 2, 0, 0, 0, 0],
      [1, 'pass in on tap1 from <t> to any flags S/SA keep state label "x"', 2, 0, 0, 0, 0],
      [2, 'pass all flags S/SA keep state', 2, 8, 672, 2, 2],
    ])
    expect(tables).toEqual(new Map([['', new Map([['t', 2]])]]))
    expect(unread).toEqual([])
  })

  test('tables, of whose addresses 15.1 tells another number', () => {
    const text = formats(release, /^--a-r-C\tt$/, /^ {3}10\.0\.0\.11$/)
    expect(text).toContain(`Addresses:   ${release === '15.1' ? 1 : 2}\n`)
    const nothing = { packetsIn: 0, packetsOut: 0, bytesIn: 0, bytesOut: 0 }
    expect(readTableCounters(text)).toEqual({ rows: [{ name: 't', matches: 1, noMatches: 0, ...nothing }], unread: [] })
  })

  test('limits, and none where there is none', () => {
    const { rows, unread } = readLimits(formats(release, /^states +hard/, /^ {2}os$/))
    const limits = Object.fromEntries(rows.map(({ pool, limit }) => [pool, limit]))
    const since15 = { anchors: Number.POSITIVE_INFINITY, 'eth-anchors': Number.POSITIVE_INFINITY }
    expect(limits).toEqual({
      states: 100_000,
      'src-nodes': 10_000,
      frags: 5000,
      'table-entries': 200_000,
      ...(release === '15.1' ? since15 : {}),
    })
    expect(unread).toEqual([])
  })

  test('the status, without an interface that traffic is logged of', () => {
    const { info, unread } = readInfo(formats(release, /^Status: /, /^pfctl: /))
    expect(info?.logged).toBeUndefined()
    expect(info?.sections.get('State Table')?.get('searches')).toBe(release === '15.1' ? 38 : 35)
    expect(info?.sections.get('Limit Counters')?.size).toBe(10)
    // "Reassemble  no" of 14 and later is no number.
    expect(unread.filter((line) => !line.startsWith('Reassemble'))).toEqual([])
  })
})

describe('P15 counters', () => {
  test('traffic of the log interface, both protocols, packets passed and blocked apart', () => {
    const { info, unread } = readInfo(fmt('pfctl -v -s info'))
    expect(Object.fromEntries(info?.logged?.inet ?? [])).toEqual({
      'Bytes In': 476,
      'Bytes Out': 563,
      'Packets In Passed': 7,
      'Packets In Blocked': 0,
      'Packets Out Passed': 9,
      'Packets Out Blocked': 0,
    })
    expect(new Set(info?.logged?.inet6.values())).toEqual(new Set([0]))
    expect(unread).toEqual([])
  })

  test('an anchor by its path, and with what -g adds', () => {
    const { rules } = readRuleCounters(fmt('pfctl -a org.openstack/net1 -vv -s rules'))
    expect(rules[0]).toMatchObject({ number: 0, evaluations: 29, packets: 6, bytes: 504, states: 1, stateCreations: 1 })
    const all = readRuleCounters(fmt('pfctl -gvvsr'))
    expect(all.rules.map(({ packets }) => packets)).toEqual([6, 0, 0, 40])
    expect(all.unread).toEqual([])
  })

  test('everything: rules by the path of their anchor, once for an anchor that is called twice; of one without a name apart', () => {
    const counts = (packets: number) =>
      `  [ Evaluations: 1         Packets: ${packets}         Bytes: 0           States: 1234567]\n`
    const web = `@1 anchor "web" all {\n${counts(0)}@0 block drop in all\n${counts(7)}}\n`
    const text = `@0 scrub in all\n${counts(0)}@0 anchor "org.openstack/*" all {\n${counts(0)}anchor "sg" all {\n@0 pass all\n${counts(3)}}\n}\n${web}@2 anchor in on em0 all {\n${counts(0)}@0 pass in all\n${counts(4)}}\n${web}@4 pass all\n${counts(5)}`
    const { rules, unread } = readRuleCounters(text)
    expect(rules.map(({ ruleset, text: rule, packets }) => [ruleset.path, ruleset.isInline, rule, packets])).toEqual([
      ['', false, 'scrub in all', 0],
      ['', false, 'anchor "org.openstack/*" all', 0],
      ['org.openstack/sg', false, 'pass all', 3],
      ['', false, 'anchor "web" all', 0],
      ['web', false, 'block drop in all', 7],
      ['', false, 'anchor in on em0 all', 0],
      ['', true, 'pass in all', 4],
      ['', false, 'anchor "web" all', 0],
      ['', false, 'pass all', 5],
    ])
    expect(new Set(rules.map(({ states }) => states))).toEqual(new Set([1_234_567]))
    expect(unread).toEqual([])
  })

  test('a rule of which the counters are not understood is told, and is no number', () => {
    const text =
      '@0 pass all\n  [ Evaluations: many Packets: 1 ]\n@1 block drop all\n  [ Evaluations: 1  Packets: 2  Bytes: 3  States: 4 ]\n'
    const { rules, unread } = readRuleCounters(text)
    expect(rules.map(({ text: rule }) => rule)).toEqual(['block drop all'])
    expect(unread).toEqual(['[ Evaluations: many Packets: 1 ]', 'pass all'])
  })

  test('the next listing has its own counters and sizes of tables, also where the rules are as they were', () => {
    const listing = (table: number, packets: number, others: string) =>
      `@0 pass in from <web:${table}> to any\n  [ Evaluations: 9 Packets: ${packets} Bytes: 1 States: 0 ]\n${others}`
    const other = '@1 pass out all\n  [ Evaluations: 9 Packets: 8 Bytes: 1 States: 0 ]\n'
    const lines = openRuleLines()
    const seen = [listing(3, 1, other), listing(3, 2, other), listing(4, 3, ''), listing(4, 4, other)].map((text) => {
      const { rules, tables } = readRuleCounters(text, lines())
      return [rules.map((rule) => `${rule.number} ${rule.text} ${rule.packets}`), tables.get('')?.get('web')]
    })
    expect(seen).toEqual([
      [['0 pass in from <web> to any 1', '1 pass out all 8'], 3],
      [['0 pass in from <web> to any 2', '1 pass out all 8'], 3],
      [['0 pass in from <web> to any 3'], 4],
      [['0 pass in from <web> to any 4', '1 pass out all 8'], 4],
    ])
  })

  test('tables of an anchor', () => {
    expect(readTableCounters(fmt('pfctl -a org.openstack/net1 -vv -s Tables'))).toEqual({
      rows: [{ name: 'sg1', matches: 1, noMatches: 0, packetsIn: 3, packetsOut: 3, bytesIn: 252, bytesOut: 252 }],
      unread: [],
    })
    expect(readTableCounters(fmt('pfctl -vv -s Tables')).rows.map(({ name }) => name)).toEqual(['empty', 'osadmin'])
  })

  test('a table of which a line is not understood is left out', () => {
    const { rows, unread } = readTableCounters(fmt('pfctl -vv -s Tables').replace('In/Pass:  ', 'In/Passed: '))
    expect(rows.map(({ name }) => name)).toEqual(['osadmin'])
    expect(unread).toEqual([expect.stringContaining('In/Passed')])
  })

  test('interfaces; what belongs to one that has lost its name is nobody’s', () => {
    const { rows, unread } = readInterfaceCounters(fmt('pfctl -vv -s Interfaces'))
    expect(rows.map(({ name }) => name)).toEqual(fmt('pfctl -s Interfaces').trimEnd().split('\n'))
    const counts = rows.find(({ name }) => name === 'bridge0')?.counts
    expect(counts).toHaveLength(8)
    expect(counts?.[0]).toEqual({ direction: 'in', family: 'inet', action: 'pass', packets: 10, bytes: 691 })
    expect(unread).toEqual([])
  })
})

test.each([
  ['pass all no state label "def"', { action: 'pass', direction: '', interface: '', label: 'def', isOneWay: false }],
  [
    'block drop in quick on p3eaabb01x from ! <own> to any label "spoof"',
    { action: 'block', direction: 'in', interface: 'p3eaabb01x', isOneWay: true },
  ],
  [
    'block return-rst(ttl 3) out log (all) on ! osnetx inet6 proto tcp all',
    { action: 'block', direction: 'out', interface: '!osnetx', family: 'inet6', protocol: 'tcp', isOneWay: true },
  ],
  ['block return-icmp(host-unr, addr-unr) in all', { direction: 'in', isOneWay: true }],
  [
    'pass in quick on em0 route-to (em1 192.0.2.1) round-robin inet proto 250 from any to any flags S/SA keep state label "no state" label "b"',
    { interface: 'em0', family: 'inet', protocol: '250', label: 'no state b', isOneWay: false },
  ],
  [
    'pass out on osnetx inet proto udp from <links> port = 67 to <links> port = 68 no state label "ll:dhcp-rep"',
    { direction: 'out', protocol: 'udp', isOneWay: true },
  ],
  ['match in all scrub (max-mss 1400)', { action: 'match', direction: 'in', isOneWay: false }],
  ['anchor "org.openstack/*" all', undefined],
  ['scrub in all fragment reassemble', undefined],
] as const)('P15 what a rule says of itself: %s', (text, facts) => {
  if (facts) expect(readRule(text)).toMatchObject(facts)
  else expect(readRule(text)).toBeUndefined()
})

test.each([
  ['nat on ext0 inet from 10.0.0.0/24 to any -> 192.0.2.1', 'nat', '10.0.0.0/24', '192.0.2.1'],
  ['nat on em0 inet from <snat> to any -> (em0) round-robin static-port', 'nat', '<snat>', '(em0)'],
  ['nat on br-front inet from ! <inside> to any tagged HAIRPIN -> 192.0.2.1', 'nat', '!<inside>', '192.0.2.1'],
  [
    'rdr on ext0 inet proto tcp from any to 192.0.2.50 port = 8080 -> 10.0.0.11 port 80',
    'rdr',
    '10.0.0.11',
    '192.0.2.50',
  ],
  [
    'rdr pass on lo0 inet proto udp from any to 192.0.2.50 port 8000:8010 tag HAIRPIN -> 10.0.0.11 port 80:*',
    'rdr',
    '10.0.0.11',
    '192.0.2.50',
  ],
  ['binat on ext0 inet from 10.0.0.12 to any -> 192.0.2.52', 'binat', '10.0.0.12', '192.0.2.52'],
  ['nat on em0 inet all -> { 192.0.2.1, 192.0.2.2 } round-robin', 'nat', 'any', '{ 192.0.2.1, 192.0.2.2 }'],
] as const)('P15 whom a translation is of: %s', (text, kind, internal, external) => {
  expect(readTranslation(text)).toEqual({ kind, internal, external })
})

test.each(['no nat on em0 inet from any to 10.0.0.0/8', 'nat-anchor "org.openstack/*" all'])(
  '%s translates nothing',
  (text) => {
    expect(readTranslation(text)).toBeUndefined()
  },
)
