import { addressText, contains, parseRange, type Range } from '../address.ts'

/** The addresses and ranges that a compilation speaks of. Each comes many times, and is read once. */
export interface AddressBook {
  /**
   * The content of a table: addresses and ranges, each once, in the order of their numbers. An address of `except` that one of the ranges would take in
   * is an exception of the table (PF looks for the most particular entry).
   */
  list(members: readonly string[], except?: readonly string[]): string[]
  /** An address is a range of one. */
  range(text: string): Range
  /** A range of one is written as the address. */
  text(text: string): string
  /** By their numbers: 10.0.0.9 comes before 10.0.0.11. */
  compare(left: string, right: string): number
}

interface Entry {
  text: string
  range: Range
}

export function openAddressBook(): AddressBook {
  const entries = new Map<string, Entry>()
  const entryOf = (text: string): Entry => {
    const known = entries.get(text)
    if (known !== undefined) return known
    const entry = read(text)
    entries.set(text, entry)
    return entry
  }
  return {
    list(members, except = []) {
      const held = new Map(members.map(entryOf).map((entry) => [entry.text, entry]))
      const wide = [...held.values()].filter(({ range }) => range.first !== range.last)
      const exceptions = wide.length === 0 ? [] : except.map(entryOf).filter(({ text }) => !held.has(text))
      for (const { text, range } of exceptions)
        if (wide.some((one) => contains(one.range, { family: range.family, value: range.first })))
          held.set(`!${text}`, { text: `!${text}`, range })
      return [...held.values()].sort((left, right) => compareRanges(left.range, right.range)).map(({ text }) => text)
    },
    range: (text) => entryOf(text).range,
    text: (text) => entryOf(text).text,
    compare: (left, right) => compareRanges(entryOf(left).range, entryOf(right).range),
  }
}

/** The contract has checked what comes from a document. */
function read(text: string): Entry {
  const range = parseRange(text.includes('/') ? text : `${text}/${isIpv4(text) ? 32 : 128}`)
  if (range === undefined) throw new RangeError(`${text} is neither an address nor a range`)
  const { family, first, last } = range
  return { text: first === last ? addressText({ family, value: first }) : text, range }
}

function compareRanges(left: Range, right: Range): number {
  if (left.family !== right.family) return left.family - right.family
  if (left.first !== right.first) return left.first < right.first ? -1 : 1
  return left.prefixLength - right.prefixLength
}

/** Of an address or a range. */
export function isIpv4(text: string): boolean {
  return !text.includes(':')
}
