import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { AppError } from '../../../src/contract/errors.ts'
import { expand } from '../../../src/rules/pf/expand.ts'
import { listRule } from '../../../src/rules/pf/list.ts'
import { parseRuleset } from '../../../src/rules/pf/parse.ts'
import { printRule, printRuleset } from '../../../src/rules/pf/print.ts'
import type { Ruleset } from '../../../src/rules/pf/rule.ts'
import { checkLaw } from '../../support/random.ts'
import { randomRuleset } from './random-ruleset.ts'

const folder = join(import.meta.dirname, '../../fixtures/pf')

/** As `pfctl -s` would list a file that was loaded: translation, then rules. */
function listed(text: string, numeric = false): string[] {
  const { translation, filter } = parseRuleset(text)
  return [...translation, ...filter].flatMap((rule) => expand(rule).map((kernel) => listRule(kernel, { numeric })))
}

describe('what is printed is read back', () => {
  test('whatever the ruleset', () => {
    checkLaw(200, (random) => {
      const ruleset = randomRuleset(random)
      const text = printRuleset(ruleset)
      expect(parseRuleset(text), text).toEqual(ruleset)
      expect(printRuleset(parseRuleset(text))).toBe(text)
    })
  })

  test.each(readdirSync(join(folder, 'rules')))('the rules that were loaded into a real PF: %s', (name) => {
    const ruleset = parseRuleset(readFileSync(join(folder, 'rules', name), 'utf8'))
    expect(parseRuleset(printRuleset(ruleset))).toEqual(ruleset)
  })

  test('in the canonical form of each thing', () => {
    const text = `set skip on lo0
table <ports> { 10.0.0.11, !10.0.0.99 }
table <none> { }
table <kept> persist
scrub in all
nat on ext0 inet from <ports> to any -> 192.0.2.1
rdr on ext0 inet proto tcp from any to 192.0.2.1 port 8022:8030 tag IN -> 10.0.0.11 port 22:*
no binat on ext0 inet from 10.0.0.11 to 10.0.0.0/8
anchor "org.openstack/*"
block return in log quick on ! osnetx inet6 proto icmp6 all icmp6-type { 134 code 0, 137 } label "ra"
pass out quick proto { tcp, udp } from { 10.0.0.1, <ports> } to ! <none> port { 53, 80:90 } tagged IN keep state (if-bound)
match in on ext0 inet proto 47 from ! 10.0.0.1 to any tag GRE
pass in proto tcp all flags any keep state
`
    expect(printRuleset(parseRuleset(text))).toBe(text)
  })
})

test.each(['a" pass', 'a\npass', 'a\\'])('a label that would end its string is never printed: %j', (label) => {
  const [rule] = parseRuleset('pass').filter
  if (rule?.kind !== 'filter') throw new Error('one rule')
  expect(() => printRule({ ...rule, label })).toThrow('PF cannot have')
})

describe('what administrators write', () => {
  test('macros, comments, lines that go on, names for numbers', () => {
    const ruleset = parseRuleset(`
      ext = "em0"   # outside
      lan = "{ bridge0, bridge1 }"
      services = "{ ssh, https }"
      pass in on $ext inet proto tcp from any \\
        to 192.0.2.1 port $services
      block on $lan
      table <t> persist {
        10.0.0.1   # one
        10.1.2.3/8
        2001:DB8:0::1
      }
    `)
    expect(ruleset.filter.map(printRule)).toEqual([
      'pass in on em0 inet proto tcp from any to 192.0.2.1 port { 22, 443 } keep state',
      'block drop on { bridge0, bridge1 } all',
    ])
    expect(ruleset.tables).toEqual([{ name: 't', persist: true, addresses: ['10.0.0.1', '10.0.0.0/8', '2001:db8::1'] }])
  })

  test('what options say for all rules behind them', () => {
    const { filter } = parseRuleset(
      'set block-policy return\nset state-policy if-bound\nblock\npass\npass keep state (floating)\n',
    )
    expect(filter.map(printRule)).toEqual(['block return all', 'pass all keep state (if-bound)', 'pass all keep state'])
  })
})

describe('what pfctl refuses, in its words', () => {
  test.each([
    ['pass in\npass foo\n', 'stdin:2: syntax error'],
    ['pass in on $nope\n', "stdin:1: macro 'nope' not defined\nstdin:1: syntax error"],
    [
      'pass in\nnat on ext0 inet from any to any -> 192.0.2.1\n',
      'stdin:2: Rules must be in order: options, ethernet, normalization, queueing, translation, filtering',
    ],
    ['table <keep> { 10.0.0.1 }\n', 'stdin:1: syntax error'],
    [`table <${'t'.repeat(32)}> { 10.0.0.1 }\n`, 'stdin:1: table name too long, max 31 chars'],
    [`pass label "${'l'.repeat(64)}"\n`, 'stdin:1: rule label too long (max 63 chars)'],
    ['pass on p123456789abcdex\n', 'stdin:1: interface name too long'],
    ['nat on ext0 inet from 10.0.0.0/24 to any label "x" -> 192.0.2.1\n', 'stdin:1: syntax error'],
    ['pass inet from 10.0.0.1 to 2001:db8::1\n', 'stdin:1: rule expands to no valid combination'],
    ['pass from any to any port 80\n', 'stdin:1: port only applies to tcp/udp/sctp'],
    ['pass proto icmp icmp-type 8\n', 'stdin:1: must indicate address family with icmp-type/code'],
    ['antispoof for em0\n', 'stdin:1: "antispoof" is outside the part of pf.conf(5) that is read here'],
    ['foo\npass\nbar\n', 'stdin:1: syntax error\nstdin:3: syntax error'],
  ])('%j: %j', (text, message) => {
    expect(() => parseRuleset(text)).toThrow(new AppError('input-invalid', message))
  })

  test('names of the longest length that is allowed, and a group that ends in a digit, are taken', () => {
    const ruleset = parseRuleset(
      `table <${'t'.repeat(31)}> { 10.0.0.1 }\npass on p0a1b2c3d4e5 label "${'l'.repeat(63)}"\npass on p123456789abcdx\n`,
    )
    expect(ruleset.filter).toHaveLength(2)
  })

  test('set require-order no lifts the order', () => {
    expect(
      parseRuleset('set require-order no\npass\nnat on a inet from any to any -> 192.0.2.1\n').translation,
    ).toHaveLength(1)
  })

  test('messages name the file', () => {
    expect(() => parseRuleset('x', { file: '/etc/pf.conf' })).toThrow('/etc/pf.conf:1: syntax error')
  })
})

describe('lists become one rule for each combination', () => {
  test('in the order of pfctl, and without mixtures of families', () => {
    expect(
      listed(
        'pass in on { a, b } proto { tcp, udp } from { 10.0.0.1, <t> } to { 2001:db8::1, 10.0.0.2 } port { 1, 2 }',
      ),
    ).toEqual(
      ['a', 'b'].flatMap((on) =>
        ['tcp', 'udp'].flatMap((proto) =>
          [
            ['inet', '10.0.0.1', '10.0.0.2'],
            ['inet6', '<t>', '2001:db8::1'],
            ['inet', '<t>', '10.0.0.2'],
          ].flatMap(([family, from, to]) =>
            [1, 2].map(
              (port) =>
                `pass in on ${on} ${family} proto ${proto} from ${from} to ${to} port = ${port}${proto === 'tcp' ? ' flags S/SA' : ''} keep state`,
            ),
          ),
        ),
      ),
    )
  })

  test('a rule of translation has the family of its target', () => {
    expect(listed('nat on { a, b } from 10.0.0.0/24 to any -> 192.0.2.1')).toEqual([
      'nat on a inet from 10.0.0.0/24 to any -> 192.0.2.1',
      'nat on b inet from 10.0.0.0/24 to any -> 192.0.2.1',
    ])
  })
})

describe('listings of a real pfctl', () => {
  /** Forms of rules that the language does not have, because nothing of ours makes them. */
  const outside =
    /nat-to|rdr-to|binat-to|allow-opts|>= |round-robin|source-hash|static-port|port 1024:2047$|label "a" label/
  const noRule = /^match +\d|(rc \d+|cleared)$/

  /** The transcripts in which what looks like a rule is one that pfctl listed. */
  const rules = new Set(
    ['fmt-15.1.txt', 'e5-15.1.txt', 'e9-15.1.txt', 'e10-15.1.txt']
      .flatMap((name) => readFileSync(join(folder, name), 'utf8').split('\n'))
      .map((line) =>
        line
          .trim()
          .replace(/^@\d+ /, '')
          .replace(/ \{$/, ''),
      )
      .filter((line) => /^(pass|block|match|nat|no nat|rdr|binat|(nat-|rdr-|binat-)?anchor) /.test(line))
      .filter((line) => !outside.test(line) && !noRule.test(line)),
  )

  test('each line that the language has a form for is read, and listed as it was', () => {
    expect(rules.size).toBeGreaterThan(40)
    for (const line of rules) {
      const withoutSizes = line.replace(/:\d+>/, '>')
      // Those that were listed with -P.
      const numeric = /port = \d/.test(line)
      expect(listed(withoutSizes, numeric), line).toEqual([withoutSizes])
    }
  })

  test('-P gives ports in numbers, -vv the size of tables', () => {
    const [rule] = parseRuleset('pass in on tap1 inet proto tcp from <t> to any port ssh label "l"').filter
    const [kernel] = rule ? expand(rule) : []
    if (!kernel) throw new Error('one rule is one rule')
    expect(listRule(kernel, { numeric: true, tableSize: () => 2 })).toBe(
      'pass in on tap1 inet proto tcp from <t:2> to any port = 22 flags S/SA keep state label "l"',
    )
  })

  test.each([
    ['pass in on tap1 inet proto tcp from any to any port { 22, 80, 443 }', 'port = ssh|port = http|port = https'],
    ['pass in on tap1 inet proto icmp all icmp-type 8 code 0', 'icmp-type echoreq code 0'],
    ['pass in on tap1 inet proto icmp all icmp-type 3 code 4', 'icmp-type unreach code needfrag'],
    ['pass in on tap1 inet6 proto icmp6 all icmp6-type 135 code 0', 'proto ipv6-icmp all icmp6-type neighbrsol code 0'],
    ['pass in on tap1 proto 112', 'proto carp all keep state'],
    ['block in on tap1', 'block drop in on tap1 all'],
    ['anchor "x/*"', 'anchor "x/*" all'],
  ])('%s becomes %s', (written, parts) => {
    expect(listed(written).map((line, index) => line.includes(parts.split('|')[index] ?? '?'))).toEqual(
      parts.split('|').map(() => true),
    )
  })
})

test('an empty ruleset is an empty file', () => {
  const nothing: Ruleset = { tables: [], translation: [], filter: [] }
  expect(printRuleset(nothing)).toBe('')
  expect(parseRuleset('')).toEqual(nothing)
})
