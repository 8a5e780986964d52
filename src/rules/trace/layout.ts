import type { DesiredNetworkPart, DesiredNetworks, DesiredPort } from '../../contract/network.ts'
import { addressText, contains, parseAddress, parseRange } from '../address.ts'
import type { HostFacts } from '../host-facts.ts'
import { netsGroup, portGroup, portsGroup, trunksGroup } from '../names.ts'
import type { BridgeLayout, HostLayout, Member } from '../path/host.ts'

/** A host as packets meet it, made of what it is told: its interfaces have names of ours, since rules name groups only. */
export interface TracedLayout {
  layout: HostLayout
  /** Interfaces with their groups, as PF knows them. */
  interfaces: Record<string, string[]>
  places: ReadonlyMap<string, Place>
}

/** An interface, for people and for finding the way on. */
export interface Place {
  /** "tap of shop.web", "bridge of shop.lan", "outside (em0)" */
  title: string
  /** What rules call it: a group of interfaces, or its own name. */
  name: string
  port?: DesiredPort
  /** What is behind it on other hosts: the rest of this network. */
  network?: string
}

/** @param also an address that is asked about: the port that may have it is said to have it */
export function layoutOf(desired: DesiredNetworks, facts: HostFacts, also: readonly string[] = []): TracedLayout {
  const { egress, filterLocal, metadata } = facts
  const places = new Map<string, Place>()
  const interfaces: Record<string, string[]> = { lo0: ['lo'] }
  const add = (name: string, groups: string[], place: Place) => {
    interfaces[name] = groups
    places.set(name, place)
    return name
  }
  places.set('lo0', { title: 'the host itself', name: 'lo0' })
  if (egress) add(egress.interface, [], { title: `outside (${egress.interface})`, name: egress.interface })
  const instances = new Map(desired.instances.map(({ id, name }) => [id, name]))

  const bridges = [...Map.groupBy(desired.networks, ({ bridge }) => bridge)].map(([bridge, networks]): BridgeLayout => {
    add(bridge, [netsGroup], { title: `bridge of ${networks.map(({ name }) => name).join(' and ')}`, name: bridge })
    const ids = new Set(networks.map(({ id }) => id))
    const members = desired.ports
      .filter(({ network }) => ids.has(network))
      .map((port): Member => {
        const group = portGroup(port.mac)
        const title = `tap of ${instances.get(port.instance) ?? port.instance}`
        const groups = port.addresses.length > 0 ? [group, portsGroup, netsGroup] : [group]
        return { interface: add(group, groups, { title, name: group, port }), addresses: addressesBehind(port, also) }
      })
    for (const { id, name, vlan, own } of networks) {
      if (vlan !== undefined)
        members.push(
          trunk(add(`vlan${vlan}`, [trunksGroup], { title: `trunk of ${name}`, name: trunksGroup, network: id })),
        )
      else if (!own)
        members.push(trunk(add(`${bridge} uplink`, [], { title: `uplink of ${bridge}`, name: bridge, network: id })))
    }
    const parts = networks.flatMap(partsOf)
    const routers = parts.flatMap(({ router, host }) => (router !== undefined && router !== host ? [router] : []))
    return {
      interface: bridge,
      addresses: parts.flatMap(({ host, range }) => (host === undefined ? [] : [`${host}/${range.split('/')[1]}`])),
      ranges: parts.flatMap(({ host, range }) => (host === undefined ? [range] : [])),
      routers,
      members,
    }
  })

  const floating = desired.floatingIps.filter(({ routed }) => !routed)
  const layout: HostLayout = {
    bridges,
    filterLocal,
    ...(metadata && { loopback: [metadata.address] }),
    ...(egress && {
      outside: {
        interface: egress.interface,
        addresses: [egress.ipv4, egress.ipv6, ...floating.map(({ address }) => address)]
          .filter((address) => address !== undefined)
          .map((address) => `${address}/${address.includes(':') ? 128 : 32}`),
      },
      routed: desired.floatingIps.filter(({ routed }) => routed).map(({ address }) => `${address}/32`),
    }),
  }
  return { layout, interfaces, places }
}

/** What a port is reached at: of the ranges that it may have beside its own addresses, only what is asked about. */
export function addressesBehind({ addresses, allowed }: DesiredPort, also: readonly string[]): string[] {
  const ranges = allowed.map((text) => parseRange(text)).filter((range) => range !== undefined)
  const single = ranges.filter(({ first, last }) => first === last)
  const asked = also.filter((text) => {
    const address = parseAddress(text)
    return address !== undefined && ranges.some((range) => contains(range, address))
  })
  return [
    ...new Set([...addresses, ...single.map(({ family, first }) => addressText({ family, value: first })), ...asked]),
  ]
}

export function partsOf({ ipv4, ipv6 }: DesiredNetworkPart) {
  return [ipv4, ipv6].filter((part) => part !== undefined)
}

function trunk(name: string): Member {
  return { interface: name, addresses: [], trunk: true }
}
