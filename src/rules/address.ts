import { isIP, isIPv4 } from 'node:net'

/** An IP address as a number, so that ranges can be counted through. */
export interface Address {
  family: 4 | 6
  value: bigint
}

export interface Range {
  family: 4 | 6
  /** The first and the last address that belong to the range. */
  first: bigint
  last: bigint
  prefixLength: number
}

/** Undefined when the text is no address, or one with a zone. */
export function parseAddress(text: string): Address | undefined {
  const family = isIP(text)
  if (family === 0 || text.includes('%')) return undefined
  if (family === 4) return { family: 4, value: fromParts(text.split('.').map(Number), 8n) }
  // An IPv4 address may stand at the end: ::ffff:192.0.2.1
  const tail = text.slice(text.lastIndexOf(':') + 1)
  const groups = isIPv4(tail) ? `${text.slice(0, -tail.length)}${groupsOfIpv4(tail)}` : text
  const [left = '', right] = groups.split('::')
  const [before, after] = [left, right ?? ''].map((part) => part.split(':').filter((group) => group !== ''))
  const zeros = right === undefined ? 0 : 8 - (before?.length ?? 0) - (after?.length ?? 0)
  const all = [...(before ?? []), ...Array<string>(zeros).fill('0'), ...(after ?? [])]
  return {
    family: 6,
    value: fromParts(
      all.map((group) => Number.parseInt(group, 16)),
      16n,
    ),
  }
}

/** The one way to write an address (RFC 5952 for IPv6). */
export function addressText({ family, value }: Address): string {
  if (family === 4) return [24n, 16n, 8n, 0n].map((shift) => (value >> shift) & 255n).join('.')
  const groups = Array.from({ length: 8 }, (_, index) => ((value >> BigInt(112 - index * 16)) & 0xffffn).toString(16))
  return new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1)
}

/** "192.0.2.0/24". Undefined when the text is no range, or has bits set behind its prefix. */
export function parseRange(text: string): Range | undefined {
  const [base = '', length = ''] = text.split('/')
  const address = parseAddress(base)
  const bits = address?.family === 4 ? 32 : 128
  if (!address || !/^\d{1,3}$/.test(length) || Number(length) > bits) return undefined
  const size = 1n << BigInt(bits - Number(length))
  if (address.value % size !== 0n) return undefined
  return { family: address.family, first: address.value, last: address.value + size - 1n, prefixLength: Number(length) }
}

/** "255.255.255.0", "ffff:ffff:ffff:ffff::" */
export function netmaskText({ family, prefixLength }: Range): string {
  const bits = family === 4 ? 32 : 128
  const ones = (1n << BigInt(prefixLength)) - 1n
  return addressText({ family, value: ones << BigInt(bits - prefixLength) })
}

export function contains(range: Range, { family, value }: Address): boolean {
  return family === range.family && range.first <= value && value <= range.last
}

/**
 * The addresses of a range that ports may have: in IPv4 without the first and the last (the network and its broadcast; RFC 3021 keeps both in a
 * range of two), in IPv6 without the first (the routers' anycast address, RFC 4291, 2.6.1).
 */
export function usable({ family, first, last, prefixLength }: Range): { first: bigint; last: bigint } {
  if (prefixLength >= (family === 4 ? 31 : 127)) return { first, last }
  return { first: first + 1n, last: family === 4 ? last - 1n : last }
}

function fromParts(parts: readonly number[], bits: bigint): bigint {
  return parts.reduce((sum, part) => (sum << bits) | BigInt(part), 0n)
}

function groupsOfIpv4(text: string): string {
  const [a = 0, b = 0, c = 0, d = 0] = text.split('.').map(Number)
  return `${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`
}
