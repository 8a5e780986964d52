import { parseAddress } from '../../rules/address.ts'
import type { Hop, Journey, Origin } from '../../rules/path/host.ts'
import { openHost } from '../../rules/path/open-host.ts'
import { openPf } from '../../rules/pf/open-pf.ts'
import { opening } from '../../rules/pf/packet.ts'
import { protocolOf } from '../../rules/pf/words.ts'
import { hostLayout, macBehind, outsideInterface } from './host-layout.ts'
import { emptyRuleset } from './kernel.ts'
import type { PacketMachine } from './machine-pf.ts'

/** A connection that somebody tries: what goes through PF, with all that it leaves behind there. */
export interface PacketOrder {
  /** "host", "outside", a guest, or an interface: who is behind it. */
  from: string
  /** Which interface of the guest. */
  nic?: number
  /** Absent: the first address of who sends, of the family of the destination. */
  source?: string
  /** An address, or who has one, in the words of `from`. */
  to: string
  /** "tcp", "udp", "icmp", "icmp6", … */
  protocol: string
  port?: number
  sourcePort?: number
  /** Of each packet, with its headers (60). */
  bytes?: number
  /** Only its first packet. */
  single?: boolean
}

/** What became of it. */
export interface PacketAnswer {
  /** The first packet came to somebody who has that address. */
  reached: boolean
  /** Its answer came back. */
  answered: boolean
  /** So did more packets, both ways. */
  complete: boolean
  /** Where the last packet ended: "delivered", "blocked", or why it was lost. */
  end: string
  hops: PacketHop[]
}

export interface PacketHop {
  interface: string
  direction: 'in' | 'out'
  action: 'pass' | 'block'
  byState: boolean
  /** Of the rule that decided, or once made the state; absent: no rule spoke of it. */
  anchor?: string
  label?: string
}

/** The first port that is free for everybody (IANA). */
let ephemeral = 49_152

/** @throws Error when there is no such guest, or it has no address */
export function sendPacket(machine: PacketMachine, order: PacketOrder): PacketAnswer {
  const { pf } = machine
  pf.interfaces()
  const protocol = protocolOf(order.protocol)
  if (protocol === undefined) throw new Error(`there is no protocol ${order.protocol}`)
  const to = parseAddress(order.to) ? order.to : addressOf(machine, order.to, 0, 4)
  const from = originOf(machine, order)
  const family = parseAddress(to)?.family ?? 4
  const source = order.source ?? sourceOf(machine, order, to, family)
  const ports = {
    source: order.sourcePort ?? nextPort(),
    ...(order.port === undefined ? {} : { destination: order.port }),
  }
  const { running } = pf.kernel.switched
  pf.kernel.states()
  const judge = running ? pf.kernel.pf : openPf({ release: 15, interfaces: {}, main: emptyRuleset })
  const host = openHost(hostLayout(machine), judge)
  const packet = {
    ...opening(protocol, source, to, ports),
    ...(order.bytes === undefined ? {} : { bytes: order.bytes }),
  }
  const talk = order.single ? single(host.send(packet, from)) : host.converse(packet, from)
  const hops = talk.journeys.flatMap((journey) => journey.hops)
  if (running) pf.kernel.observe(hops)
  for (const journey of talk.journeys) noteUnseen(machine, journey)
  const end = talk.journeys.at(-1)?.end
  return {
    reached: talk.reached,
    answered: talk.answered,
    complete: talk.complete,
    end: end?.kind === 'lost' ? end.reason : (end?.kind ?? 'nothing was sent'),
    hops: hops.map(told),
  }
}

/** What a host routes to a member of a bridge goes out of the member without PF there (net.link.bridge.pfil_member filters what is bridged). */
function noteUnseen({ pf }: PacketMachine, { hops, end }: Journey): void {
  if (end.kind !== 'delivered' || end.to.kind !== 'interface') return
  const name = end.to.interface
  if (!hops.some((hop) => hop.interface === name && hop.direction === 'out'))
    pf.unseen.count(name, 'out', 'pass', end.packet)
}

function single(journey: Journey) {
  return { journeys: [journey], reached: journey.end.kind === 'delivered', answered: false, complete: false }
}

function told({ interface: name, direction, verdict: { action, byState, rule } }: Hop): PacketHop {
  const label = rule?.rule.label
  return {
    interface: name,
    direction,
    action,
    byState,
    ...(rule && { anchor: rule.anchor }),
    ...(label !== undefined && { label }),
  }
}

function originOf(machine: PacketMachine, { from, nic = 0 }: PacketOrder): Origin {
  if (from === 'host') return { kind: 'host' }
  if (from !== 'outside') return { kind: 'interface', interface: interfaceOf(machine, from, nic) }
  const outside = outsideInterface(machine)
  if (!outside) throw new Error('the machine has no outside')
  return { kind: 'interface', interface: outside.name }
}

/** The interface of which a guest is said, or an interface itself. @throws Error when there is none */
export function interfaceOf(machine: Pick<PacketMachine, 'hypervisor' | 'interfaces'>, who: string, nic = 0): string {
  if (machine.interfaces.find(who)) return who
  const vif = machine.hypervisor.byName(who)?.vifs.find(({ devid }) => devid === nic)
  if (!vif) throw new Error(`no guest is called ${who}, or it has no interface ${nic}`)
  const plugged = vif.interfaces.find((name) => machine.interfaces.bridgeOf(name))
  if (plugged === undefined) throw new Error(`interface ${nic} of ${who} is in no bridge`)
  return plugged
}

function addressOf(machine: PacketMachine, who: string, nic: number, family: number): string {
  const mac = macBehind(machine, interfaceOf(machine, who, nic)) ?? ''
  const found = machine.pf.neighbours.addressesOf(mac).find((address) => parseAddress(address)?.family === family)
  if (found === undefined) throw new Error(`${who} has taken no address`)
  return found
}

/** The address that a sender takes when it names none: of the host that on the network of the destination, or the outside one. */
function sourceOf(machine: PacketMachine, { from, nic = 0 }: PacketOrder, to: string, family: 4 | 6): string {
  if (from === 'outside') throw new Error('a packet from outside needs a source')
  if (from !== 'host') return addressOf(machine, from, nic, family)
  const wanted = parseAddress(to)
  const all = machine.interfaces.all().flatMap((it) => it.addresses)
  const own = all.find(({ address, prefixLength }) => {
    const base = parseAddress(address)
    const shift = BigInt((family === 4 ? 32 : 128) - prefixLength)
    return wanted && base?.family === family && base.value >> shift === wanted.value >> shift
  })
  const outside = outsideInterface(machine)?.addresses.find(({ address }) => parseAddress(address)?.family === family)
  const found = own ?? outside
  if (!found) throw new Error('the host has no address to send from')
  return found.address
}

function nextPort(): number {
  ephemeral = ephemeral === 65_535 ? 49_152 : ephemeral + 1
  return ephemeral
}
