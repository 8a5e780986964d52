import { addressText, parseAddress } from '../address.ts'
import { AddressSet } from '../pf/address-set.ts'
import { familyOf } from '../pf/expand.ts'
import type { BridgeLayout, HostLayout, Member } from './host.ts'

/** Who gets a frame on a bridge. */
export type Receiver = { kind: 'host' } | { kind: 'member'; member: Member }

/** An interface that the host sends a packet out by. */
export type Way = { kind: 'bridge'; bridge: BridgeLayout } | { kind: 'outside'; interface: string }

/** Addresses of the host and of whom it knows: who has which, and which way leads there. */
export interface Places {
  /** Whether the host has the address itself. */
  isHost(address: string): boolean
  /** Whether a packet to it goes to all on the bridge: broadcast and multicast. */
  isForAll(address: string, bridge?: BridgeLayout): boolean
  /** The bridge that an interface is a member of. */
  bridgeOf(member: string): { bridge: BridgeLayout; member: Member } | undefined
  /** To whom a member of a bridge, or the host, sends a frame for an address; a sentence when there is nobody. */
  receiver(bridge: BridgeLayout, address: string, sender?: Member): Receiver | string
  /** The host's route; a sentence when there is none. */
  way(address: string): Way | string
}

const linkLocal = new AddressSet(['169.254.0.0/16', 'fe80::/10'])
const multicast = new AddressSet(['224.0.0.0/4', 'ff00::/8'])

export function placesOf({ bridges, outside, loopback = [], routed = [] }: HostLayout): Places {
  const own = new Set([
    '127.0.0.1',
    '::1',
    ...loopback,
    ...[...bridges.flatMap(({ addresses }) => addresses), ...(outside?.addresses ?? [])].map(withoutPrefix),
  ])
  const members = new Map(
    bridges.flatMap((bridge) => bridge.members.map((member) => [member.interface, { bridge, member }] as const)),
  )
  const nets = new Map(
    bridges.map((bridge) => {
      const onLink = [...bridge.addresses, ...(bridge.ranges ?? [])].map(netOf)
      const net = {
        connected: new AddressSet(bridge.addresses.map((address) => netOf(address).text)),
        onLink: new AddressSet(onLink.map(({ text }) => text)),
        broadcasts: new Set(onLink.map(({ broadcast }) => broadcast)),
      }
      return [bridge, net] as const
    }),
  )
  const routedHere = new AddressSet(routed)
  const ownOn = (bridge: BridgeLayout) => bridge.addresses.map(withoutPrefix)

  const holder = (bridge: BridgeLayout, address: string, sender: Member | undefined): Receiver | string => {
    if (ownOn(bridge).includes(address)) return { kind: 'host' }
    const others = bridge.members.filter((member) => member !== sender)
    const member = others.find(({ addresses }) => addresses.includes(address)) ?? others.find(({ trunk }) => trunk)
    if (!member) return `nobody on ${bridge.interface} has ${address}`
    if (apart(member, sender)) return `${member.interface} and ${sender?.interface} are isolated from each other`
    return { kind: 'member', member }
  }

  return {
    isHost: (address) => own.has(address),
    isForAll: (address, bridge) =>
      address === '255.255.255.255' ||
      multicast.has(address) ||
      (bridge !== undefined && (nets.get(bridge)?.broadcasts.has(address) ?? false)),
    bridgeOf: (member) => members.get(member),
    receiver(bridge, address, sender) {
      if (sender === undefined) return holder(bridge, address, sender)
      // Instances are told a route to the addresses of lo0, that of the metadata service, by the host's address.
      if (loopback.includes(address) && bridge.addresses.length > 0) return { kind: 'host' }
      if (nets.get(bridge)?.onLink.has(address) || linkLocal.has(address)) return holder(bridge, address, sender)
      const router = [...(bridge.routers ?? []), ...ownOn(bridge)].find((at) => familyOf(at) === familyOf(address))
      return router ? holder(bridge, router, sender) : `no router on ${bridge.interface} leads to ${address}`
    },
    way(address) {
      if (linkLocal.has(address)) return `${address} is of one link only, and is not sent on`
      const bridge = bridges.find((candidate) => nets.get(candidate)?.connected.has(address))
      if (bridge) return { kind: 'bridge', bridge }
      if (routedHere.has(address)) return `${address} is routed to this host, which does not have it`
      return outside ? { kind: 'outside', interface: outside.interface } : `no route to ${address}`
    },
  }
}

/** Whether frames of one member never reach the other. */
export function apart(one: Member, other: Member | undefined): boolean {
  return one.isolated === true && other?.isolated === true
}

/** The network of "10.0.0.1/24", with its broadcast address where it has one. */
function netOf(text: string): { text: string; broadcast: string | undefined } {
  const [base = '', length = ''] = text.split('/')
  const address = parseAddress(base)
  if (!address) throw new Error(`not an address with the length of its network: "${text}"`)
  const bits = address.family === 4 ? 32 : 128
  const prefixLength = length === '' ? bits : Number(length)
  const behind = (1n << BigInt(bits - prefixLength)) - 1n
  const first = address.value & ~behind
  const hasBroadcast = address.family === 4 && prefixLength < 31
  return {
    text: `${addressText({ ...address, value: first })}/${prefixLength}`,
    broadcast: hasBroadcast ? addressText({ ...address, value: first + behind }) : undefined,
  }
}

function withoutPrefix(address: string): string {
  return address.split('/')[0] ?? address
}
