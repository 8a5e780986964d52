import type { KernelFilterRule, KernelRule, KernelTranslationRule } from './kernel-rule.ts'
import type { Packet } from './packet.ts'
import type { Direction, Ruleset } from './rule.ts'

/*
 * PF of one host as a machine: rules, tables, states and counters, and what becomes of a packet. It does what was measured on real kernels, faults
 * included. open-pf.ts makes one.
 */

export interface PfOptions {
  /** FreeBSD's. 14 stands for what comes before 15 as well: translation ends at the first match, in 15 the last anchor wins. */
  release: 14 | 15
  /** Interfaces, each with the groups that it is in. */
  interfaces: Readonly<Record<string, readonly string[]>>
  main: Ruleset
  /** By their whole path: "org.openstack/sg". */
  anchors?: Readonly<Record<string, Ruleset>>
}

/** Which of the four lists of a ruleset a rule is in. Each is numbered from 0. */
export const ruleClasses = ['nat', 'rdr', 'binat', 'filter'] as const
export type RuleClass = (typeof ruleClasses)[number]

/** A rule in its place. */
export interface RuleSite<Rule extends KernelRule = KernelRule> {
  /** The whole path of its anchor; "" for the main ruleset. */
  anchor: string
  class: RuleClass
  /** Its number in that class of that ruleset, as `pfctl -vvs` lists it: counted after lists were expanded. */
  index: number
  /** Of which rule of `filter` or `translation`, as they were given, it was expanded. */
  written: number
  rule: Rule
}

export interface Counters {
  evaluations: number
  /** Those that came in and those that went out, at the interface; of a rule that made a state those of its state too. */
  packets: [number, number]
  bytes: [number, number]
  /** How many states of it there are. */
  states: number
  stateCreations: number
}

export type CountedRule = RuleSite & { counters: Readonly<Counters> }

/** What becomes of a packet at one interface. */
export interface Verdict {
  action: 'pass' | 'block'
  /** What decided; by state, what once made the state. Absent: no rule matched, and PF passes what no rule speaks of. */
  rule?: RuleSite<KernelFilterRule>
  /** A packet of a connection that is known: no rule was asked. */
  byState: boolean
  /** The state that it belongs to, found or just made. */
  state?: State
  /** The rule that translated it; by state, the one that translates the state. */
  translation?: RuleSite<KernelTranslationRule>
  /** After translation. For a block, as the filter saw it. */
  packet: Packet
}

/** One side of a state: the packet that began it, as it is outside (`wire`) or inside (`stack`) of PF. ICMP has its id and type as ports. */
export interface StateEnds {
  source: string
  sourcePort: number
  destination: string
  destinationPort: number
}

/** A connection that is known. It is changed as packets come. */
export interface State {
  /** Unique while the machine lives, counted from 1. */
  readonly id: number
  /** Where it is found: on one interface, or on all of them. */
  readonly interface: string | 'all'
  /** Where its first packet was seen. */
  readonly origin: string
  readonly direction: Direction
  readonly protocol: number
  /** On the wire side of its first packet: what came in, or what went out. */
  readonly wire: StateEnds
  /** On the other side: after the translation of what came in, before that of what goes out. The same object when nothing is translated. */
  readonly stack: StateEnds
  /** The rule that made it; absent: PF's default, with a translation. */
  readonly rule?: RuleSite<KernelFilterRule>
  readonly translation?: RuleSite<KernelTranslationRule>
  /** Of who began it, and of the other, in pfctl's words: "SYN_SENT", "ESTABLISHED", "SINGLE", "0". `pfctl -ss` shows an inward state the other way round. */
  readonly progress: readonly [string, string]
  /** Packets and bytes of who began it, and of the other. */
  readonly packets: readonly [number, number]
  readonly bytes: readonly [number, number]
}

export interface TableContent {
  name: string
  anchor: string
  addresses: readonly string[]
}

export interface Pf {
  /** Hands it a packet at an interface. Counters and states change. */
  see(packet: Packet, on: string, direction: Direction): Verdict
  /** What `see` would say, leaving no state and no count behind. */
  judge(packet: Packet, on: string, direction: Direction): Verdict

  /** The groups of an interface, which need not be there before; without groups: there is none of that name any more. */
  setGroups(name: string, groups: readonly string[] | undefined): void

  /**
   * Replaces all rules of an anchor ("" is the main ruleset), and the content of those tables that are declared with a list. Other tables of the anchor
   * stay, as do states. Counters begin again, unless the main ruleset says keepcounters.
   */
  replaceAnchor(path: string, ruleset: Ruleset): void
  /** Takes an anchor away with its tables; its states stay. */
  removeAnchor(path: string): void
  /** The paths of all anchors that have rules or tables, sorted. */
  anchors(): string[]
  /** What an anchor was loaded with; undefined when there is none. Tables as they were declared. */
  ruleset(path: string): Ruleset | undefined
  /** The rules of one class of one anchor, with their counters, in order. */
  rules(path: string, ruleClass: RuleClass): readonly CountedRule[]

  /** Makes the table if need be. */
  replaceTable(anchor: string, name: string, addresses: readonly string[]): void
  removeTable(anchor: string, name: string): void
  /** The tables of one anchor ("" is the main ruleset), sorted. */
  tables(anchor: string): TableContent[]

  states(): readonly State[]
  /** False when there is no such state. */
  killState(id: number): boolean
  killAllStates(): void
}
