import { describe, expect, test } from 'vitest'
import { noNetworks } from '../../../src/contract/network.ts'
import { compileRules } from '../../../src/rules/compile/compile.ts'
import { groupRuleText } from '../../../src/rules/compile/group-rule-text.ts'
import type { HostFacts } from '../../../src/rules/host-facts.ts'
import { desiredNetworks, type NetworksSpec } from '../../support/networks.ts'

const facts: HostFacts = { egress: { interface: 'em0', ipv4: '192.0.2.1', ipv6: '2001:db8::1' }, filterLocal: false }
const lan = { name: 'lan', ipv4: { range: '10.0.0.0/24', host: '10.0.0.1' } }
const web = { name: 'web', network: 'lan', addresses: ['10.0.0.11'] }

test('a host without networks has no rules', () => {
  expect(compileRules(noNetworks, facts)).toEqual({ anchors: [], desired: noNetworks, problems: [] })
})

describe('what cannot be had is refused in one sentence', () => {
  const refused = (spec: Partial<NetworksSpec>) => () =>
    compileRules(desiredNetworks({ networks: [lan], ports: [web], ...spec }), facts)

  test('a forward of a floating IP that is not there', () => {
    const forward = {
      name: 'ssh',
      protocol: 'tcp',
      ports: { from: 22, to: 22 },
      toPort: 22,
      fixed: '10.0.0.11',
      floatingIp: 'gone',
    } as const
    expect(refused({ forwards: [forward] })).toThrow(
      /^port forward shop\.ssh is of floating IP [0-9a-f]{16}, which is not there$/,
    )
  })

  test('two ports with one MAC would have one anchor', () => {
    const twice = [web, { ...web, name: 'db', addresses: ['10.0.0.12'] }].map((port) => ({
      ...port,
      mac: '00:16:3e:00:00:01',
    }))
    expect(refused({ ports: twice })).toThrow('the anchor "port-00163e000001" of the PF rules is there twice')
  })

  test('two ports whose MACs differ in the first byte only would share an interface group', () => {
    const alike = [
      { ...web, mac: '00:16:3e:00:00:01' },
      { ...web, name: 'db', addresses: ['10.0.0.12'], mac: '02:16:3e:00:00:01' },
    ]
    expect(refused({ ports: alike })).toThrow('the group "p163e000001x" of the PF rules is there twice')
  })
})

describe('a range that a port may send from and that holds an outside address of the host is left out, and nothing else', () => {
  const any = { direction: 'in', protocol: 'any' } as const
  const withAllowed = (...allowed: string[]) => {
    const groups = [{ name: 'web' }, { name: 'db', rules: [{ ...any, remote: { group: 'web' } }] }]
    const ports = [
      { ...web, groups: ['web'], allowed },
      { name: 'db', network: 'lan', addresses: ['10.0.0.12'], groups: ['db'] },
    ]
    return desiredNetworks({ networks: [lan], ports, groups })
  }
  const metadata = { address: '169.254.169.254', port: 80 }

  for (const [allowed, holds] of [
    ['192.0.2.0/24', 'the address 192.0.2.1 of this host'],
    ['2001:db8::/32', 'the address 2001:db8::1 of this host'],
    ['169.254.0.0/16', 'the address 169.254.169.254 of this host'],
    ['0.0.0.0/0', 'the address 192.0.2.1 of this host'],
  ] as const)
    test(`${allowed}: ${holds}`, () => {
      const compiled = compileRules(withAllowed('172.16.0.0/16', allowed), { ...facts, metadata })
      expect(compiled.problems).toEqual([
        `shop.web on shop.lan may not send from ${allowed}, which holds ${holds}: allow it smaller ranges in its stack`,
      ])
      const without = compileRules(withAllowed('172.16.0.0/16'), { ...facts, metadata })
      expect(without.problems).toEqual([])
      expect(compiled.anchors).toEqual(without.anchors)
      expect(compiled.desired).toEqual(without.desired)
    })

  test('one with every address, even if no address of the host is known', () => {
    const { problems } = compileRules(withAllowed('::/0'), { filterLocal: false })
    expect(problems).toEqual([expect.stringContaining('may not send from ::/0, which holds every address')])
  })
})

describe('a rule of a security group in words', () => {
  const name = () => 'shop.db'
  for (const [rule, text] of [
    [{ id: '1', direction: 'in', protocol: 'tcp', ports: { from: 80, to: 80 } }, 'in tcp 80 from anybody'],
    [{ id: '1', direction: 'out', protocol: 'any', family: 6 }, 'out everything over IPv6 to anybody'],
    [
      { id: '1', direction: 'in', protocol: 'udp', ports: { from: 5000, to: 5009 }, remote: { range: '10.0.0.0/8' } },
      'in udp 5000-5009 from 10.0.0.0/8',
    ],
    [{ id: '1', direction: 'out', protocol: 'tcp', remote: { group: 'x' } }, 'out tcp to security group shop.db'],
    [{ id: '1', direction: 'in', protocol: 'icmp', icmp: { type: 3, code: 4 } }, 'in icmp type 3 code 4 from anybody'],
    [{ id: '1', direction: 'in', protocol: 47 }, 'in protocol 47 from anybody'],
  ] as const)
    test(text, () => expect(groupRuleText(rule, name)).toBe(text))
})
