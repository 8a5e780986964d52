import type { DesiredNetworks } from '../../../src/contract/network.ts'
import type { HostFacts } from '../../../src/rules/host-facts.ts'
import { desiredNetworks, type NetworkSpec, type RuleSpec } from '../../support/networks.ts'

/** What a host may be told, each with why its rules are worth reading: test/fixtures/rules/<name>.conf has them. */
export interface Situation {
  name: string
  why: string
  desired: DesiredNetworks
  facts: HostFacts
}

const metadata = { address: '169.254.169.254', port: 80 }
const facts: HostFacts = { egress: { interface: 'em0', ipv4: '192.0.2.1' }, filterLocal: false, metadata }

const lan: NetworkSpec = { name: 'lan', ipv4: { range: '10.0.0.0/24', host: '10.0.0.1', snat: true } }
const backend: NetworkSpec = { name: 'backend', ipv4: { range: '10.1.0.0/24', host: '10.1.0.1', snat: true } }
const web = { name: 'web', network: 'lan', addresses: ['10.0.0.11'] }
const db = { name: 'db', network: 'lan', addresses: ['10.0.0.12'] }

const outAny: RuleSpec = { direction: 'out', protocol: 'any' }
const inTcp = (port: number, remote?: RuleSpec['remote']): RuleSpec => ({
  direction: 'in',
  protocol: 'tcp',
  ports: { from: port, to: port },
  ...(remote && { remote }),
})
const webGroup = { name: 'web', rules: [inTcp(80), outAny] }

export const situations: Situation[] = [
  {
    name: 'no-groups',
    why: 'An instance without security groups has its lifelines, and nothing else.',
    desired: desiredNetworks({ networks: [lan], ports: [web] }),
    facts,
  },
  {
    name: 'default-group',
    why: 'The default group lets its members out to everybody, and in from each other; one of them is on another host.',
    desired: desiredNetworks({
      networks: [lan],
      ports: [
        { ...web, groups: ['default'] },
        { ...db, groups: ['default'] },
      ],
      groups: [
        {
          name: 'default',
          rules: [outAny, { direction: 'in', protocol: 'any', remote: { group: 'default' } }],
          elsewhere: ['10.0.0.23'],
        },
      ],
    }),
    facts,
  },
  {
    name: 'remote-group',
    why: 'The database takes connections of web servers only, wherever they are; a group that is only named has no rules here.',
    desired: desiredNetworks({
      networks: [lan],
      ports: [
        { ...web, groups: ['web'] },
        { ...db, groups: ['db'] },
      ],
      groups: [
        webGroup,
        { name: 'db', rules: [inTcp(5432, { group: 'web' }), inTcp(22, { group: 'admins' })] },
        { name: 'admins', elsewhere: ['10.0.0.40', '10.0.0.41'], rules: [outAny] },
      ],
    }),
    facts,
  },
  {
    name: 'floating-ip',
    why: 'One instance has an outside address. Instances of this host reach it too: their packets are translated twice, on the bridge.',
    desired: desiredNetworks({
      networks: [lan],
      ports: [{ ...web, groups: ['web'] }, db],
      groups: [webGroup],
      floatingIps: [{ name: 'front', address: '192.0.2.51', fixed: '10.0.0.11' }],
    }),
    facts,
  },
  {
    name: 'floating-ip-from-host',
    why: 'With net.pf.filter_local the host itself reaches a floating IP, if it is its own address: one that is routed here is not.',
    desired: desiredNetworks({
      networks: [lan],
      ports: [{ ...web, groups: ['web'] }, db],
      groups: [webGroup],
      floatingIps: [
        { name: 'front', address: '192.0.2.51', fixed: '10.0.0.11' },
        { name: 'back', address: '198.51.100.7', fixed: '10.0.0.12', routed: true },
      ],
    }),
    facts: { ...facts, filterLocal: true },
  },
  {
    name: 'two-networks',
    why: 'Two networks of one host, only one of which leaves under its address; an instance on both has an anchor for each port.',
    desired: desiredNetworks({
      networks: [lan, { ...backend, ipv4: { range: '10.1.0.0/24', host: '10.1.0.1' } }],
      ports: [
        { ...web, groups: ['web'] },
        { ...web, network: 'backend', addresses: ['10.1.0.11'], groups: ['web'] },
        { ...db, network: 'backend', addresses: ['10.1.0.12'], groups: ['db'] },
      ],
      groups: [webGroup, { name: 'db', rules: [inTcp(5432, { range: '10.1.0.0/24' })] }],
    }),
    facts,
  },
  {
    name: 'dual-stack',
    why: 'IPv4 and IPv6 side by side: one rule for both families where it says nothing of them, no translation of IPv6.',
    desired: desiredNetworks({
      networks: [{ ...lan, ipv6: { range: '2001:db8:1::/64', host: '2001:db8:1::1' } }],
      ports: [{ ...web, addresses: ['10.0.0.11', '2001:db8:1::11'], groups: ['web'] }],
      groups: [
        {
          name: 'web',
          rules: [
            inTcp(80),
            { direction: 'in', protocol: 'icmp', icmp: { type: 8 } },
            { direction: 'in', protocol: 'icmp6', icmp: { type: 128, code: 0 } },
            { direction: 'in', protocol: 'udp', ports: { from: 6000, to: 6010 }, family: 6 },
            { direction: 'out', protocol: 'tcp', remote: { range: '2001:db8::/32' } },
            { direction: 'out', protocol: 47 },
          ],
        },
      ],
    }),
    facts,
  },
  {
    name: 'vlan-trunk',
    why: 'A network that spans hosts: what crosses the trunk is judged at both ends, but for the advertisements of other routers.',
    desired: desiredNetworks({
      networks: [{ ...lan, vlan: 42, ipv6: { range: '2001:db8:1::/64', host: '2001:db8:1::1' } }],
      ports: [{ ...web, addresses: ['10.0.0.11', '2001:db8:1::11'], groups: ['web'] }],
      groups: [webGroup],
    }),
    facts,
  },
  {
    name: 'port-forwards',
    why: "Ports of the host's own address, and of a floating IP that nobody has whole, lead to instances; a range keeps its order.",
    desired: desiredNetworks({
      networks: [lan],
      ports: [
        { ...web, groups: ['web'] },
        { ...db, groups: ['web'] },
      ],
      groups: [webGroup],
      floatingIps: [{ name: 'shared', address: '192.0.2.60' }],
      forwards: [
        { name: 'ssh', protocol: 'tcp', ports: { from: 8022, to: 8022 }, fixed: '10.0.0.11', toPort: 22 },
        {
          name: 'dns',
          protocol: 'udp',
          ports: { from: 53, to: 53 },
          fixed: '10.0.0.12',
          toPort: 53,
          floatingIp: 'shared',
        },
        {
          name: 'rtp',
          protocol: 'udp',
          ports: { from: 7000, to: 7009 },
          fixed: '10.0.0.12',
          toPort: 6000,
          floatingIp: 'shared',
        },
      ],
    }),
    facts: { ...facts, filterLocal: true },
  },
  {
    name: 'allowed-addresses',
    why: "A shared address, and a range that an instance routes, are its own too; the host's own address in such a range is not.",
    desired: desiredNetworks({
      networks: [lan],
      ports: [
        { ...web, groups: ['web'], allowed: ['10.0.0.100/32', '172.16.0.0/16'] },
        { ...db, groups: ['web'], allowed: ['10.0.0.0/28'] },
      ],
      groups: [webGroup, { name: 'peers', rules: [] }],
    }),
    facts,
  },
  {
    name: 'empty-group',
    why: 'A group without rules is like none. There is no metadata service here, so no rule lets anybody to it.',
    desired: desiredNetworks({
      networks: [lan],
      ports: [{ ...web, groups: ['closed'] }],
      groups: [{ name: 'closed', rules: [] }],
    }),
    facts: { egress: { interface: 'em0', ipv4: '192.0.2.1' }, filterLocal: false },
  },
  {
    name: 'port-without-range',
    why: 'A port on a network without ranges has no addresses to go by: PF is kept out of it, and no rule speaks of it.',
    desired: desiredNetworks({
      networks: [lan, { name: 'wire', bridge: 'bridge0', own: false, dhcp: false }],
      ports: [
        { ...web, groups: ['web'] },
        { name: 'web', network: 'wire', addresses: [] },
      ],
      groups: [webGroup],
    }),
    facts,
  },
  {
    name: 'external-router',
    why: 'A flat network whose router, DHCP and DNS are elsewhere: this host has no address on it and translates nothing.',
    desired: desiredNetworks({
      networks: [
        {
          name: 'office',
          bridge: 'bridge0',
          own: false,
          dhcp: false,
          ipv4: { range: '198.51.100.0/24', router: '198.51.100.254', dns: ['198.51.100.253'] },
        },
      ],
      ports: [{ name: 'web', network: 'office', addresses: ['198.51.100.11'], groups: ['web'] }],
      groups: [webGroup],
    }),
    facts,
  },
  {
    name: 'no-outside',
    why: 'A host without an outside interface: nothing is translated, and floating IPs and forwards have no rules.',
    desired: desiredNetworks({
      networks: [lan],
      ports: [{ ...web, groups: ['web'] }],
      groups: [webGroup],
      floatingIps: [{ name: 'front', address: '192.0.2.51', fixed: '10.0.0.11' }],
    }),
    facts: { filterLocal: true, metadata },
  },
]
