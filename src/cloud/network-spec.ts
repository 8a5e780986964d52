import type { StackNetwork, StackRange } from '../contract/stack-network.ts'
import { addressText, contains, parseAddress, parseRange, type Range } from '../rules/address.ts'

/*
 * What a network of a stack means, with every default.
 */

/** The bridge that a host has for a network: the one that its stack names, or one of our own, named after the network's id. */
export function bridgeOf({ id, spec }: { id: string; spec: Pick<StackNetwork, 'bridge'> }): string {
  return spec.bridge ?? `br${id.slice(0, 10)}`
}

/** A range of a network, read. */
export interface SpecRange {
  spec: StackRange
  range: Range
}

/** IPv4 before IPv6. */
export function rangesOf(network: Pick<StackNetwork, 'ipv4' | 'ipv6'>): SpecRange[] {
  return [network.ipv4, network.ipv6].flatMap((spec) => {
    const range = parseRange(spec?.range ?? '')
    return spec && range ? [{ spec, range }] : []
  })
}

/** "192.0.2.0/24", as it is told to hosts. */
export function rangeText({ family, first, prefixLength }: Range): string {
  return `${addressText({ family, value: first })}/${prefixLength}`
}

/** An address in its one form. */
export function canonical(text: string): string {
  const address = parseAddress(text)
  return address ? addressText(address) : text
}

/** A range, or an address as the range of it alone, in its one form. */
export function canonicalRange(text: string): string {
  const address = parseAddress(text)
  if (address) return `${addressText(address)}/${address.family === 4 ? 32 : 128}`
  const range = parseRange(text)
  return range ? rangeText(range) : text
}

/** Whether hosts give the addresses of a network out. */
export function givesAddresses(network: StackNetwork): boolean {
  return (network.dhcp ?? true) && rangesOf(network).length > 0
}

/** Whether each host of a network has an address of its own in a range of it: as the gateway, or to give addresses out. */
export function isServed(network: StackNetwork, range: StackRange): boolean {
  return range.gateway === 'host' || givesAddresses(network)
}

/** What instances are told of a range on a host; `own` is the address that the host has in it. */
export function servedBy(
  network: StackNetwork,
  range: StackRange,
  own: string | undefined,
): { router?: string; dns: string[]; snat: boolean } {
  const router = range.gateway === 'host' ? own : range.gateway && canonical(range.gateway)
  const dns = range.dns?.map(canonical) ?? (givesAddresses(network) && own !== undefined ? [own] : [])
  const isIpv4 = parseRange(range.range)?.family === 4
  return {
    ...(router === undefined ? {} : { router }),
    dns,
    snat: isIpv4 && range.gateway === 'host' && (range.snat ?? true),
  }
}

/** That of a host's own addresses which is in a range. */
export function ownIn({ range }: SpecRange, own: readonly string[]): string | undefined {
  return own.find((text) => {
    const address = parseAddress(text)
    return address !== undefined && contains(range, address)
  })
}

export function overlap(a: Range, b: Range): boolean {
  return a.family === b.family && a.first <= b.last && b.first <= a.last
}
