import { describe, expect, test } from 'vitest'
import type { TraceRequest } from '../../../src/contract/network-view.ts'
import type { HostFacts } from '../../../src/rules/host-facts.ts'
import { trace } from '../../../src/rules/trace/trace.ts'
import { desiredNetworks, type NetworkSpec, type RuleSpec } from '../../support/networks.ts'

const lan: NetworkSpec = { name: 'lan', vlan: 42, ipv4: { range: '10.0.0.0/24', host: '10.0.0.1', snat: true } }
const inTcp = (port: number, remote?: RuleSpec['remote']): RuleSpec => ({
  direction: 'in',
  protocol: 'tcp',
  ports: { from: port, to: port },
  ...(remote && { remote }),
})
const groups = [
  { name: 'web', rules: [inTcp(80), { direction: 'out', protocol: 'any' } as const], elsewhere: ['10.0.0.11'] },
  { name: 'db', rules: [inTcp(5432, { group: 'web' })], elsewhere: ['10.0.0.12'] },
]
const factsOf = (ipv4: string): HostFacts => ({
  egress: { interface: 'em0', ipv4 },
  filterLocal: true,
  metadata: { address: '169.254.169.254', port: 80 },
})

/** The web server is on one host with a floating IP, the database on another, on one network. */
const hosts = [
  {
    name: 'host-1',
    desired: desiredNetworks({
      networks: [lan],
      ports: [{ name: 'web', network: 'lan', addresses: ['10.0.0.11'], groups: ['web'] }],
      groups,
      floatingIps: [{ name: 'front', address: '192.0.2.51', fixed: '10.0.0.11' }],
      forwards: [{ name: 'ssh', protocol: 'tcp', ports: { from: 8022, to: 8022 }, fixed: '10.0.0.11', toPort: 22 }],
    }),
    facts: factsOf('192.0.2.1'),
  },
  {
    name: 'host-2',
    desired: desiredNetworks({
      networks: [{ ...lan, ipv4: { range: '10.0.0.0/24', host: '10.0.0.2', snat: true } }],
      ports: [
        { name: 'db', network: 'lan', addresses: ['10.0.0.12'], groups: ['db'], mac: '00:16:3e:00:02:01' },
        { name: 'batch', network: 'lan', addresses: ['10.0.0.13'], mac: '00:16:3e:00:02:02' },
      ],
      groups,
    }),
    facts: factsOf('192.0.2.2'),
  },
]
const ask = (from: string, to: string, toPort?: number, rest: Partial<TraceRequest> = {}) =>
  trace(hosts, { from, to, protocol: 'tcp', ...(toPort !== undefined && { toPort }), ...rest })
const way = ({ hops }: ReturnType<typeof trace>) =>
  hops.map(({ host, direction, place, action }) => `${host} ${direction} ${place} ${action}`)

describe('from instance to instance', () => {
  test('on another host it is followed over the trunk, and its answer back', () => {
    const found = ask('10.0.0.11', '10.0.0.12', 5432)
    expect(way(found)).toEqual([
      'host-1 in tap of shop.web pass',
      'host-1 out trunk of shop.lan pass',
      'host-2 in trunk of shop.lan pass',
      'host-2 out tap of shop.db pass',
    ])
    expect(found.sentence).toBe(
      'It passes: security group shop.web lets everything out to anybody; security group shop.db lets tcp 5432 in from security group shop.web.',
    )
    expect(found.answer.map(({ host, byState }) => `${host} ${byState}`)).toEqual([
      'host-2 true',
      'host-2 false',
      'host-1 false',
      'host-1 true',
    ])
  })

  test('P11: what no group lets in is stopped where it arrives, and the rule is named', () => {
    const found = ask('10.0.0.11', '10.0.0.12', 22)
    expect(found).toMatchObject({ verdict: 'block', answer: [] })
    expect(found.sentence).toBe(
      'Blocked on host-2, out at the tap of shop.db: no security group of the instance lets this in.',
    )
    expect(found.hops.at(-1)?.rule).toEqual({
      text: 'block drop out quick from any to <ports> label "drop:in"',
      label: 'drop:in',
      reason: 'no security group of the instance lets this in',
    })
  })

  test('what no group lets out is stopped where it begins', () => {
    expect(ask('10.0.0.12', '10.0.0.11', 80).sentence).toBe(
      'Blocked on host-2, in at the tap of shop.db: no security group of the instance lets this out.',
    )
  })
})

describe('by outside addresses', () => {
  test('what comes to a floating IP is translated, and then judged', () => {
    const found = ask('198.51.100.9', '192.0.2.51', 80)
    expect(found.verdict).toBe('pass')
    expect(found.hops[0]).toMatchObject({
      host: 'host-1',
      interface: 'em0',
      from: '198.51.100.9:49152',
      to: '192.0.2.51:80',
      translated: {
        to: '10.0.0.11:80',
        rule: { reason: 'floating IP shop.front: 192.0.2.51 outside is 10.0.0.11, both ways' },
      },
    })
    expect(found.hops[0]?.rule).toBeUndefined()
    expect(found.answer.at(-1)?.translated?.from).toBe('192.0.2.51:80')
  })

  test('an instance reaches its own floating IP by the bridge', () => {
    const found = ask('10.0.0.11', '192.0.2.51', 80)
    expect(found.verdict).toBe('pass')
    expect(found.hops.map(({ place }) => place)).toEqual([
      'tap of shop.web',
      'bridge of shop.lan',
      'bridge of shop.lan',
    ])
    expect(found.hops[2]?.translated?.from).toMatch(/^192\.0\.2\.51:/)
  })

  test('a floating IP as the origin is the instance that has it', () => {
    expect(way(ask('192.0.2.51', '8.8.8.8', 53))[0]).toBe('host-1 in tap of shop.web pass')
  })

  test('the host itself reaches a floating IP of its own', () => {
    expect(ask('192.0.2.51', '192.0.2.51', 80).verdict).toBe('pass')
    const found = ask('192.0.2.1', '192.0.2.51', 80)
    expect(found).toMatchObject({
      verdict: 'pass',
      hops: expect.arrayContaining([expect.objectContaining({ interface: 'lo0' })]),
    })
  })

  test('a forward leads to the port of the instance, and the group decides about that port', () => {
    const found = ask('198.51.100.9', '192.0.2.1', 8022)
    expect(found.verdict).toBe('block')
    expect(found.hops[0]?.translated?.to).toBe('10.0.0.11:22')
  })

  test('from one host to the floating IP of another', () => {
    const found = ask('10.0.0.12', '192.0.2.51', 80)
    expect(found.verdict).toBe('block')
    const open = ask('192.0.2.2', '192.0.2.51', 80)
    expect(open.verdict).toBe('pass')
    expect(new Set(open.hops.map(({ host }) => host))).toEqual(new Set(['host-2', 'host-1']))
  })
})

describe('lifelines', () => {
  test('an instance in no group asks for names, and for nothing else', () => {
    expect(ask('10.0.0.13', '10.0.0.2', 53)).toMatchObject({
      verdict: 'pass',
      sentence: 'It passes: instances ask this host for names.',
    })
    expect(ask('10.0.0.13', '169.254.169.254', 80).verdict).toBe('pass')
    expect(ask('10.0.0.13', '10.0.0.2', 80).verdict).toBe('block')
    expect(ask('10.0.0.13', '8.8.8.8', undefined, { protocol: 'icmp' }).verdict).toBe('block')
  })
})

describe('what cannot be asked', () => {
  for (const [why, request, message] of [
    [
      'two families',
      { from: '10.0.0.11', to: '2001:db8::1', toPort: 80, protocol: 'tcp' },
      'are not of one family of addresses',
    ],
    ['no address', { from: 'web', to: '10.0.0.11', toPort: 80, protocol: 'tcp' }, 'from: web is no IP address'],
    ['no port', { from: '10.0.0.11', to: '10.0.0.12', protocol: 'tcp' }, 'which port of 10.0.0.12 is meant?'],
    [
      'icmp of the other family',
      { from: '10.0.0.11', to: '10.0.0.12', protocol: 'icmp6' },
      'IPv4 has icmp, IPv6 icmp6',
    ],
    [
      'nobody known',
      { from: '203.0.113.1', to: '203.0.113.2', toPort: 80, protocol: 'tcp' },
      'neither 203.0.113.1 nor 203.0.113.2 is an address of an instance or of a host',
    ],
    [
      'no such host',
      { from: '203.0.113.1', to: '203.0.113.2', toPort: 80, protocol: 'tcp', host: 'host-3' },
      'no host host-3 has networks here: host-1, host-2',
    ],
  ] as const)
    test(`${why}: the answer says what is wrong`, () => {
      expect(() => trace(hosts, request)).toThrow(message)
    })

  test('with the eyes of a host, somebody outside may be asked about', () => {
    expect(ask('203.0.113.1', '203.0.113.2', 80, { host: 'host-1' })).toMatchObject({
      hops: [{ host: 'host-1' }, { host: 'host-1' }],
    })
  })
})
