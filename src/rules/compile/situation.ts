import type { DesiredGroup, DesiredNetworkPart, DesiredNetworks, DesiredPort } from '../../contract/network.ts'
import type { HostFacts } from '../host-facts.ts'
import { type AddressBook, isIpv4, openAddressBook } from './address-book.ts'

/** What a host is told and what it knows itself, in an order of its own, with the names that sentences need. */
export interface Situation {
  desired: DesiredNetworks
  facts: HostFacts
  book: AddressBook
  /** Those with addresses: PF, which decides by address, stays out of the others. Sorted by their MACs. */
  ports: readonly DesiredPort[]
  /** The host's own addresses on its networks: DHCP, DNS and metadata are there. */
  hostAddresses: readonly string[]
  groups: ReadonlyMap<string, DesiredGroup>
  /** "shop.web on shop.lan" */
  portName(port: DesiredPort): string
  groupName(id: string): string
}

export function situationOf(desired: DesiredNetworks, facts: HostFacts): Situation {
  const networks = new Map(desired.networks.map((network) => [network.id, network]))
  const instances = new Map(desired.instances.map((instance) => [instance.id, instance]))
  const groups = new Map(desired.groups.map((group) => [group.id, group]))
  const book = openAddressBook()
  return {
    desired,
    facts,
    book,
    ports: desired.ports
      .filter(({ addresses }) => addresses.length > 0)
      .sort((left, right) => (left.mac < right.mac ? -1 : 1)),
    hostAddresses: desired.networks.flatMap(ownAddresses).sort(book.compare),
    groups,
    portName: ({ instance, network }) =>
      `${instances.get(instance)?.name ?? `instance ${instance}`} on ${networks.get(network)?.name ?? `network ${network}`}`,
    groupName: (id) => groups.get(id)?.name ?? id,
  }
}

/** Everything that a port sends from and is reached at, in canonical form; never the addresses of the host itself. */
export function addressesOf(ports: Iterable<DesiredPort>, { book, hostAddresses }: Situation): string[] {
  return book.list(
    [...ports].flatMap(({ addresses, allowed }) => [...addresses, ...allowed]),
    hostAddresses,
  )
}

export function rangesOf({ ipv4, ipv6 }: DesiredNetworkPart): string[] {
  return [ipv4, ipv6].flatMap((part) => (part === undefined ? [] : [part.range]))
}

export const hasIpv4 = ({ addresses }: DesiredPort): boolean => addresses.some(isIpv4)
export const hasIpv6 = ({ addresses }: DesiredPort): boolean => !addresses.every(isIpv4)

function ownAddresses({ ipv4, ipv6 }: DesiredNetworkPart): string[] {
  return [ipv4?.host, ipv6?.host].filter((address) => address !== undefined)
}
