import { addressText, contains, parseAddress, parseRange, type Range } from '../address.ts'

/**
 * The content of a table: addresses and ranges, each once, in the order of their numbers. An address of `except` that one of the ranges would take in
 * is an exception of the table (PF looks for the most particular entry).
 */
export function addressList(members: Iterable<string>, except: Iterable<string> = []): string[] {
  const ranges = new Map([...members].map(asRange).map((range) => [rangeText(range), range]))
  const wide = [...ranges.values()].filter(({ first, last }) => first !== last)
  const exceptions =
    wide.length === 0 ? [] : [...except].map(asRange).filter(({ family, first }) => includes(wide, family, first))
  const plain = [...ranges].map(([text, range]) => ({ text, range }))
  const excepted = exceptions
    .filter((range) => !ranges.has(rangeText(range)))
    .map((range) => ({ text: `!${rangeText(range)}`, range }))
  return [...new Map([...plain, ...excepted].map((entry) => [entry.text, entry])).values()]
    .sort((left, right) => compareRanges(left.range, right.range))
    .map(({ text }) => text)
}

/** An address, or a range, as a range. The contract has checked what comes from a document. */
export function asRange(text: string): Range {
  const range = parseRange(text.includes('/') ? text : `${text}/${text.includes(':') ? 128 : 32}`)
  if (range === undefined) throw new RangeError(`${text} is neither an address nor a range`)
  return range
}

/** A range of one address is written as that address. */
export function rangeText({ family, first, last, prefixLength }: Range): string {
  const base = addressText({ family, value: first })
  return first === last ? base : `${base}/${prefixLength}`
}

export function compareRanges(left: Range, right: Range): number {
  if (left.family !== right.family) return left.family - right.family
  if (left.first !== right.first) return left.first < right.first ? -1 : 1
  return left.prefixLength - right.prefixLength
}

/** Sorts addresses by their numbers: 10.0.0.9 comes before 10.0.0.11. */
export function compareAddresses(left: string, right: string): number {
  return compareRanges(asRange(left), asRange(right))
}

export function isIpv4(address: string): boolean {
  return parseAddress(address.split('/')[0] ?? '')?.family === 4
}

function includes(ranges: readonly Range[], family: 4 | 6, value: bigint): boolean {
  return ranges.some((range) => contains(range, { family, value }))
}
