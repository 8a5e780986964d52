/*
 * PF's rules as data: what the compiler makes, what pfctl's text is read into, and what the evaluator judges by. Only the forms that FreeBSD 14
 * and 15 both take, which are those of pf.conf(5) before 15: translation by nat, rdr and binat rules of their own. What is optional here and never
 * made by the compiler is what administrators write into main rulesets.
 *
 * A rule is as it is written, with lists; the kernel has one rule for each combination of their members (expand.ts). Names are PF's:
 * interfaces and their groups share one namespace, and addresses and prefixes are text in their canonical form.
 */

export type Family = 'inet' | 'inet6'
export type Direction = 'in' | 'out'

/** `on { bridge0, bridge1 }`, `on ! osnetx`. Empty: on every interface. */
export interface On {
  not: boolean
  /** Interfaces or groups. */
  names: readonly string[]
}

/** One place of a packet. `address`: "10.0.0.11", "10.0.0.0/24", "2001:db8::11". */
export type Host =
  | { kind: 'any' }
  | { kind: 'address'; not: boolean; address: string }
  | { kind: 'table'; not: boolean; table: string }

export interface Ports {
  from: number
  /** The same as `from` for one port. */
  to: number
}

/** One end of a packet. No hosts: any. No ports: any. */
export interface End {
  hosts: readonly Host[]
  ports: readonly Ports[]
}

export interface IcmpType {
  type: number
  code?: number
}

/** What rules of both kinds look at. */
export interface Match {
  on?: On
  family?: Family
  /** Numbers of IANA; none: any. */
  protocols: readonly number[]
  from: End
  to: End
}

/**
 * `no`: each packet is judged by itself. `keep`: a state that is found on every interface ("floating"). `if-bound`: one that is found on the
 * interface that made it only.
 */
export type StateOption = 'no' | 'keep' | 'if-bound'

export interface FilterRule extends Match {
  kind: 'filter'
  /** `match` decides nothing, but tags. */
  action: 'pass' | 'block' | 'match'
  /** A block that tells the sender (`block return`). */
  returns?: true
  direction?: Direction
  log?: true
  quick: boolean
  icmp: readonly IcmpType[]
  /** `no` where the action is not pass. */
  state: StateOption
  /** A state is begun by any packet of TCP (`flags any`), not only by a SYN. */
  anyFlags?: true
  tag?: string
  /** Only packets that a rule before has given this tag. */
  tagged?: string
  label?: string
  /** The number that pflog has of it. */
  ridentifier?: number
}

/** `nat on ext0 from … to … tagged HAIRPIN -> 192.0.2.1`: the source is rewritten, with its port, as the packet leaves. */
export interface NatRule extends Match {
  kind: 'nat'
  /** What is translated passes here without being filtered (`nat pass`). */
  pass?: true
  tag?: string
  tagged?: string
  target: string
}

/** `rdr on ext0 proto tcp from … to … port 8022 tag HAIRPIN -> 10.0.0.11 port 22`: the destination is rewritten as the packet comes in. */
export interface RdrRule extends Match {
  kind: 'rdr'
  pass?: true
  tag?: string
  tagged?: string
  target: string
  /** The first port of the target; a range outside goes on from there (`port 22:*`). */
  targetPort?: number
}

/** `binat on ext0 from 10.0.0.11 to any -> 192.0.2.51`: one to one, both ways, ports are kept. */
export interface BinatRule extends Match {
  kind: 'binat'
  pass?: true
  tag?: string
  tagged?: string
  target: string
}

/** `no nat on ext0 from …`: what it matches is not translated by the rules of that class after it. */
export interface NoTranslationRule extends Match {
  kind: 'no nat' | 'no rdr' | 'no binat'
  tag?: string
  tagged?: string
}

export type TranslationRule = NatRule | RdrRule | BinatRule | NoTranslationRule

/** `anchor "org.openstack/*"`, `nat-anchor …`: evaluates rules of one class of anchors below. */
export interface AnchorCall {
  kind: 'anchor' | 'nat-anchor' | 'rdr-anchor' | 'binat-anchor'
  /** "org.openstack/*": every child in byte order of its name; without the star: that one. */
  path: string
}

export interface Table {
  name: string
  persist?: true
  const?: true
  counters?: true
  /** Addresses and prefixes; one with "!" before it is an exception. */
  addresses: readonly string[]
  /** It is declared without a list: loading it leaves the addresses that it holds. */
  keeps?: true
}

/** The content of one anchor, or of the main ruleset. In a file: options, tables, scrub, then translation, then filtering. */
export interface Ruleset {
  /** Of the main ruleset, without their "set": "skip on lo0", "keepcounters", "limit states 100000". PF ignores those of an anchor. */
  options?: readonly string[]
  /** Rules of normalization as they are written: they decide nothing. */
  scrub?: readonly string[]
  tables: readonly Table[]
  translation: readonly (TranslationRule | AnchorCall)[]
  filter: readonly (FilterRule | AnchorCall)[]
}
