import type { CompiledAnchor, CompiledRules } from '../../rules/compiled.ts'
import { macOfAnchor, natAnchor } from '../../rules/names.ts'
import { printRule, printRuleset } from '../../rules/pf/print.ts'
import { digestOfLines } from './loaded.ts'

/** What is known of an anchor that PF has. */
export interface HeldAnchor {
  /** Digest of the rules as we wrote them; undefined: what it holds is not what we loaded, or not known. */
  rules: string | undefined
  /** Its translation rules as we wrote them. */
  translation: readonly string[]
  /** What its tables have; undefined: not there. */
  tables: ReadonlyMap<string, readonly string[] | undefined>
}

export type LoadStep =
  /** All of an anchor in one transaction. */
  | { kind: 'load'; anchor: string; text: string }
  /** What a table has, in one step, and no rule. */
  | { kind: 'replace'; anchor: string; table: string; addresses: readonly string[] }
  | { kind: 'clear'; anchor: string }

/**
 * What has to be done for PF to have the wanted rules, in an order in which nothing is open in between that neither the old rules nor the new ones
 * open. Anchors by their names below ours.
 *
 * 1. `nat` without the entrances (rdr, binat) that go: nobody is led to an instance whose rules are about to go.
 * 2. Anchors of ports that come or change: until `sg` knows the port's addresses its last rule drops what it sends.
 *    An address that another port had is not theirs yet: `sg` still lets it do what it was let do there.
 * 3. `sg`, in one transaction; of members that come and go, the tables alone.
 * 4. Addresses that ports take over from others; anchors of ports that are gone: `sg` does not know their addresses any more.
 * 5. `nat` as wanted: whom it leads to an instance meets the rules of 2 and 3.
 *
 * An anchor that holds what is wanted is not touched. `sg` goes when its last port has gone.
 */
export function planLoad(held: ReadonlyMap<string, HeldAnchor>, wanted: CompiledRules): LoadStep[] {
  const byName = new Map(wanted.anchors.map((anchor) => [anchor.name, anchor]))
  const filters = wanted.anchors.filter(({ name }) => name !== natAnchor)
  // In byte order "port-…" is before "sg".
  const owners = ownersOf(held)
  const before = filters.map((anchor) => withoutTaken(anchor, owners))
  const changed = before.flatMap((anchor) => stepsFor(anchor, held.get(anchor.name)))
  const taken = filters.filter((anchor, at) => before[at] !== anchor).flatMap(tablesOf)
  const gone = [...held.keys()].filter((name) => name !== natAnchor && !byName.has(name)).sort()
  const nat = byName.get(natAnchor)
  return [
    ...withdrawal(nat, held.get(natAnchor)),
    ...changed,
    ...taken,
    ...gone.map((anchor): LoadStep => ({ kind: 'clear', anchor })),
    ...(nat ? stepsFor(nat, held.get(natAnchor)) : held.has(natAnchor) ? [clear(natAnchor)] : []),
  ]
}

/** Names the rules of an anchor, whatever its tables have. Every look asks for it, and most ask of the anchors of the look before. */
export function rulesDigest(anchor: CompiledAnchor): string {
  const known = digests.get(anchor)
  if (known !== undefined) return known
  const { tables, translation, filter } = anchor
  const digest = digestOfLines([...tables.map(({ name }) => name), ...[...translation, ...filter].map(printRule)])
  digests.set(anchor, digest)
  return digest
}

const digests = new WeakMap<CompiledAnchor, string>()

/** Which ports have an address, by their anchors. */
function ownersOf(held: ReadonlyMap<string, HeldAnchor>): Map<string, string[]> {
  const owners = new Map<string, string[]>()
  for (const [name, { tables }] of held) {
    if (macOfAnchor(name) === undefined) continue
    for (const address of [...tables.values()].flatMap((members) => members ?? []))
      owners.set(address, [...(owners.get(address) ?? []), name])
  }
  return owners
}

/** The anchor of a port without the addresses that it takes over from another port of this host; the same when there are none. */
function withoutTaken(anchor: CompiledAnchor, owners: ReadonlyMap<string, readonly string[]>): CompiledAnchor {
  if (macOfAnchor(anchor.name) === undefined) return anchor
  const isTaken = (address: string) => owners.has(address) && !owners.get(address)?.includes(anchor.name)
  if (!anchor.tables.some(({ addresses }) => addresses.some(isTaken))) return anchor
  const tables = anchor.tables.map((table) => ({
    ...table,
    addresses: table.addresses.filter((address) => !isTaken(address)),
  }))
  return { ...anchor, tables }
}

function tablesOf({ name, tables }: CompiledAnchor): LoadStep[] {
  return tables.map((table) => ({ kind: 'replace', anchor: name, table: table.name, addresses: table.addresses }))
}

function clear(anchor: string): LoadStep {
  return { kind: 'clear', anchor }
}

/** The entrances that go are taken away first; the tables, which such a text does not name, stay as they are. */
function withdrawal(nat: CompiledAnchor | undefined, held: HeldAnchor | undefined): LoadStep[] {
  if (!held) return []
  const wanted = new Set(nat?.translation.map(printRule))
  const staying = held.translation.filter((rule) => wanted.has(rule) || rule.startsWith('nat '))
  if (staying.length === held.translation.length) return []
  return [{ kind: 'load', anchor: natAnchor, text: staying.map((rule) => `${rule}\n`).join('') }]
}

function stepsFor(anchor: CompiledAnchor, held: HeldAnchor | undefined): LoadStep[] {
  const { name } = anchor
  const lost = anchor.tables.some((table) => held?.tables.get(table.name) === undefined)
  if (held?.rules !== rulesDigest(anchor) || lost) return [{ kind: 'load', anchor: name, text: printRuleset(anchor) }]
  const changes = anchor.tables
    .map((table) => ({ table: table.name, before: held.tables.get(table.name) ?? [], after: table.addresses }))
    .filter(({ before, after }) => !sameMembers(before, after))
  const guards = guardingTables(anchor)
  const replace = (table: string, addresses: readonly string[]): LoadStep => ({
    kind: 'replace',
    anchor: name,
    table,
    addresses,
  })
  // Tables of rules that block grow before the others change, and shrink after them.
  const [guarding, passing] = [true, false].map((is) => changes.filter(({ table }) => guards.has(table) === is))
  return [
    ...(guarding ?? []).filter((it) => !sameMembers(grown(it), it.before)).map((it) => replace(it.table, grown(it))),
    ...(passing ?? []).map(({ table, after }) => replace(table, after)),
    ...(guarding ?? [])
      .filter((it) => !sameMembers(grown(it), it.after))
      .map(({ table, after }) => replace(table, after)),
  ]
}

/** The tables whose members some rule blocks: who is taken out of one is let through by it. */
function guardingTables({ filter }: CompiledAnchor): Set<string> {
  const hosts = filter.flatMap(({ action, from, to }) => (action === 'block' ? [...from.hosts, ...to.hosts] : []))
  return new Set(hosts.flatMap((host) => (host.kind === 'table' && !host.not ? [host.table] : [])))
}

/** The members of both; an exception only where both have it. */
function grown({ before, after }: { before: readonly string[]; after: readonly string[] }): string[] {
  const all = [...new Set([...before, ...after])]
  return all.filter((one) => !one.startsWith('!') || (before.includes(one) && after.includes(one)))
}

export function sameMembers(left: readonly string[], right: readonly string[]): boolean {
  const members = new Set(left)
  return members.size === new Set(right).size && right.every((one) => members.has(one))
}
