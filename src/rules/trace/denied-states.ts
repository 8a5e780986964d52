import type { DesiredNetworks } from '../../contract/network.ts'
import type { CompiledRules } from '../compiled.ts'
import type { HostFacts } from '../host-facts.ts'
import { hairpinTag, portGroup } from '../names.ts'
import type { Pf } from '../pf/machine.ts'
import { icmp, icmp6, opening, type Packet } from '../pf/packet.ts'
import { layoutOf } from './layout.ts'
import { portFinder } from './port-finder.ts'
import { pfWith } from './rules-in-force.ts'
import type { StateKey } from './state-key.ts'

/** What is in force now. */
export interface InForce {
  desired: DesiredNetworks
  facts: HostFacts
  compiled: CompiledRules
  /** Addresses that were those of ports, and are nobody's any more: every state that has one is denied. */
  gone?: readonly string[]
}

/** An interface that is in no group of ours. */
const elsewhere = 'elsewhere'

/**
 * Which of these states the rules would not let begin now: each is asked about as if its first packet came again. So is one whose translation is another
 * by now (a floating IP that moved). States that only the administrator's own rules speak of are never among them.
 * @returns their ids
 */
export function deniedStates(states: readonly StateKey[], { desired, facts, compiled, gone = [] }: InForce): string[] {
  const { interfaces, layout } = layoutOf(desired, facts)
  const pf = pfWith(compiled, { ...interfaces, [elsewhere]: [] })
  const bridges = new Set(layout.bridges.map((bridge) => bridge.interface))
  const bridgeOf = new Map(desired.networks.map(({ id, bridge }) => [id, bridge]))
  const portAt = portFinder(desired.ports)
  const ended = new Set(gone)

  /** Where it was made, in our names: an interface that is not known by its name is known by the address on its side. */
  const placeOf = ({ direction, interface: bound, origin, source, destination, original }: StateKey): string => {
    const named = [bound, origin].find((name) => name !== undefined && interfaces[name] !== undefined)
    if (named !== undefined) return named
    const port = portAt(direction === 'in' ? source.address : destination.address)
    if (port === undefined) return facts.egress?.interface ?? elsewhere
    // What an instance says to an outside address is translated on the bridge.
    return original === undefined ? portGroup(port.mac) : (bridgeOf.get(port.network) ?? elsewhere)
  }

  const isDenied = (state: StateKey): boolean => {
    const { source, destination, original } = state
    const ends = [source.address, destination.address, ...(original ? [original.address] : [])]
    if (ends.some((address) => ended.has(address))) return true
    const place = placeOf(state)
    const tagged = state.direction === 'out' && original !== undefined && bridges.has(place)
    return wouldNotBegin(pf, state, place, tagged ? hairpinTag : undefined)
  }
  return states.filter(isDenied).map(({ id }) => id)
}

function wouldNotBegin(pf: Pf, state: StateKey, place: string, tag: string | undefined): boolean {
  const { direction, original } = state
  const verdict = pf.judge({ ...firstPacket(state), ...(tag !== undefined && { tag }) }, place, direction)
  if (verdict.action === 'block') return true
  if (original === undefined) return false
  return direction === 'in'
    ? verdict.packet.destination !== state.destination.address
    : verdict.packet.source !== state.source.address
}

/** As it was before translation. */
function firstPacket({ protocol, direction, source, destination, original }: StateKey): Packet {
  const from = direction === 'out' ? (original ?? source) : source
  const to = direction === 'in' ? (original ?? destination) : destination
  const packet = opening(protocol, from.address, to.address, { source: from.port, destination: to.port })
  // Releases before 15 list the id of an echo on both sides, later ones its type as the port of the destination.
  if ((protocol === icmp || protocol === icmp6) && from.port !== to.port)
    packet.icmp = { type: to.port, code: 0, id: from.port }
  return packet
}
