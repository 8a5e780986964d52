import { createHash } from 'node:crypto'
import type { Clock } from '../../platform/clock.ts'
import type { Hop } from '../../rules/path/host.ts'
import {
  type CountedRule,
  type Counters,
  type Pf,
  type RuleClass,
  ruleClasses,
  type State,
} from '../../rules/pf/machine.ts'
import { openPf } from '../../rules/pf/open-pf.ts'
import { printRuleset } from '../../rules/pf/print.ts'
import type { AnchorCall, Ruleset, Table as WrittenTable } from '../../rules/pf/rule.ts'
import { anchorsOf } from './anchors.ts'
import { type InterfaceStats, openInterfaceStats } from './interface-stats.ts'
import { type KnownState, openStateClock } from './state-clock.ts'
import { parseEntry, replace, type Table } from './table.ts'
import { openTableStats, type TableStats } from './table-stats.ts'

/** What stands in no ruleset. */
export const emptyRuleset: Ruleset = { tables: [], translation: [], filter: [] }

/** PF in the kernel of a simulated machine, as pfctl finds it behind /dev/pf. */
export interface KernelPf {
  /** The machine that judges packets. */
  readonly pf: Pf
  /** FreeBSD's: 13, 14 or 15. */
  readonly major: number
  readonly hostid: string
  readonly clock: Clock
  readonly interfaceStats: InterfaceStats
  readonly tableStats: TableStats
  /** When it was switched on or off last. */
  readonly switched: { running: boolean; since?: Date }
  /** What is told of all packets since the counters were cleared. */
  readonly totals: { searches: number; inserts: number; removals: number; matches: number }
  /** `set …` of the main ruleset. */
  options(): readonly string[]
  /** Whether packets of the host to itself are filtered: read when PF is switched on. */
  filtersLocal(): boolean
  /** False when it is so already. */
  switchTo(running: boolean): boolean

  /** All anchors, with those above them and those that are called. */
  anchors(): string[]
  ruleset(anchor: string): Ruleset
  rules(anchor: string, ruleClass: RuleClass): readonly CountedRule[]
  lastActive(rule: CountedRule): Date | undefined
  /** The process that loaded an anchor; FreeBSD 15 does not say. */
  loader(anchor: string): number
  /** Of the main ruleset, of what it says; absent when it has no rule. */
  checksum(): string | undefined
  /** Counters of an anchor begin again. */
  clearCounters(anchor: string): void
  /** Puts a whole ruleset into an anchor, in one step. Tables that it does not speak of, states and anchors below stay as they are. */
  load(anchor: string, ruleset: Ruleset): void

  tables(anchor: string): Table[]
  table(anchor: string, name: string): Table | undefined
  setTable(anchor: string, table: Table): void
  removeTable(anchor: string, name: string): void

  /** Those that are not over yet. */
  states(): KnownState[]
  killState(id: number): void
  clearTotals(): void
  /** What the packets of a journey leave behind, beside what the machine counts itself. */
  observe(hops: readonly Hop[]): void
}

export interface KernelPfOptions {
  clock: Clock
  major: number
  hostuuid: string
  /** net.pf.filter_local */
  filterLocal(): boolean
}

export function openKernelPf({ clock, major, hostuuid, filterLocal }: KernelPfOptions): KernelPf {
  const pf = openPf({ release: major >= 15 ? 15 : 14, interfaces: {}, main: emptyRuleset })
  const tables = new Map<string, Map<string, Table>>()
  const lastActive = new Map<string, Date>()
  /** What the counters of a rule were when -z cleared them. */
  const cleared = new Map<string, Counters>()
  const interfaceStats = openInterfaceStats(clock.now())
  const tableStats = openTableStats()
  let options: readonly string[] = []
  const stateClock = openStateClock(clock, () => options)
  const switched: { running: boolean; since?: Date } = { running: false }
  const loaders = new Map<string, number>()
  let pid = 1000
  let filtersLocal = false
  const totals = { searches: 0, inserts: 0, removals: 0, matches: 0 }

  const tablesOf = (anchor: string) => {
    const found = tables.get(anchor) ?? new Map<string, Table>()
    tables.set(anchor, found)
    return found
  }
  const setTable = (anchor: string, table: Table) => {
    tablesOf(anchor).set(table.name, table)
    pf.replaceTable(
      anchor,
      table.name,
      [...table.entries.values()].map(({ text, not }) => (not ? `!${text}` : text)),
    )
  }
  const declare = (anchor: string, { name, addresses, keeps, ...flags }: WrittenTable) => {
    const now = clock.now()
    const old = tables.get(anchor)?.get(name) ?? { clearedAt: now, entries: new Map() }
    const table: Table = {
      ...old,
      name,
      persist: flags.persist ?? false,
      const: flags.const ?? false,
      counters: flags.counters ?? false,
    }
    const named = addresses.map((address) => parseEntry(address, now)).filter((entry) => entry !== undefined)
    setTable(anchor, keeps ? table : replace(table, named).table)
  }
  const kill = (id: number) => {
    if (pf.killState(id)) totals.removals++
  }
  const rules = (anchor: string, ruleClass: RuleClass) => (pf.ruleset(anchor) ? pf.rules(anchor, ruleClass) : [])
  const ruleset = (anchor: string) => pf.ruleset(anchor) ?? emptyRuleset
  const states = () => {
    for (const state of stateClock.over(pf.states())) kill(state.id)
    return stateClock.known(pf.states())
  }

  return {
    pf,
    major,
    hostid: createHash('sha256').update(hostuuid).digest('hex').slice(0, 8),
    clock,
    interfaceStats,
    tableStats,
    switched,
    totals,
    options: () => options,
    filtersLocal: () => filtersLocal,
    switchTo(running) {
      if (switched.running === running) return false
      if (running) filtersLocal = filterLocal()
      Object.assign(switched, { running, since: clock.now() })
      return true
    },
    anchors() {
      const withTables = [...tables].flatMap(([path, { size }]) => (size > 0 ? [path] : []))
      return anchorsOf([...pf.anchors(), ...withTables, ...anchorsHeld(pf.states())], calls(ruleset('')))
    },
    ruleset,
    rules: (anchor, ruleClass) =>
      rules(anchor, ruleClass).map((rule) => {
        const before = cleared.get(keyOf(rule))
        return before ? { ...rule, counters: since(before, rule.counters) } : rule
      }),
    lastActive: (rule) => lastActive.get(keyOf(rule)),
    loader: (anchor) => (major >= 15 ? 0 : (loaders.get(anchor) ?? 0)),
    checksum() {
      const { translation, filter } = ruleset('')
      if (translation.length + filter.length === 0) return undefined
      return createHash('md5')
        .update(printRuleset({ tables: [], translation, filter }))
        .digest('hex')
    },
    clearCounters(anchor) {
      for (const ruleClass of ruleClasses)
        for (const rule of rules(anchor, ruleClass)) cleared.set(keyOf(rule), structuredClone(rule.counters))
    },
    load(anchor, loaded) {
      if (anchor === '') options = loaded.options ?? []
      pf.replaceAnchor(anchor, loaded)
      loaders.set(anchor, ++pid)
      for (const map of [lastActive, ...(options.includes('keepcounters') ? [] : [cleared])])
        for (const key of map.keys()) if (key.startsWith(`${anchor}\0`)) map.delete(key)
      for (const table of loaded.tables) declare(anchor, table)
      for (const table of tables.get(anchor)?.values() ?? []) setTable(anchor, table)
      forgetEmpty(anchor)
    },
    tables: (anchor) => [...(tables.get(anchor)?.values() ?? [])].sort((a, b) => (a.name < b.name ? -1 : 1)),
    table: (anchor, name) => tables.get(anchor)?.get(name),
    setTable,
    removeTable(anchor, name) {
      tables.get(anchor)?.delete(name)
      tableStats.forget(anchor, name)
      pf.removeTable(anchor, name)
      forgetEmpty(anchor)
    },
    states,
    killState: kill,
    clearTotals: () => void Object.assign(totals, { searches: 0, inserts: 0, removals: 0, matches: 0 }),
    observe(hops) {
      const now = clock.now()
      const before = stateClock.count()
      for (const hop of hops) {
        const { interface: name, direction, packet, verdict } = hop
        totals.searches++
        if (!verdict.byState) totals.matches++
        for (const rule of [verdict.rule, verdict.translation]) if (rule) lastActive.set(keyOf(rule), now)
        interfaceStats.count(name, direction, verdict.action, packet)
        tableStats.count(hop, (anchor, table) => tables.get(anchor)?.has(table) ?? false)
        if (verdict.state) stateClock.touch(verdict.state)
      }
      totals.inserts += stateClock.count() - before
    },
  }

  /** An anchor in which nothing is left is no more, unless the kernel still needs it for what is below. */
  function forgetEmpty(anchor: string): void {
    const { translation, filter, scrub = [] } = ruleset(anchor)
    if (anchor === '' || translation.length + filter.length + scrub.length > 0 || tables.get(anchor)?.size) return
    tables.delete(anchor)
    pf.removeAnchor(anchor)
  }
}

function calls({ translation, filter }: Ruleset): string[] {
  return [...translation, ...filter]
    .filter((rule): rule is AnchorCall => rule.kind.endsWith('anchor'))
    .map(({ path }) => path.replace(/\/\*$/, ''))
}

/** Rules that are gone stay in the kernel while a state is of them, their tables with them, and so the anchor. */
function anchorsHeld(states: readonly State[]): Set<string> {
  const held = new Set<string>()
  for (const { rule, translation } of states)
    for (const site of [rule, translation])
      if (site && [site.rule.from, site.rule.to].some(({ host }) => host.kind === 'table')) held.add(site.anchor)
  return held
}

function keyOf({ anchor, class: ruleClass, index }: Pick<CountedRule, 'anchor' | 'class' | 'index'>): string {
  return `${anchor}\0${ruleClass}\0${index}`
}

function since(before: Counters, now: Counters): Counters {
  const less = ([a, b]: [number, number], [c, d]: [number, number]): [number, number] => [a - c, b - d]
  return {
    ...now,
    evaluations: now.evaluations - before.evaluations,
    packets: less(now.packets, before.packets),
    bytes: less(now.bytes, before.bytes),
    stateCreations: now.stateCreations - before.stateCreations,
  }
}
