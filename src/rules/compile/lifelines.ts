import type { Reasoned } from '../compiled.ts'
import type { HostFacts } from '../host-facts.ts'
import { netsGroup, portsGroup } from '../names.ts'
import { icmp6, tcp, udp } from '../pf/packet.ts'
import type { FilterRule } from '../pf/rule.ts'
import { address, block, end, inTable, notOn, on, pass } from './rule-forms.ts'

/** The tables that the lifelines speak of. `links`: where an instance meets whoever serves its network; `served`: this host's own addresses. */
export const portsTable = 'ports'
export const linksTable = 'links'
export const servedTable = 'served'

const owner = { kind: 'host' } as const
const ports = inTable(portsTable)
const links = inTable(linksTable)
const linkLocal = address('fe80::/10')
const advertisement = { type: 134 }
const redirect = { type: 137 }

/** What no instance may say: the words of DHCP servers and routers (RFC 2131; RFC 8415; RFC 4861, 4.2 and 4.5). */
export function impostors(): Reasoned<FilterRule>[] {
  const fromPort = { direction: 'in', on: on(portsGroup), owner } as const
  return [
    block({
      ...fromPort,
      family: 'inet',
      protocols: [udp],
      from: end([], 67),
      to: end([], 68),
      label: 'll:rogue-dhcp',
      reason: 'no instance gives addresses out',
    }),
    block({
      ...fromPort,
      family: 'inet6',
      protocols: [udp],
      from: end([], 547),
      to: end([], 546),
      label: 'll:rogue-dhcp6',
      reason: 'no instance gives IPv6 addresses out',
    }),
    block({
      ...fromPort,
      family: 'inet6',
      protocols: [icmp6],
      icmp: [advertisement, redirect],
      label: 'll:rogue-ra',
      reason: 'no instance is a router of its network',
    }),
  ]
}

/**
 * What every instance needs to live, whatever its security groups say: its addresses, its neighbours, names, and what it is. PF sees a broadcast to the
 * host on the bridge only, so the rules are of taps and bridges both. None of them reaches beyond the networks of this host.
 */
export function lifelines({ metadata }: HostFacts): Reasoned<FilterRule>[] {
  const fromNet = { direction: 'in', on: on(netsGroup), owner } as const
  const toNet = { direction: 'out', on: on(netsGroup), owner } as const
  const rules = [
    pass({
      ...fromNet,
      family: 'inet',
      protocols: [udp],
      from: end([address('0.0.0.0'), ports], 68),
      to: end([links], 67),
      state: 'no',
      label: 'll:dhcp-req',
      reason: 'instances ask for their addresses',
    }),
    pass({
      ...toNet,
      family: 'inet',
      protocols: [udp],
      from: end([links], 67),
      to: end([links], 68),
      state: 'no',
      label: 'll:dhcp-rep',
      reason: 'instances are told their addresses',
    }),
    pass({
      ...fromNet,
      family: 'inet6',
      protocols: [udp],
      from: end([linkLocal], 546),
      to: end([links], 547),
      state: 'no',
      label: 'll:dhcp6-req',
      reason: 'instances ask for their IPv6 addresses',
    }),
    pass({
      ...toNet,
      family: 'inet6',
      protocols: [udp],
      from: end([links], 547),
      to: end([linkLocal], 546),
      state: 'no',
      label: 'll:dhcp6-rep',
      reason: 'instances are told their IPv6 addresses',
    }),
    pass({
      ...fromNet,
      protocols: [tcp, udp],
      from: end([ports]),
      to: end([inTable(servedTable)], 53),
      state: 'keep',
      label: 'll:dns',
      reason: 'instances ask this host for names',
    }),
    pass({
      on: on(netsGroup),
      owner,
      family: 'inet6',
      protocols: [icmp6],
      to: end([links]),
      icmp: [{ type: 133 }, { type: 135 }, { type: 136 }],
      state: 'no',
      label: 'll:nd',
      reason: 'neighbours find each other',
    }),
    pass({
      ...toNet,
      family: 'inet6',
      protocols: [icmp6],
      from: end([linkLocal]),
      icmp: [advertisement],
      state: 'no',
      label: 'll:ra',
      reason: 'instances hear the routers of their networks',
    }),
  ]
  if (metadata) rules.push(...metadataRules(metadata))
  return rules
}

/** A router elsewhere may lead the same address to another who tells instances what they are. */
function metadataRules({ address: text, port }: NonNullable<HostFacts['metadata']>): Reasoned<FilterRule>[] {
  return [
    pass({
      on: on(netsGroup),
      direction: 'in',
      family: 'inet',
      protocols: [tcp],
      from: end([ports]),
      to: end([address(text)], port),
      state: 'keep',
      label: 'll:meta',
      reason: 'instances ask what they are',
      owner,
    }),
    block({
      on: notOn('lo0'),
      direction: 'out',
      family: 'inet',
      from: end([ports]),
      to: end([address(text)]),
      label: 'll:meta-here',
      reason: 'nobody but this host tells instances what they are',
      owner,
    }),
  ]
}

/** What the trunk must not bring or take: each host is the router of its own instances. */
export function trunkImpostors(trunk: string): Reasoned<FilterRule> {
  return block({
    on: on(trunk),
    owner,
    family: 'inet6',
    protocols: [icmp6],
    icmp: [advertisement, redirect],
    label: 'trunk:ra',
    reason: 'the routers of other hosts are not those of instances here',
  })
}
