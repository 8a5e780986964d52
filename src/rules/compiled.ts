import type { Ruleset } from './pf/rule.ts'

/** All that one host's PF gets from us. */
export interface CompiledRules {
  /** In the order of their names; the names are those below the configured anchor: "nat", "port-00163eaabb01", "sg". */
  anchors: readonly CompiledAnchor[]
}

export interface CompiledAnchor extends Ruleset {
  name: string
}
