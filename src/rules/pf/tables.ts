import { AddressSet } from './address-set.ts'
import type { TableContent } from './machine.ts'
import type { Host, Table } from './rule.ts'

/** The tables of all anchors. A rule means its own anchor's table, or else the one of that name in the main ruleset. */
export class Tables {
  readonly #anchors = new Map<string, Map<string, AddressSet>>()
  /** Changes whenever a table comes or goes, not with what it holds. */
  #edition = 0

  /** Tables that are not declared stay, and so does what those hold that are declared without a list. */
  load(anchor: string, declared: readonly Table[]): void {
    for (const { name, addresses, keeps } of declared)
      if (!keeps || !this.#anchors.get(anchor)?.has(name)) this.replace(anchor, name, addresses)
  }

  replace(anchor: string, name: string, addresses: readonly string[]): void {
    const tables = this.#anchors.get(anchor) ?? new Map<string, AddressSet>()
    this.#anchors.set(anchor, tables)
    const table = tables.get(name)
    if (table) table.replace(addresses)
    else {
      tables.set(name, new AddressSet(addresses))
      this.#edition++
    }
  }

  remove(anchor: string, name?: string): void {
    const tables = this.#anchors.get(anchor)
    if (name !== undefined) tables?.delete(name)
    if (name === undefined || tables?.size === 0) this.#anchors.delete(anchor)
    this.#edition++
  }

  of(anchor: string): TableContent[] {
    const tables = [...(this.#anchors.get(anchor) ?? [])].sort(([a], [b]) => (a < b ? -1 : 1))
    return tables.map(([name, { entries }]) => ({ name, anchor, addresses: entries }))
  }

  anchors(): string[] {
    return [...this.#anchors.keys()]
  }

  /** The question that a rule of an anchor asks about one end of a packet. A table that is not there has no addresses. */
  question(anchor: string, host: Host): (address: string) => boolean {
    if (host.kind === 'any') return () => true
    if (host.kind === 'address') {
      const { address, not } = host
      if (!address.includes('/')) return (asked) => (asked === address) !== not
      const range = new AddressSet([address])
      return (asked) => range.has(asked) !== not
    }
    const { table, not } = host
    let edition = -1
    let found: AddressSet | undefined
    return (asked) => {
      if (edition !== this.#edition) {
        found = this.#anchors.get(anchor)?.get(table) ?? this.#anchors.get('')?.get(table)
        edition = this.#edition
      }
      return (found?.has(asked) ?? false) !== not
    }
  }
}
