import { describe, expect, test } from 'vitest'
import { defaultFilter, type Laboratory, type LaboratoryOptions, laboratory } from './laboratory.ts'
import { rulesOf, section } from './transcript.ts'

/*
 * Floating IPs and the hairpin (e3, e8, e12) and the host that calls them itself (e4): lines like
 *   vm2  -> 192.0.2.51   tcp80 OK   seen: [vm1] from 192.0.2.52  ping:0.0% packet loss
 * as a real PF made them, with what a machine of ours makes of the same attempt.
 */

const main = `
nat-anchor "org.openstack/*"
rdr-anchor "org.openstack/*"
binat-anchor "org.openstack/*"
anchor "org.openstack/*"
pass all
`

interface Line {
  text: string
  from: string
  to: string
  pinged: boolean
}

function lines(all: readonly string[]): Line[] {
  return all.flatMap((line) => {
    const text = line.trim().replace(/ +/g, ' ')
    const [, from, to] = /^(\w+) -> (\S+) tcp80 /.exec(text) ?? []
    return from !== undefined && to !== undefined ? [{ text, from, to, pinged: text.includes('ping:') }] : []
  })
}

function onlyLine(all: readonly string[]): Line {
  const [line, more] = lines(all)
  if (!line || more) throw new Error('this part of the transcript should have one line')
  return line
}

/** The line that the script would have printed. */
function tried({ try: attempt }: Laboratory, { from, to, pinged }: Line): string {
  const { connected, conversation, heardBy, seenFrom } = attempt(from, to, 80)
  const ok = connected && conversation.complete && heardBy !== from.replace(/^vm\d$/, 'host')
  const seen = ok ? ` [${heardBy}] from ${seenFrom}` : ''
  const ping = attempt(from, to).connected ? '0.0' : '100.0'
  return `${from} -> ${to} tcp80 ${ok ? 'OK' : 'FAIL'} seen:${seen}${pinged ? ` ping:${ping}% packet loss` : ''}`
}

const base: LaboratoryOptions = { main, bridgeFilter: defaultFilter }

const rows = [
  {
    name: 'binat and hairpin without order',
    file: 'e12-15.1.txt',
    from: '## binat',
    to: 'RC=0',
    rules: 'hairpin.conf',
  },
  {
    name: 'binat and hairpin without order',
    file: 'e12-13.2.txt',
    from: '## binat',
    to: 'RC=0',
    rules: 'hairpin.conf',
  },
  {
    name: 'nat and rdr in order',
    file: 'e3-hairpin-15.1.txt',
    from: '## rdr/nat ext0',
    to: '##### C',
    rules: 'hairpin-in-order.conf',
  },
  {
    name: 'nat and rdr in order',
    file: 'e3-13.2.txt',
    from: '## rdr/nat ext0',
    to: '##### C',
    rules: 'hairpin-in-order.conf',
  },
  {
    name: 'addresses that are routed to the host',
    file: 'e3-hairpin-15.1.txt',
    from: '## no alias',
    to: '##### D',
    rules: 'hairpin-in-order.conf',
    aliases: [],
  },
] as const

describe('floating IPs', () => {
  for (const { name, file, from, to, rules, ...rest } of rows)
    test(`${name}, as in ${file}`, () => {
      const expected = lines(section(file, from, to))
      expect(expected.length).toBeGreaterThan(8)
      const lab = laboratory({
        ...base,
        ...rest,
        release: file.includes('13.2') ? 14 : 15,
        anchors: { 'org.openstack/nat': rulesOf(rules) },
      })
      expect(expected.map((line) => tried(lab, line))).toEqual(expected.map(({ text }) => text))
    })

  test('binat alone leaves instances of the same host out', () => {
    const expected = lines(section('e8-binat-return-15.1.txt', '== binat on ext0 only', '== inbound:'))
    expect(expected).toHaveLength(4)
    const lab = laboratory({
      ...base,
      anchors: {
        'org.openstack/nat':
          'binat on ext0 inet from 10.0.0.11 to any -> 192.0.2.51\nbinat on ext0 inet from 10.0.0.12 to any -> 192.0.2.52',
      },
    })
    expect(expected.map((line) => tried(lab, line))).toEqual(expected.map(({ text }) => text))
  })

  test('rdr wins over binat for what comes in', () => {
    const expected = onlyLine(section('e8-binat-return-15.1.txt', '== inbound:', '== state sees'))
    const rules = `
      rdr on ext0 inet proto tcp from any to 192.0.2.51 port 80 -> 10.0.0.12
      binat on ext0 inet from 10.0.0.11 to any -> 192.0.2.51`
    expect(tried(laboratory({ ...base, anchors: { 'org.openstack/nat': rules } }), expected)).toBe(expected?.text)
  })

  test.each([
    ['pass in to 10.0.0.11', '10.0.0.11'],
    ['pass in to 192.0.2.51', '192.0.2.51'],
  ])('the filter sees the translated destination: %s', (headline, address) => {
    const expected = onlyLine(
      section('e8-binat-return-15.1.txt', headline, headline.includes('10.0') ? 'pass in to 192' : '=='),
    )
    const lab = laboratory({
      ...base,
      main: `rdr on ext0 inet from any to 192.0.2.51 -> 10.0.0.11\nblock in on ext0\npass in on ext0 inet from any to ${address}\npass on bridge0\n`,
    })
    expect(tried(lab, expected)).toBe(expected.text)
  })

  test('rdr pass is not filtered where it translates', () => {
    const expected = onlyLine(section('e8-binat-return-15.1.txt', '== rdr pass', '== quick'))
    const lab = laboratory({
      ...base,
      main: 'rdr pass on ext0 inet from any to 192.0.2.51 -> 10.0.0.11\nblock in on ext0\npass on bridge0\n',
    })
    expect(tried(lab, expected)).toBe(expected.text)
  })
})

describe('the host calls a floating IP that it has as an alias', () => {
  const rdr = 'rdr on lo0 inet proto tcp from any to 192.0.2.51 -> 10.0.0.11'
  const nat = 'nat on bridge0 inet from 192.0.2.51 to 10.0.0.11 -> 10.0.0.1'
  test.each([
    { rules: [rdr], filterLocal: false, seen: undefined },
    { rules: [nat, rdr], filterLocal: false, seen: undefined },
    { rules: ['nat on lo0 inet from any to 192.0.2.51 -> 10.0.0.1', rdr], filterLocal: false, seen: undefined },
    { rules: [rdr], filterLocal: true, seen: '192.0.2.51' },
    { rules: [nat, rdr], filterLocal: true, seen: '10.0.0.1' },
    { rules: ['nat on lo0 inet from any to 192.0.2.51 -> 10.0.0.1', rdr], filterLocal: true, seen: undefined },
  ])('$rules, net.pf.filter_local $filterLocal: heard from $seen (e4)', ({ rules, filterLocal, seen }) => {
    const lab = laboratory({ ...base, main: `${rules.join('\n')}\npass all\n`, filterLocal })
    const { connected, conversation, heardBy, seenFrom } = lab.try('host', '192.0.2.51', 80)
    expect(heardBy).toBe('vm1')
    expect(connected && conversation.complete ? seenFrom : undefined).toBe(seen)
  })
})
