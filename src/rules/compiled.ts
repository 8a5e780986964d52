import type { FilterRule, Ruleset, Table, TranslationRule } from './pf/rule.ts'

/** All that one host's PF gets from us. */
export interface CompiledRules {
  /** In the order of their names; the names are those below the configured anchor: "nat", "port-00163eaabb01", "sg". */
  anchors: readonly CompiledAnchor[]
}

/** A ruleset, as it is printed and loaded, in which each part says why it is there. */
export interface CompiledAnchor extends Ruleset {
  name: string
  tables: readonly Reasoned<Table>[]
  translation: readonly Reasoned<TranslationRule>[]
  filter: readonly Reasoned<FilterRule>[]
}

export type Reasoned<T> = T & Why

export interface Why {
  /** A sentence: "security group shop.web lets tcp 80 in from anybody". */
  reason: string
  owner: Owner
}

/** Whose a rule or a table is, by the id that the server gave it; `host`: of all networks of the host together. */
export type Owner =
  | { kind: 'host' }
  | { kind: 'port'; id: string }
  | { kind: 'group'; id: string }
  | { kind: 'floating-ip'; id: string }
  | { kind: 'forward'; id: string }
