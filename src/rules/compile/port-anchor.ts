import type { DesiredPort } from '../../contract/network.ts'
import type { CompiledAnchor, Reasoned } from '../compiled.ts'
import { portAnchor, portGroup } from '../names.ts'
import { icmp6, udp } from '../pf/packet.ts'
import type { FilterRule } from '../pf/rule.ts'
import { address, block, end, notInTable, on, pass } from './rule-forms.ts'
import { hasIpv4, hasIpv6, type Situation } from './situation.ts'

/**
 * Binds its addresses to a port: what it sends from others is dropped as it comes in. It depends on no other port, so that one that comes or goes changes no
 * other's anchor. A guest chooses its link-local addresses as it likes (RFC 7217); they are in no group.
 */
export function portRules(port: DesiredPort, situation: Situation): CompiledAnchor {
  const name = portAnchor(port.mac)
  const hex = name.slice('port-'.length)
  const table = `own_${hex}`
  const who = situation.portName(port)
  const owner = { kind: 'port', id: port.id } as const
  const here = { on: on(portGroup(port.mac)), direction: 'in', owner } as const
  const filter: Reasoned<FilterRule>[] = []
  if (hasIpv4(port))
    filter.push(
      pass({
        ...here,
        family: 'inet',
        protocols: [udp],
        from: end([address('0.0.0.0')], 68),
        to: end([address('255.255.255.255')], 67),
        state: 'no',
        label: `port:${hex}:dhcp`,
        reason: `${who} asks for its address before it has one`,
      }),
    )
  if (hasIpv6(port))
    filter.push(
      pass({
        ...here,
        family: 'inet6',
        protocols: [icmp6],
        from: end([address('::')]),
        to: end([address('ff02::/16')]),
        icmp: [{ type: 133 }, { type: 135 }],
        state: 'no',
        label: `port:${hex}:dad`,
        reason: `${who} looks for routers, and whether an IPv6 address is taken, before it has one`,
      }),
    )
  filter.push(
    block({
      ...here,
      from: end([notInTable(table)]),
      label: `port:${hex}:spoof`,
      reason: `${who} sends from its own addresses only`,
    }),
  )
  const linkLocal = hasIpv6(port) ? ['fe80::/10'] : []
  const addresses = situation.book.list([...port.addresses, ...port.allowed, ...linkLocal], situation.hostAddresses)
  return {
    name,
    tables: [{ name: table, addresses, reason: `the addresses that ${who} may send from`, owner }],
    translation: [],
    filter,
  }
}
