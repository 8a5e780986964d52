import type { Pf } from '../pf/machine.ts'
import type { Packet } from '../pf/packet.ts'
import type { Direction } from '../pf/rule.ts'
import { converse } from './converse.ts'
import type { BridgeLayout, End, Hop, HostLayout, Journey, Member, Origin, PathHost } from './host.ts'
import { apart, type Places, placesOf } from './places.ts'

/** A packet is sent on this often at most: rules can send it in circles. */
const sendings = 8

/** A host with its PF. The layout is looked at once; interfaces and their groups are known to `pf`. */
export function openHost(layout: HostLayout, pf: Pf): PathHost {
  const places = placesOf(layout)
  const host: PathHost = {
    pf,
    send: (packet, from, { broadcast = false } = {}) => new Way(layout, places, pf).send(packet, from, broadcast),
    converse: (packet, from) => converse(host.send, packet, from),
  }
  return host
}

/** One packet on its way. Each method goes on until the packet has ended. */
class Way {
  readonly #layout: HostLayout
  readonly #places: Places
  readonly #pf: Pf
  readonly #hops: Hop[] = []
  #sendings = 0

  constructor(layout: HostLayout, places: Places, pf: Pf) {
    this.#layout = layout
    this.#places = places
    this.#pf = pf
  }

  send(packet: Packet, from: Origin, broadcast: boolean): ReturnType<PathHost['send']> {
    if (from.kind === 'host') return this.#journey(this.#fromHost(packet, from.by))
    const found = this.#places.bridgeOf(from.interface)
    if (!found) return this.#journey(this.#cameIn(packet, from.interface, broadcast))
    const { bridge, member } = found
    if (!broadcast && !this.#places.isForAll(packet.destination, bridge))
      return this.#journey(this.#onBridge(packet, bridge, member))
    const copies = this.#toOthers(packet, bridge, member)
    // The host's own copy is not looked at on the member that it came by.
    return { ...this.#journey(this.#cameIn(packet, bridge.interface, true)), copies }
  }

  #journey(end: End): Journey {
    return { hops: this.#hops, end }
  }

  /** From one member to another, or to the host. To whom the frame goes is settled before PF sees it. */
  #onBridge(packet: Packet, bridge: BridgeLayout, sender: Member): End {
    const receiver = this.#places.receiver(bridge, packet.destination, sender)
    if (typeof receiver === 'string') return { kind: 'lost', reason: receiver }
    const { member: onMembers, localPhys, bridge: onBridge } = this.#filter()
    if (receiver.kind === 'host') {
      const seen = onMembers && localPhys ? this.#ask(packet, sender.interface, 'in') : packet
      return seen ? this.#cameIn(seen, bridge.interface, false) : blocked
    }
    const places: (readonly [string, Direction])[] = [
      ...(onMembers ? [[sender.interface, 'in'] as const] : []),
      ...(onBridge ? [[bridge.interface, 'in'] as const, [bridge.interface, 'out'] as const] : []),
      ...(onMembers ? [[receiver.member.interface, 'out'] as const] : []),
    ]
    let current: Packet | undefined = packet
    for (const [name, direction] of places) if (current) current = this.#ask(current, name, direction)
    return current ? delivered(receiver.member.interface, current) : blocked
  }

  /** The copies of a frame for everybody that the other members get. */
  #toOthers(packet: Packet, bridge: BridgeLayout, sender: Member): Journey[] {
    const { member: onMembers } = this.#filter()
    const others = bridge.members.filter((member) => member !== sender && !apart(member, sender))
    const before: Hop[] = []
    const seen = onMembers ? this.#ask(packet, sender.interface, 'in', before) : packet
    if (!seen) return others.length > 0 ? [{ hops: before, end: blocked }] : []
    return others.map((member) => {
      const hops = [...before]
      const out = onMembers ? this.#ask(seen, member.interface, 'out', hops) : seen
      return { hops, end: out ? delivered(member.interface, out) : blocked }
    })
  }

  /** By a bridge, the outside or lo0, as ip_input gets it. */
  #cameIn(packet: Packet, by: string, forAll: boolean): End {
    const seen = this.#ask(packet, by, 'in')
    if (!seen) return blocked
    if (
      this.#places.isHost(seen.destination) ||
      (forAll && this.#places.isForAll(packet.destination, this.#bridge(by)))
    )
      return this.#toHost(seen)
    if (forAll) return { kind: 'lost', reason: `a frame for everybody is not sent on to ${seen.destination}` }
    return this.#route(seen)
  }

  #toHost(packet: Packet): End {
    const seen = this.#layout.filterLocal ? this.#ask(packet, 'lo0', 'out') : packet
    return seen ? { kind: 'delivered', to: { kind: 'host' }, packet: seen } : blocked
  }

  #fromHost(packet: Packet, by: string | undefined): End {
    const bridge = this.#layout.bridges.find(
      (candidate) =>
        (by ?? candidate.interface) === candidate.interface && this.#places.isForAll(packet.destination, candidate),
    )
    if (bridge) {
      const seen = this.#ask(packet, bridge.interface, 'out')
      return seen ? delivered(bridge.interface, seen) : blocked
    }
    return this.#places.isHost(packet.destination) ? this.#overLoopback(packet) : this.#route(packet)
  }

  /** What the host says to itself goes out by lo0 and comes in there. */
  #overLoopback(packet: Packet): End {
    const seen = this.#ask(packet, 'lo0', 'out')
    if (!seen) return blocked
    return this.#places.isHost(seen.destination) ? this.#cameIn(seen, 'lo0', false) : this.#route(seen)
  }

  /** The way is looked up first; when PF gives the packet another destination on the way out, it is looked up again. */
  #route(packet: Packet): End {
    if (++this.#sendings > sendings) return { kind: 'lost', reason: `${packet.destination} is sent in circles` }
    const way = this.#places.way(packet.destination)
    if (typeof way === 'string') return { kind: 'lost', reason: way }
    const name = way.kind === 'bridge' ? way.bridge.interface : way.interface
    const seen = this.#ask(packet, name, 'out')
    if (!seen) return blocked
    if (seen.destination !== packet.destination)
      return this.#places.isHost(seen.destination) ? this.#overLoopback(seen) : this.#route(seen)
    if (way.kind === 'outside') return delivered(name, seen)
    const receiver = this.#places.receiver(way.bridge, seen.destination)
    if (typeof receiver === 'string') return { kind: 'lost', reason: receiver }
    return receiver.kind === 'member' ? delivered(receiver.member.interface, seen) : this.#toHost(seen)
  }

  /** Undefined when PF drops it. */
  #ask(packet: Packet, name: string, direction: Direction, hops: Hop[] = this.#hops): Packet | undefined {
    const verdict = this.#pf.see(packet, name, direction)
    hops.push({ interface: name, direction, packet, verdict })
    return verdict.action === 'pass' ? verdict.packet : undefined
  }

  #filter() {
    return this.#layout.bridgeFilter ?? { member: true, localPhys: true, bridge: false }
  }

  #bridge(name: string): BridgeLayout | undefined {
    return this.#layout.bridges.find((bridge) => bridge.interface === name)
  }
}

const blocked: End = { kind: 'blocked' }

function delivered(name: string, packet: Packet): End {
  // Tags are of this host, and do not leave it.
  const { tag: _, ...sent } = packet
  return { kind: 'delivered', to: { kind: 'interface', interface: name }, packet: sent }
}
