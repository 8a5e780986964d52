import { type Address, addressText, parseAddress } from '../../rules/address.ts'

/** One entry of a table of PF: an address or a prefix, or an exception from one. */
export interface Entry {
  /** "10.0.0.0/24"; a single address without its length. */
  text: string
  /** `!192.0.2.66`: not in the table, though a prefix of it is. */
  not: boolean
  base: Address
  prefixLength: number
  since: Date
}

/** A table of the kernel: of the main ruleset, or of an anchor. */
export interface Table {
  name: string
  persist: boolean
  const: boolean
  /** Whether packets are counted for each entry. */
  counters: boolean
  clearedAt: Date
  /** By its text without the exclamation mark: an entry is there once. */
  entries: ReadonlyMap<string, Entry>
}

/** What became of one address that was named: as `pfctl -v` marks it. */
export interface Outcome {
  mark: ' ' | 'A' | 'D' | 'C' | 'M'
  entry: Entry
}

/** `10.0.0.1`, `!10.0.0.0/24`. Bits behind the prefix are dropped, as pfctl does. Undefined: no address. */
export function parseEntry(word: string, since: Date): Entry | undefined {
  const not = word.startsWith('!')
  const [host = '', length] = word.slice(not ? 1 : 0).split('/')
  const address = parseAddress(host)
  if (!address) return undefined
  const bits = address.family === 4 ? 32 : 128
  const prefixLength = length === undefined ? bits : Number(length)
  if (!/^\d{0,3}$/.test(length ?? '') || length === '' || prefixLength > bits) return undefined
  const size = 1n << BigInt(bits - prefixLength)
  const base: Address = { family: address.family, value: (address.value / size) * size }
  const text = addressText(base) + (prefixLength === bits ? '' : `/${prefixLength}`)
  return { text, not, base, prefixLength, since }
}

/** The order in which the kernel walks through a table: IPv4 first, by address, of equal ones the longer prefix first. */
export function inOrder(entries: Iterable<Entry>): Entry[] {
  return [...entries].sort(
    (a, b) =>
      a.base.family - b.base.family ||
      (a.base.value < b.base.value ? -1 : a.base.value > b.base.value ? 1 : b.prefixLength - a.prefixLength),
  )
}

/** Adds what is not there yet. */
export function add(table: Table, named: readonly Entry[]): { table: Table; outcomes: Outcome[] } {
  const entries = new Map(table.entries)
  const outcomes = named.map((entry): Outcome => {
    if (entries.has(entry.text)) return { mark: ' ', entry }
    entries.set(entry.text, entry)
    return { mark: 'A', entry }
  })
  return { table: { ...table, entries }, outcomes }
}

export function remove(table: Table, named: readonly Entry[]): { table: Table; outcomes: Outcome[] } {
  const entries = new Map(table.entries)
  const outcomes = named.map((entry): Outcome => {
    if (entries.get(entry.text)?.not !== entry.not) return { mark: ' ', entry }
    entries.delete(entry.text)
    return { mark: 'D', entry }
  })
  return { table: { ...table, entries }, outcomes }
}

/** Puts `named` in the place of all entries. One that was there before stays what it was, with its counters. */
export function replace(table: Table, named: readonly Entry[]): { table: Table; outcomes: Outcome[] } {
  const entries = new Map<string, Entry>()
  const outcomes: Outcome[] = []
  for (const entry of named) {
    if (entries.has(entry.text)) continue
    const old = table.entries.get(entry.text)
    entries.set(entry.text, old && old.not === entry.not ? old : entry)
    outcomes.push({ mark: old === undefined ? 'A' : old.not === entry.not ? ' ' : 'C', entry })
  }
  for (const entry of inOrder(table.entries.values()).reverse())
    if (!entries.has(entry.text)) outcomes.push({ mark: 'D', entry })
  return { table: { ...table, entries }, outcomes }
}

/** Whether an address is in the table: of the entries that hold it the one with the longest prefix decides. */
export function holds(table: Table, { base }: Entry): boolean {
  let best: Entry | undefined
  for (const entry of table.entries.values()) {
    const shift = BigInt((entry.base.family === 4 ? 32 : 128) - entry.prefixLength)
    const inside = entry.base.family === base.family && entry.base.value >> shift === base.value >> shift
    if (inside && (best === undefined || entry.prefixLength > best.prefixLength)) best = entry
  }
  return best !== undefined && !best.not
}
