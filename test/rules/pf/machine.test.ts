import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { Pf } from '../../../src/rules/pf/machine.ts'
import { openPf } from '../../../src/rules/pf/open-pf.ts'
import { answer, icmp, opening, type Packet, tcp, udp } from '../../../src/rules/pf/packet.ts'
import { parseRuleset } from '../../../src/rules/pf/parse.ts'

const fixtures = join(import.meta.dirname, '../../fixtures/pf')

interface Setup {
  release?: 14 | 15
  main: string
  anchors?: Record<string, string>
  interfaces?: Record<string, string[]>
}

function pfOf({
  release = 15,
  main,
  anchors = {},
  interfaces = { tap1: [], tap2: [], ext0: [], bridge0: [] },
}: Setup): Pf {
  return openPf({
    release,
    interfaces,
    main: parseRuleset(main),
    anchors: Object.fromEntries(Object.entries(anchors).map(([path, text]) => [path, parseRuleset(text)])),
  })
}

const ping = (source: string, destination: string, id = 1): Packet => opening(icmp, source, destination, { source: id })
const syn = (source: string, destination: string, port = 80, sourcePort = 4000): Packet =>
  opening(tcp, source, destination, { source: sourcePort, destination: port })

/** The line of `pfctl -s labels`. */
function labels(pf: Pf, anchor: string): string[] {
  return pf.rules(anchor, 'filter').flatMap(({ rule, counters: { evaluations, packets, bytes, stateCreations } }) => {
    if (rule.kind !== 'filter' || rule.label === undefined) return []
    const sums = [packets[0] + packets[1], bytes[0] + bytes[1], packets[0], bytes[0], packets[1], bytes[1]]
    return [`${rule.label} ${[evaluations, ...sums, stateCreations].join(' ')}`]
  })
}

describe('the search for a translation, over anchors', () => {
  const calls = 'nat-anchor "os/*"\n'
  const nat = (address: string) => `nat on ext0 inet from 10.0.0.0/24 to any -> 192.0.2.${address}\n`
  const no = 'no nat on ext0 inet from 10.0.0.0/24 to any\n'
  const cases: Record<string, Pick<Setup, 'main' | 'anchors'>> = {
    'only os/a nat->.11': { main: calls, anchors: { 'os/a': nat('11') } },
    'os/a nat->.11, os/b nat->.12': { main: calls, anchors: { 'os/a': nat('11'), 'os/b': nat('12') } },
    'os/a nat->.11, os/b no nat': { main: calls, anchors: { 'os/a': nat('11'), 'os/b': no } },
    'os/a no nat, os/b nat->.12': { main: calls, anchors: { 'os/a': no, 'os/b': nat('12') } },
    'os/a nat->.11 then nat->.15 (same ruleset)': { main: calls, anchors: { 'os/a': nat('11') + nat('15') } },
    'os/a nat->.11, then main nat->.13': { main: calls + nat('13'), anchors: { 'os/a': nat('11') } },
    'main nat->.13 first, then os/a nat->.11': { main: nat('13') + calls, anchors: { 'os/a': nat('11') } },
    "main 'no nat' first, then os/a nat->.11": { main: no + calls, anchors: { 'os/a': nat('11') } },
    "os/a nat->.11, then main 'no nat'": { main: calls + no, anchors: { 'os/a': nat('11') } },
    'nat-anchor os/a (.11), nat-anchor os2 (.14) no wildcard': {
      main: 'nat-anchor "os/a"\nnat-anchor "os2"\n',
      anchors: { 'os/a': nat('11'), os2: nat('14') },
    },
    'os/a nat-anchor sub/*, sub/x nat->.12': {
      main: calls,
      anchors: { 'os/a': 'nat-anchor "sub/*"\n', 'os/a/sub/x': nat('12') },
    },
    'os/a empty, os/a/sub/x nat (wildcard not recursive)': {
      main: calls,
      anchors: { 'os/a': '', 'os/a/sub/x': nat('12') },
    },
    'os/a nat .11 + os/fip binat .51': {
      main: `${calls}binat-anchor "os/*"\n`,
      anchors: { 'os/a': nat('11'), 'os/fip': 'binat on ext0 inet from 10.0.0.11 to any -> 192.0.2.51\n' },
    },
  }

  /** "only os/a … -> all icmp 192.0.2.11:36521 (10.0.0.11:17664) …": the name of a case, and the address that the packet left with. */
  const outcomes = (file: string) =>
    readFileSync(join(fixtures, file), 'utf8')
      .split('\n')
      .flatMap((line): { file: string; name: string; source: string }[] => {
        const [, name = '', rest = ''] = /^(.*?) *-> (all icmp .*|\d untranslated)?$/.exec(line) ?? []
        const source = /^all icmp (\S+):\d+ \(/.exec(rest)?.[1] ?? '10.0.0.11'
        return cases[name] ? [{ file, name, source }] : []
      })

  const rows = ['e1-15.1.txt', 'e10-15.1.txt', 'e10-13.2.txt'].flatMap(outcomes)
  test('the transcripts tell of all cases', () => {
    expect(new Set(rows.map(({ name }) => name))).toEqual(new Set(Object.keys(cases)))
    expect(rows.length).toBe(Object.keys(cases).length + 12)
  })

  test.each(rows)('$file: $name leaves as $source', ({ file, name, source }) => {
    const pf = pfOf({ release: file.includes('13.2') ? 14 : 15, main: '', ...cases[name] })
    expect(pf.see(ping('10.0.0.11', '192.0.2.100'), 'ext0', 'out').packet.source).toBe(source)
  })
})

describe('the walk through the rules', () => {
  const children = {
    'os/10': 'pass quick on tap1 no state label "10"',
    'os/9': 'pass quick on tap1 no state label "9"',
    'os/B': 'pass quick on tap1 no state label "B"',
    'os/a': 'pass quick on tap1 no state label "a"',
    'os/b': 'block quick on tap1 label "b"',
  }

  test('anchors are called in byte order, and quick ends everything; counters as counted (e8)', () => {
    const pf = pfOf({ main: 'anchor "os/*"\npass no state\n', anchors: children })
    for (const [name, direction, packet] of [
      ['tap2', 'in', ping('10.0.0.12', '10.0.0.11')],
      ['tap1', 'out', ping('10.0.0.12', '10.0.0.11')],
      ['tap1', 'in', answer(ping('10.0.0.12', '10.0.0.11'))],
      ['tap2', 'out', answer(ping('10.0.0.12', '10.0.0.11'))],
    ] as const)
      expect(pf.see(packet, name, direction).action).toBe('pass')
    const expected = readFileSync(join(fixtures, 'e8-binat-return-15.1.txt'), 'utf8')
      .split('\n')
      .filter((line) => /^(10|9|B|a|b) \d/.test(line))
    expect(expected).toHaveLength(5)
    expect(Object.keys(children).flatMap((path) => labels(pf, path))).toEqual(expected)
  })

  test('the last match decides, also over anchors', () => {
    const main = 'anchor "os/*"\n'
    const anchors = { 'os/a': 'pass on tap1 no state label "a"', 'os/b': 'block on tap1 label "b"' }
    const { action, rule } = pfOf({ main, anchors }).see(ping('10.0.0.11', '10.0.0.12'), 'tap1', 'in')
    expect([action, rule?.anchor, rule?.index, rule?.rule.label]).toEqual(['block', 'os/b', 0, 'b'])
    expect(
      pfOf({ main: `${main}pass all no state\n`, anchors }).see(ping('10.0.0.11', '10.0.0.12'), 'tap1', 'in').action,
    ).toBe('pass')
  })

  test('what no rule speaks of passes without a state', () => {
    const pf = pfOf({ main: 'block on tap2\n' })
    const verdict = pf.see(syn('10.0.0.11', '10.0.0.12'), 'tap1', 'in')
    expect(verdict).toMatchObject({ action: 'pass', byState: false })
    expect(verdict.rule).toBeUndefined()
    expect(pf.states()).toEqual([])
  })

  test('a rule says of which written rule it was expanded', () => {
    const pf = pfOf({
      main: 'pass in on { tap1, tap2 } no state\nblock in on { tap1, tap2 } inet6\nblock in on tap2 inet\n',
    })
    const { rule } = pf.see(ping('10.0.0.11', '10.0.0.12'), 'tap2', 'in')
    expect([rule?.index, rule?.written]).toEqual([4, 2])
  })

  test('judging leaves nothing behind', () => {
    const pf = pfOf({ main: 'nat on ext0 inet from any to any -> 192.0.2.1\npass keep state label "x"\n' })
    const first = pf.judge(syn('10.0.0.11', '192.0.2.100'), 'ext0', 'out')
    expect(first.packet.source).toBe('192.0.2.1')
    expect(pf.states()).toEqual([])
    expect(labels(pf, '')).toEqual(['x 0 0 0 0 0 0 0 0'])
    expect(pf.see(syn('10.0.0.11', '192.0.2.100'), 'ext0', 'out').packet).toEqual(first.packet)
  })

  test('skip on an interface or a group: PF does not look', () => {
    const pf = pfOf({
      main: 'set skip on { lo0 osskip }\nblock all\n',
      interfaces: { lo0: [], tap1: ['osskip'], tap2: [] },
    })
    const actions = ['lo0', 'tap1', 'tap2'].map((name) => pf.see(ping('10.0.0.1', '10.0.0.2'), name, 'in').action)
    expect(actions).toEqual(['pass', 'pass', 'block'])
  })
})

describe('counters as pfctl showed them', () => {
  test('three pings through one rule: sg1:port1:icmp (fmt-15.1)', () => {
    const pf = pfOf({
      main: 'anchor "org.openstack/*"\npass no state\n',
      anchors: {
        'org.openstack/net1':
          'table <sg1> { 10.0.0.12 }\npass out quick on tap1 inet proto icmp from <sg1> to 10.0.0.11 keep state label "sg1:port1:icmp"',
      },
    })
    const call = ping('10.0.0.12', '10.0.0.11', 16384)
    for (let turn = 0; turn < 3; turn++) {
      pf.see(call, 'tap1', 'out')
      pf.see(answer(call), 'tap1', 'in')
    }
    expect(labels(pf, 'org.openstack/net1')).toEqual(['sg1:port1:icmp 1 6 504 3 252 3 252 1'])
    const [anchor] = pf.rules('', 'filter')
    expect(anchor?.counters).toEqual({
      evaluations: 1,
      packets: [3, 3],
      bytes: [252, 252],
      states: 1,
      stateCreations: 1,
    })
    expect(pf.states()[0]).toMatchObject({ packets: [3, 3], bytes: [252, 252], progress: ['0', '0'], interface: 'all' })
  })

  test('two pings over two taps: rules 0 to 2 and the nat-anchor (e10)', () => {
    const pf = pfOf({
      main: 'nat-anchor "os/*"\nanchor "os/*"\ntable <t> { 10.0.0.11, 10.0.0.12 }\npass in on tap9 from <t> label "x"\npass\n',
    })
    const call = ping('10.0.0.11', '10.0.0.12')
    for (let turn = 0; turn < 2; turn++) {
      pf.see(call, 'tap1', 'in')
      pf.see(call, 'tap2', 'out')
      pf.see(answer(call), 'tap2', 'in')
      pf.see(answer(call), 'tap1', 'out')
    }
    const counters = pf
      .rules('', 'filter')
      .map(({ counters: { evaluations, packets, bytes, states } }) => [
        evaluations,
        packets[0] + packets[1],
        bytes[0] + bytes[1],
        states,
      ])
    expect(counters).toEqual([
      [2, 0, 0, 0],
      [2, 0, 0, 0],
      [2, 8, 672, 2],
    ])
    expect(pf.rules('', 'nat').map(({ counters: { evaluations } }) => evaluations)).toEqual([1])
  })

  test('rules that a mismatch skips over are not evaluated', () => {
    const pf = pfOf({
      main: 'pass in on tap1 label "a"\npass in on tap1 label "b"\npass in on tap2 no state label "c"\n',
    })
    pf.see(ping('10.0.0.1', '10.0.0.2'), 'tap2', 'in')
    expect(labels(pf, '').map((line) => line.split(' ').slice(0, 3).join(' '))).toEqual(['a 1 0', 'b 0 0', 'c 1 1'])
  })

  test('a reload begins at 0, unless the main ruleset keeps counters', () => {
    for (const [main, evaluations] of [
      ['anchor "a"\n', 0],
      ['set keepcounters\nanchor "a"\n', 1],
    ] as const) {
      const pf = pfOf({ main, anchors: { a: 'pass label "x"' } })
      pf.see(syn('10.0.0.1', '10.0.0.2'), 'tap1', 'in')
      pf.replaceAnchor('a', parseRuleset('block label "y"\npass label "x"'))
      const [, kept] = pf.rules('a', 'filter')
      expect(kept?.counters).toMatchObject({ evaluations, packets: [evaluations, 0], stateCreations: 0 })
      expect(pf.states()).toHaveLength(1)
    }
  })
})

describe('states', () => {
  const call = syn('10.0.0.12', '10.0.0.11')

  test('an answer passes by the state, a connection from the middle does not begin one', () => {
    const pf = pfOf({ main: 'block\npass in on tap2 proto tcp label "in"\n' })
    expect(pf.see({ ...call, flags: 'A' }, 'tap2', 'in').action).toBe('block')
    expect(pf.see(call, 'tap2', 'in')).toMatchObject({ action: 'pass', byState: false })
    const back = pf.see(answer(call), 'tap2', 'out')
    expect([back.action, back.byState, back.rule?.rule.label]).toEqual(['pass', true, 'in'])
  })

  test('a state of what came in is no state for the same packet going out', () => {
    const pf = pfOf({ main: 'block\npass in on tap2\n' })
    pf.see(call, 'tap2', 'in')
    expect(pf.see(call, 'tap1', 'out').action).toBe('block')
  })

  test('one of an interface is found there only', () => {
    const pf = pfOf({ main: 'block\npass in on tap2 keep state (if-bound)\n' })
    pf.see(call, 'tap2', 'in')
    expect(pf.states()[0]).toMatchObject({ interface: 'tap2', origin: 'tap2', direction: 'in' })
    expect(pf.see(answer(call), 'tap1', 'out').action).toBe('block')
    expect(pf.see(answer(call), 'tap2', 'out').action).toBe('pass')
  })

  test('the policy of the main ruleset binds its own states, with those that translation makes (e13, B5b)', () => {
    const pf = pfOf({
      main: 'set state-policy if-bound\nnat on ext0 inet from any to any -> 192.0.2.1\nanchor "a"\npass no state\n',
      anchors: { a: 'pass in quick on tap1' },
    })
    pf.see(call, 'tap1', 'in')
    pf.see(call, 'ext0', 'out')
    expect(pf.states().map((state) => state.interface)).toEqual(['all', 'ext0'])
  })

  test('killed by id, a connection that goes on is a stranger', () => {
    const pf = pfOf({ main: 'block\npass in on tap2\n' })
    const { state } = pf.see(call, 'tap2', 'in')
    expect(pf.killState(state?.id ?? 0)).toBe(true)
    expect(pf.killState(state?.id ?? 0)).toBe(false)
    expect(pf.see({ ...call, flags: 'A' }, 'tap2', 'in').action).toBe('block')
    expect(pf.rules('', 'filter')[1]?.counters).toMatchObject({ states: 0, stateCreations: 1 })
  })

  test('progress of a connection, in the words of pfctl', () => {
    const pf = pfOf({ main: 'pass in on tap2\n' })
    const words = (packet: Packet, direction: 'in' | 'out') =>
      pf.see(packet, 'tap2', direction).state?.progress.join(':')
    expect(words(call, 'in')).toBe('SYN_SENT:CLOSED')
    expect(words(answer(call), 'out')).toBe('ESTABLISHED:SYN_SENT')
    expect(words({ ...call, flags: 'A' }, 'in')).toBe('ESTABLISHED:ESTABLISHED')
    expect(words({ ...call, flags: 'F' }, 'in')).toBe('CLOSING:ESTABLISHED')
    expect(words({ ...answer(call), flags: 'F' }, 'out')).toBe('FIN_WAIT_2:CLOSING')
    expect(words({ ...call, flags: 'A' }, 'in')).toBe('FIN_WAIT_2:FIN_WAIT_2')
    expect(words(call, 'in')).toBe('SYN_SENT:CLOSED')
    expect(pf.states()).toHaveLength(1)
    const question = opening(udp, '10.0.0.12', '10.0.0.1', { source: 5000, destination: 53 })
    expect(words(question, 'in')).toBe('SINGLE:NO_TRAFFIC')
    expect(words(answer(question), 'out')).toBe('MULTIPLE:SINGLE')
    expect(words(question, 'in')).toBe('MULTIPLE:MULTIPLE')
  })

  test('an error of ICMP begins none', () => {
    const pf = pfOf({ main: 'pass\n' })
    expect(pf.see({ ...ping('10.0.0.1', '10.0.0.2'), icmp: { type: 3, code: 4, id: 0 } }, 'tap1', 'in').action).toBe(
      'pass',
    )
    expect(pf.states()).toEqual([])
  })
})

describe('translation', () => {
  test('nat gives each connection a port of its own, and answers find their way back', () => {
    const pf = pfOf({ main: 'nat on ext0 inet from 10.0.0.0/24 to any -> 192.0.2.1\n' })
    const calls = ['10.0.0.11', '10.0.0.12'].map((source) => syn(source, '192.0.2.100', 80, 4000))
    const sent = calls.map((call) => pf.see(call, 'ext0', 'out').packet)
    expect(sent.map(({ source }) => source)).toEqual(['192.0.2.1', '192.0.2.1'])
    expect(new Set(sent.map(({ sourcePort }) => sourcePort)).size).toBe(2)
    expect(sent.every(({ sourcePort }) => sourcePort > 50_000)).toBe(true)
    expect(sent.map((packet) => pf.see(answer(packet), 'ext0', 'in').packet)).toEqual(calls.map(answer))
    expect(pf.states()[0]).toMatchObject({
      wire: { source: '192.0.2.1', destination: '192.0.2.100' },
      stack: { source: '10.0.0.11', sourcePort: 4000, destination: '192.0.2.100', destinationPort: 80 },
    })
  })

  test('an echo gets another id', () => {
    const pf = pfOf({ main: 'nat on ext0 inet from 10.0.0.0/24 to any -> 192.0.2.1\n' })
    const [first, second] = ['10.0.0.11', '10.0.0.12'].map((source) => ping(source, '192.0.2.100', 7))
    if (!first || !second) throw new Error('two pings')
    const sent = [first, second].map((packet) => pf.see(packet, 'ext0', 'out').packet)
    expect(sent[0]?.icmp?.id).not.toBe(sent[1]?.icmp?.id)
    expect(sent.map((packet) => pf.see(answer(packet), 'ext0', 'in').packet.destination)).toEqual([
      '10.0.0.11',
      '10.0.0.12',
    ])
  })

  test('binat keeps ports, both ways', () => {
    const pf = pfOf({ main: 'binat on ext0 inet from 10.0.0.11 to any -> 192.0.2.51\n' })
    expect(pf.see(syn('10.0.0.11', '192.0.2.100'), 'ext0', 'out').packet).toMatchObject({
      source: '192.0.2.51',
      sourcePort: 4000,
    })
    expect(pf.see(syn('192.0.2.100', '192.0.2.51', 81), 'ext0', 'in').packet).toMatchObject({
      destination: '10.0.0.11',
    })
    expect(pf.see(syn('192.0.2.100', '192.0.2.52', 81), 'ext0', 'in').packet).toMatchObject({
      destination: '192.0.2.52',
    })
  })

  test.each([
    [8022, '10.0.0.11', 22],
    [8025, '10.0.0.11', 25],
    [8031, '192.0.2.1', 8031],
  ])('a range of ports goes on from the first of the target: %i', (port, address, inside) => {
    const pf = pfOf({
      main: 'rdr on ext0 inet proto tcp from any to 192.0.2.1 port 8022:8030 -> 10.0.0.11 port 22:*\n',
    })
    const { packet } = pf.see(syn('192.0.2.100', '192.0.2.1', port), 'ext0', 'in')
    expect([packet.destination, packet.destinationPort]).toEqual([address, inside])
    expect(pf.see(answer(packet), 'ext0', 'out').packet).toMatchObject({ source: '192.0.2.1', sourcePort: port })
  })

  test('a tag stays on the packet, and rules see it in the same place', () => {
    const pf = pfOf({
      main: 'nat on bridge0 inet from any to any tagged HAIRPIN -> 192.0.2.1\nrdr on bridge0 inet from any to 192.0.2.51 tag HAIRPIN -> 10.0.0.11\nblock\npass tagged HAIRPIN keep state (if-bound)\n',
    })
    const inward = pf.see(syn('10.0.0.12', '192.0.2.51'), 'bridge0', 'in')
    expect(inward).toMatchObject({ action: 'pass', packet: { destination: '10.0.0.11', tag: 'HAIRPIN' } })
    expect(pf.see(inward.packet, 'bridge0', 'out').packet.source).toBe('192.0.2.1')
    expect(pf.see(syn('10.0.0.12', '10.0.0.11', 80, 4001), 'bridge0', 'in').action).toBe('block')
  })
})

describe('tables', () => {
  const from = (pf: Pf, source: string) => pf.judge(ping(source, '10.9.9.9'), 'tap1', 'in').action

  test('the most particular entry decides', () => {
    const pf = pfOf({ main: 'table <t> { 10.0.0.0/8, !10.0.0.0/24, 10.0.0.11 }\nblock\npass from <t> no state\n' })
    expect(['10.1.0.1', '10.0.0.12', '10.0.0.11', '192.0.2.1'].map((source) => from(pf, source))).toEqual([
      'pass',
      'block',
      'pass',
      'block',
    ])
    expect(pf.judge(ping('2001:db8::1', '2001:db8::2'), 'tap1', 'in').action).toBe('block')
  })

  test('an anchor has its own tables, and else those of the main ruleset', () => {
    const pf = pfOf({
      main: 'table <t> { 10.0.0.1 }\nanchor "a"\nanchor "b"\n',
      anchors: { a: 'table <t> { 10.0.0.2 }\nblock quick from <t>', b: 'block quick from <t>' },
    })
    expect(['10.0.0.1', '10.0.0.2', '10.0.0.3'].map((source) => from(pf, source))).toEqual(['block', 'block', 'pass'])
    pf.removeTable('', 't')
    expect(from(pf, '10.0.0.1')).toBe('pass')
  })

  test('members are replaced without a reload; a table that is not there has none', () => {
    const pf = pfOf({ main: 'block\npass from <t> no state\n' })
    expect(from(pf, '10.0.0.1')).toBe('block')
    pf.replaceTable('', 't', ['10.0.0.0/24'])
    expect(from(pf, '10.0.0.1')).toBe('pass')
    pf.replaceTable('', 't', ['10.0.0.2'])
    expect(from(pf, '10.0.0.1')).toBe('block')
    expect(pf.tables('')).toEqual([{ name: 't', anchor: '', addresses: ['10.0.0.2'] }])
  })

  test('a load replaces tables that have a list, keeps the others, and forgets none (e5b)', () => {
    const pf = pfOf({
      main: '',
      anchors: { a: 'table <one> { 10.0.0.1 }\ntable <two> { 10.0.0.2 }\ntable <three> { 10.0.0.3 }' },
    })
    pf.replaceAnchor('a', parseRuleset('table <one> { }\ntable <two> persist\npass'))
    expect(pf.tables('a').map(({ name, addresses }) => [name, addresses.join()])).toEqual([
      ['one', ''],
      ['three', '10.0.0.3'],
      ['two', '10.0.0.2'],
    ])
    pf.replaceAnchor('a', parseRuleset(''))
    expect(pf.anchors()).toEqual(['a'])
    pf.removeAnchor('a')
    expect(pf.anchors()).toEqual([])
  })
})
