import { isIPv4 } from 'node:net'
import { AppError } from '../../contract/errors.ts'
import type { DesiredNetworkPart, DesiredPort } from '../../contract/network.ts'
import { textOf } from './text.ts'

/** Whom dnsmasq serves on a network, and what they are called: the texts of two of its files. */
export interface Leases {
  /** For `dhcp-hostsfile`, a host a line. */
  hosts: string
  /** For `addn-hosts`, an address a line. */
  names: string
}

/**
 * The domain of the instances of a network: that of its stack. ".internal" is reserved for private use and will never be in the public DNS.
 * @throws AppError input-invalid
 */
export function domainOf({ name }: DesiredNetworkPart): string {
  const stack = /^([a-z0-9-]+)\./.exec(name)?.[1]
  if (stack !== undefined) return `${stack}.internal`
  throw new AppError('input-invalid', `the network's name ${JSON.stringify(name)} does not begin with that of a stack`)
}

/**
 * The leases of `ports`, which are this host's on the network, with the host names of instances by their id. They are made of what is desired alone, so
 * that dnsmasq need not remember any.
 *
 * A MAC has nothing but its own. For IPv6 dnsmasq on a BSD does not get to know the MAC of who asks, so the DUID that is made of it (RFC 8415, 11.4)
 * stands for it in a line of its own; with the MAC in one line, an IPv4 client could claim its neighbour's by a client identifier. A client with another
 * kind of DUID gets its IPv6 address from cloud-init.
 */
export function leasesOf(
  network: DesiredNetworkPart,
  ports: readonly DesiredPort[],
  hostnames: ReadonlyMap<string, string>,
): Leases {
  const domain = domainOf(network)
  const hosts: string[] = []
  const names: string[] = []
  for (const port of ports.toSorted((a, b) => (a.mac < b.mac ? -1 : 1))) {
    const ipv4 = network.ipv4?.host === undefined ? undefined : port.addresses.find((address) => isIPv4(address))
    const ipv6 = network.ipv6?.host === undefined ? [] : port.addresses.filter((address) => !isIPv4(address))
    const addresses = [...(ipv4 === undefined ? [] : [ipv4]), ...ipv6]
    if (addresses.length === 0) continue
    const bracketed = ipv6.map((address) => `[${address}]`)
    const hostname = hostnames.get(port.instance)
    hosts.push([port.mac, ...(ipv4 === undefined ? [] : [ipv4]), ...bracketed, ...(hostname ? [hostname] : [])].join())
    if (bracketed.length > 0) hosts.push([`id:00:03:00:01:${port.mac}`, ...bracketed].join())
    if (hostname) for (const address of addresses) names.push(`${address} ${hostname}.${domain} ${hostname}`)
  }
  return { hosts: textOf(hosts), names: textOf(names) }
}
