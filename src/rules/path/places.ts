import { contains, parseAddress, type Range } from '../address.ts'
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

const linkLocal = ['169.254.0.0/16', 'fe80::/10'].map(rangeOf)
const multicast = ['224.0.0.0/4', 'ff00::/8'].map(rangeOf)

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
      const connected = bridge.addresses.map(rangeOf)
      return [bridge, { connected, onLink: [...connected, ...(bridge.ranges ?? []).map(rangeOf)] }] as const
    }),
  )
  const routedRanges = routed.map(rangeOf)
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
    isForAll(address, bridge) {
      if (address === '255.255.255.255' || isIn(multicast, address)) return true
      const value = parseAddress(address)
      const range = bridge && value && nets.get(bridge)?.onLink.find((net) => net.family === 4 && contains(net, value))
      return range !== undefined && range.prefixLength < 31 && range.last === value?.value
    },
    bridgeOf: (member) => members.get(member),
    receiver(bridge, address, sender) {
      if (sender === undefined) return holder(bridge, address, sender)
      // Instances are told a route to the addresses of lo0, that of the metadata service, by the host's address.
      if (loopback.includes(address) && bridge.addresses.length > 0) return { kind: 'host' }
      if (isIn(nets.get(bridge)?.onLink ?? [], address) || isIn(linkLocal, address))
        return holder(bridge, address, sender)
      const family = parseAddress(address)?.family
      const router = bridge.router ?? ownOn(bridge).find((host) => parseAddress(host)?.family === family)
      return router ? holder(bridge, router, sender) : `no router on ${bridge.interface} leads to ${address}`
    },
    way(address) {
      if (isIn(linkLocal, address)) return `${address} is of one link only, and is not sent on`
      const bridge = bridges.find((candidate) => isIn(nets.get(candidate)?.connected ?? [], address))
      if (bridge) return { kind: 'bridge', bridge }
      if (isIn(routedRanges, address)) return `${address} is routed to this host, which does not have it`
      return outside ? { kind: 'outside', interface: outside.interface } : `no route to ${address}`
    },
  }
}

/** Whether frames of one member never reach the other. */
export function apart(one: Member, other: Member | undefined): boolean {
  return one.isolated === true && other?.isolated === true
}

function isIn(ranges: readonly Range[], text: string): boolean {
  const address = parseAddress(text)
  return address !== undefined && ranges.some((range) => contains(range, address))
}

/** The network of "10.0.0.1/24". */
function rangeOf(text: string): Range {
  const [base = '', length = ''] = text.split('/')
  const address = parseAddress(base)
  if (!address) throw new Error(`not an address with the length of its network: "${text}"`)
  const bits = address.family === 4 ? 32 : 128
  const prefixLength = length === '' ? bits : Number(length)
  const behind = (1n << BigInt(bits - prefixLength)) - 1n
  const first = address.value & ~behind
  return { family: address.family, first, last: first + behind, prefixLength }
}

function withoutPrefix(address: string): string {
  return address.split('/')[0] ?? address
}
