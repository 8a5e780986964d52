import type { KernelTranslationRule } from './kernel-rule.ts'
import type { StateEnds } from './machine.ts'
import { icmp, icmp6, type Packet, replyTypes, tcp, udp } from './packet.ts'
import type { Direction } from './rule.ts'
import { endsOf, type States, withEnds } from './states.ts'

/** The ports that PF gives to what it translates, and the ids of echoes. */
const naturalPorts = { first: 50_001, last: 65_535 } as const
const echoIds = { first: 1, last: 65_535 } as const

/** Where the search for a free port begins: after the one that was given last, so that the same packets always get the same ports. */
export interface PortCounter {
  next: number
}

/** The packet that a rule makes of another; undefined when there is no free port for it, and PF drops it. */
export function translated(
  packet: Packet,
  rule: KernelTranslationRule,
  direction: Direction,
  states: States,
  counter: PortCounter,
): Packet | undefined {
  if (rule.kind === 'rdr') {
    const first = rule.to.ports?.from ?? packet.destinationPort
    const port = rule.targetPort === undefined ? undefined : rule.targetPort + packet.destinationPort - first
    return { ...packet, destination: rule.target, ...(port !== undefined && { destinationPort: port }) }
  }
  if (rule.kind === 'binat') {
    if (direction === 'out') return { ...packet, source: rule.target }
    return rule.from.host.kind === 'address' ? { ...packet, destination: rule.from.host.address } : undefined
  }
  return rule.kind === 'nat' ? sourceTranslated(packet, rule.target, states, counter) : packet
}

function sourceTranslated(packet: Packet, source: string, states: States, counter: PortCounter): Packet | undefined {
  const moved = { ...packet, source }
  const ends = endsOf(moved)
  const ports = portsFor(packet)
  if (!ends) return moved
  if (!ports) return states.taken(packet.protocol, ends, 'out') ? undefined : moved
  const free = freePort(packet.protocol, ends, ports, states, counter)
  return free === undefined ? undefined : withEnds(moved, { ...ends, sourcePort: free })
}

function portsFor({ protocol, icmp: echo }: Packet): { first: number; last: number } | undefined {
  if (protocol === tcp || protocol === udp) return naturalPorts
  const asks = (protocol === icmp || protocol === icmp6) && echo && replyTypes.has(echo.type)
  return asks ? echoIds : undefined
}

function freePort(
  protocol: number,
  ends: StateEnds,
  { first, last }: { first: number; last: number },
  states: States,
  counter: PortCounter,
): number | undefined {
  const size = last - first + 1
  for (let tried = 0; tried < size; tried++) {
    const port = first + ((counter.next + tried) % size)
    if (states.taken(protocol, { ...ends, sourcePort: port }, 'out')) continue
    counter.next += tried + 1
    return port
  }
  return undefined
}
