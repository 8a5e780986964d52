/*
 * What is on a host, as far as networks are concerned: what its programs say, read.
 */

export interface FoundAddress {
  address: string
  prefixLength: number
}

export interface FoundMember {
  name: string
  isPrivate: boolean
}

/** Where a bridge sends the frames for a MAC. */
export interface FoundMac {
  mac: string
  member: string
  isStatic: boolean
}

export interface FoundInterface {
  name: string
  up: boolean
  mtu: number
  groups: readonly string[]
  /** Those that belong to one link alone (fe80::) too. */
  addresses: readonly FoundAddress[]
  /** IPv6 is switched off here, as FreeBSD does where rc.conf says nothing of it. */
  ipv6Disabled: boolean
  /** Of a bridge alone. */
  members?: readonly FoundMember[]
  /** Of a bridge with emulated cards alone: the others' are set when an interface is plugged in. */
  macs?: readonly FoundMac[]
  /** Of a VLAN alone. */
  vlan?: { id: number; parent: string }
}

export interface Found {
  interfaces: readonly FoundInterface[]
  /** Lines of ifconfig that nobody could read: none of them made a number wrong. */
  unreadLines: number
  /** The outside interface: that of network.yaml, or that of the default route. */
  egress: string | undefined
  /** Settings of the kernel by their names; undefined: it does not know the name. */
  settings: Readonly<Record<string, string | undefined>>
}

/** xl calls the tap of a guest's emulated card so. */
export function isEmulated(name: string): boolean {
  return name.endsWith('-emu')
}
