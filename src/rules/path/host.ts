import type { Pf, Verdict } from '../pf/machine.ts'
import type { Packet } from '../pf/packet.ts'
import type { Direction } from '../pf/rule.ts'

/*
 * Where a packet goes on a host, and where PF sees it on the way: the taps of instances, bridges, the outside interface, lo0. As measured with
 * bridges of FreeBSD 13 and 15. open-host.ts makes one.
 */

export interface HostLayout {
  bridges: readonly BridgeLayout[]
  /** Absent: nothing leaves the host. */
  outside?: {
    interface: string
    /** Addresses of this host there, with the length of their network: "192.0.2.1/24", "192.0.2.51/32". */
    addresses: readonly string[]
  }
  /** Addresses of lo0 beside 127.0.0.1 and ::1: "169.254.169.254". */
  loopback?: readonly string[]
  /** Ranges that the outside routes to this host without its having their addresses ("192.0.2.64/26"): nothing but translation makes use of them. */
  routed?: readonly string[]
  /** Whether PF is asked once more about what is delivered to the host itself (net.pf.filter_local). */
  filterLocal: boolean
  /** net.link.bridge.*; absent: those that Slipway sets (member and local_phys on, bridge off). */
  bridgeFilter?: { member: boolean; localPhys: boolean; bridge: boolean }
}

export interface BridgeLayout {
  interface: string
  /** Addresses of this host on the bridge, with the length of their network: "10.0.0.1/24". Its networks are on-link for the members. */
  addresses: readonly string[]
  /** Networks that are on-link beside those of `addresses`: for a bridge on which the host has none. */
  ranges?: readonly string[]
  /** Where members send what is not on-link, when it is not this host: an address on the bridge for each family. */
  routers?: readonly string[]
  members: readonly Member[]
}

/** What is plugged into a bridge. */
export interface Member {
  interface: string
  /** Who is behind it, by address. `trunk`: everybody whom no other member has. */
  addresses: readonly string[]
  trunk?: boolean
  /** Isolated members do not hear each other (ifconfig's `private`). */
  isolated?: boolean
}

/**
 * Where a packet enters the host. `interface`: of a member of a bridge, or of the outside. What the host itself sends to all goes out `by` one of its
 * bridges; without it, by that whose broadcast address it is.
 */
export type Origin = { kind: 'interface'; interface: string } | { kind: 'host'; by?: string }

/** One place where PF saw the packet. */
export interface Hop {
  interface: string
  direction: Direction
  /** As it was when it got here. */
  packet: Packet
  verdict: Verdict
}

/** How it ended. */
export type End =
  /** At who is behind an interface, or at the host itself. Nobody need listen there. */
  | { kind: 'delivered'; to: Origin; packet: Packet }
  /** By the last hop. */
  | { kind: 'blocked' }
  /** Nobody is there: no route, no such address, time to live at its end. */
  | { kind: 'lost'; reason: string }

export interface Journey {
  hops: readonly Hop[]
  end: End
}

/** A connection that somebody tried: who gets the first packet answers. */
export interface Conversation {
  /** Every packet that was sent, in order. */
  journeys: readonly Journey[]
  /** The first packet arrived. */
  reached: boolean
  /** The first answer came back to who began, from the address and port that were called. */
  answered: boolean
  /** So did what followed, both ways. */
  complete: boolean
}

export interface PathHost {
  readonly pf: Pf
  /**
   * Sends one packet and follows it. `broadcast`: its frame is a broadcast although the destination is one address (DHCP clients may do so); that
   * it is one for broadcast and multicast destinations needs no saying. Copies go to every member and the host; the journey is that of the host's
   * copy (which PF does not see on the member that it came by), `copies` has the others. What the host itself sends to all ends at the bridge.
   */
  send(packet: Packet, from: Origin, options?: { broadcast?: boolean }): Journey & { copies?: readonly Journey[] }
  /** A connection: its first packet, the answer of whoever gets it, and (TCP and UDP) two more packets each way. */
  converse(packet: Packet, from: Origin): Conversation
}
