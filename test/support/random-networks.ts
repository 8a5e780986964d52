import type { DesiredNetworks } from '../../src/contract/network.ts'
import type { HostFacts } from '../../src/rules/host-facts.ts'
import {
  desiredNetworks,
  type ForwardSpec,
  type GroupSpec,
  type NetworkSpec,
  type PortSpec,
  type RuleSpec,
} from './networks.ts'
import type { Random } from './random.ts'

/** What a host may be told. Small, with few numbers to choose from, so that much of what is random concerns each other. */
export interface RandomModel {
  desired: DesiredNetworks
  facts: HostFacts
}

/** Of rules and of packets. */
export const commonPorts = [22, 53, 67, 68, 80, 5432] as const
export const commonProtocols = ['tcp', 'udp', 'sctp', 'icmp', 'icmp6', 47] as const

/** Somebody outside. */
export const outsiders = { 4: '192.0.2.100', 6: '2001:db8:f::100' } as const

/** Somebody on another host of network number `at`, and an address there that nobody has. */
export const neighbours = (at: number) => ({ 4: `10.${at}.0.200`, 6: `2001:db8:a${at}::200` }) as const
export const nobody = (at: number) => ({ 4: `10.${at}.0.99`, 6: `2001:db8:a${at}::99` }) as const

export function randomModel(random: Random): RandomModel {
  const networks = Array.from({ length: 1 + random.integer(3) }, (_, at) => randomNetwork(random, at))
  const groups = ['red', 'green', 'blue', 'grey'].slice(0, 1 + random.integer(4))
  const ports = networks.flatMap((network, at) => randomPorts(random, network, at, groups))
  const routed = new Set(networks.flatMap(({ name, ipv4 }) => (ipv4?.host === undefined ? [] : [name])))
  const fixed = ports
    .filter(({ network }) => routed.has(network))
    .flatMap(({ addresses }) => addresses.filter((address) => !address.includes(':')).slice(0, 1))
  const desired = desiredNetworks({
    networks,
    ports,
    groups: groups.map((name) => randomGroup(random, name, groups)),
    floatingIps: [
      ...random
        .shuffled(fixed)
        .slice(0, random.integer(4))
        .map((address, at) => ({
          name: `f${at}`,
          address: `192.0.2.${51 + at}`,
          fixed: address,
          routed: random.chance(0.3),
        })),
      { name: 'shared', address: '192.0.2.60', routed: random.chance(0.3) },
    ],
    forwards:
      fixed.length === 0 ? [] : [0, 1, 2, 3].slice(0, random.integer(5)).map((at) => randomForward(random, fixed, at)),
  })
  const facts: HostFacts = {
    filterLocal: random.chance(0.5),
    ...(random.chance(0.9) && { metadata: { address: '169.254.169.254', port: 80 } }),
    ...(random.chance(0.9) && { egress: { interface: 'em0', ipv4: '192.0.2.1' } }),
  }
  return { desired, facts }
}

/** Number 2 is a flat one: this host is nobody's router there, and has no address. */
function randomNetwork(random: Random, at: number): NetworkSpec {
  const flat = at === 2
  const families = random.pick(['4', '6', '46', '46'] as const)
  return {
    name: `n${at}`,
    ...(flat && { own: false, bridge: 'bridge2', dhcp: false }),
    ...(!flat && random.chance(0.4) && { vlan: 40 + at }),
    ...(families.includes('4') && {
      ipv4: flat
        ? { range: '10.2.0.0/24', router: '10.2.0.254' }
        : { range: `10.${at}.0.0/24`, host: `10.${at}.0.1`, snat: random.chance(0.7) },
    }),
    ...(families.includes('6') && {
      ipv6: flat
        ? { range: '2001:db8:a2::/64', router: '2001:db8:a2::fe' }
        : { range: `2001:db8:a${at}::/64`, host: `2001:db8:a${at}::1` },
    }),
  }
}

function randomPorts(random: Random, { name, ipv4, ipv6 }: NetworkSpec, at: number, groups: string[]): PortSpec[] {
  return Array.from({ length: 1 + random.integer(3) }, (_, index) => ({
    name: `i${at}${index}`,
    network: name,
    addresses: [
      ...(ipv4 ? [`10.${at}.0.${11 + index}`] : []),
      ...(ipv6 && (!ipv4 || random.chance(0.8)) ? [`2001:db8:a${at}::1${index}`] : []),
    ],
    // An address that several share, or a range that holds the host's own.
    allowed: ipv4 ? random.some([`10.${at}.0.100/32`, `10.${at}.0.0/29`], 0.15) : [],
    groups: random.some(groups, 0.5),
  }))
}

function randomGroup(random: Random, name: string, groups: string[]): GroupSpec {
  const elsewhere = [neighbours(0)[4], neighbours(0)[6], neighbours(1)[4], outsiders[4], outsiders[6]]
  return {
    name,
    elsewhere: random.some(elsewhere, 0.3),
    rules: Array.from({ length: random.integer(8) }, () => randomRule(random, groups)),
  }
}

function randomRule(random: Random, groups: string[]): RuleSpec {
  const protocol = random.pick(['any', 'any', 'tcp', 'tcp', 'tcp', ...commonProtocols] as const)
  const ranges = [
    '10.0.0.0/24',
    '10.1.0.0/16',
    '192.0.2.0/24',
    '192.0.2.100/32',
    '0.0.0.0/0',
    '2001:db8:a0::/48',
    '::/0',
  ]
  const range = random.pick(ranges)
  const remote = random.pick([undefined, { group: random.pick(groups) }, { range }])
  const from = random.pick(commonPorts)
  const hasPorts = protocol === 'tcp' || protocol === 'udp' || protocol === 'sctp'
  const isIcmp = protocol === 'icmp' || protocol === 'icmp6'
  return {
    direction: random.pick(['in', 'out']),
    protocol,
    ...(random.chance(0.15) && { family: random.pick([4, 6] as const) }),
    ...(hasPorts && random.chance(0.7) && { ports: { from, to: from + random.pick([0, 0, 13]) } }),
    ...(isIcmp && random.chance(0.5) && { icmp: { type: protocol === 'icmp' ? 8 : 128 } }),
    ...(remote && { remote }),
  }
}

/** No two listen on the same. */
function randomForward(random: Random, fixed: readonly string[], at: number): ForwardSpec {
  const shared = random.chance(0.5)
  const from = shared ? 20 + at * 30 : 8020 + at * 30
  return {
    name: `w${at}`,
    protocol: random.pick(['tcp', 'udp']),
    ports: { from, to: from + random.pick([0, 0, 3]) },
    fixed: random.pick(fixed),
    toPort: random.pick(commonPorts),
    ...(shared && { floatingIp: 'shared' }),
  }
}
