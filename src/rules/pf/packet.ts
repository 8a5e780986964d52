/** Of TCP: what begins a connection, its answer, what follows, and its ends. */
export type TcpFlags = 'S' | 'SA' | 'A' | 'F' | 'R'

/** A packet as PF sees it. Addresses are in their canonical form (rules/address.ts). */
export interface Packet {
  /** IANA's number. */
  protocol: number
  source: string
  destination: string
  /** 0 where the protocol has none. */
  sourcePort: number
  destinationPort: number
  /** Of TCP; absent: 'S'. */
  flags?: TcpFlags
  /** Of ICMP of both families. `id` is that of an echo. */
  icmp?: { type: number; code: number; id: number }
  /** With headers. */
  bytes: number
  /** What a rule has written on it; it stays while the packet is on this host. */
  tag?: string
}

export const tcp = 6
export const udp = 17
export const sctp = 132
export const icmp = 1
export const icmp6 = 58

/** The first packet of a connection: a SYN, a datagram, an echo request. */
export function opening(
  protocol: number,
  source: string,
  destination: string,
  ports: { source?: number; destination?: number } = {},
): Packet {
  const echo = protocol === icmp ? 8 : protocol === icmp6 ? 128 : undefined
  const packet: Packet = {
    protocol,
    source,
    destination,
    sourcePort: echo === undefined ? (ports.source ?? 0) : 0,
    destinationPort: echo === undefined ? (ports.destination ?? 0) : 0,
    bytes: 60,
  }
  if (protocol === tcp) return { ...packet, flags: 'S' }
  if (echo === undefined) return packet
  return { ...packet, bytes: 84, icmp: { type: echo, code: 0, id: ports.source ?? 1 } }
}

/** What the receiver of a packet says back: a SYN-ACK to a SYN, an echo reply, else the same the other way. */
export function answer(packet: Packet): Packet {
  const { source, destination, sourcePort, destinationPort, icmp: echo, flags, tag: _, ...rest } = packet
  const back: Packet = {
    ...rest,
    source: destination,
    destination: source,
    sourcePort: destinationPort,
    destinationPort: sourcePort,
  }
  if (packet.protocol === tcp) back.flags = flags === 'S' || flags === undefined ? 'SA' : 'A'
  if (echo) back.icmp = { ...echo, type: replyTypes.get(echo.type) ?? echo.type }
  return back
}

/** Of a packet of TCP: whether it begins a connection. */
export function isSyn({ flags = 'S' }: Packet): boolean {
  return flags === 'S'
}

/** The types of ICMP that ask, each with the type of its answer: echo, timestamp, information, address mask; echo of ICMPv6. */
export const replyTypes: ReadonlyMap<number, number> = new Map([
  [8, 0],
  [13, 14],
  [15, 16],
  [17, 18],
  [128, 129],
])

/**
 * Whether it reports of another packet: then it begins no state and no rule translates it. PF passes it by the state of what it reports of; here,
 * where packets have no content, the filter alone decides.
 */
export function isIcmpError({ protocol, icmp: type }: Packet): boolean {
  return type !== undefined && (errorTypes.get(protocol)?.has(type.type) ?? false)
}

const errorTypes: ReadonlyMap<number, ReadonlySet<number>> = new Map([
  [icmp, new Set([3, 4, 5, 11, 12])],
  [icmp6, new Set([1, 2, 3, 4])],
])
