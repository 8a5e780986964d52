import { anybody } from '../compile/rule-forms.ts'
import type { CompiledAnchor, CompiledRules, Why } from '../compiled.ts'
import type { Pf, RuleSite } from '../pf/machine.ts'
import { openPf } from '../pf/open-pf.ts'
import type { FilterRule, Ruleset, TranslationRule } from '../pf/rule.ts'

/** Only for paths of rules in here; a host's own anchor may be called otherwise. */
const parent = 'org.openstack'

/** The four calls that an administrator's main ruleset has for us, and of his own that everything else passes, with its answers. */
const main: Ruleset = {
  tables: [],
  translation: [
    { kind: 'nat-anchor', path: `${parent}/*` },
    { kind: 'rdr-anchor', path: `${parent}/*` },
    { kind: 'binat-anchor', path: `${parent}/*` },
  ],
  filter: [
    { kind: 'anchor', path: `${parent}/*` },
    {
      kind: 'filter',
      action: 'pass',
      quick: false,
      protocols: [],
      from: anybody,
      to: anybody,
      icmp: [],
      state: 'keep',
    },
  ],
}

/** A PF that has our rules and no others. */
export function pfWith(compiled: CompiledRules, interfaces: Record<string, string[]>, release: 14 | 15 = 15): Pf {
  const anchors = Object.fromEntries(compiled.anchors.map((anchor) => [`${parent}/${anchor.name}`, anchor]))
  return openPf({ release, interfaces, main, anchors })
}

export type WrittenRule = (FilterRule | TranslationRule) & Why

/** The rule of ours that PF speaks of, as we wrote it and why. Undefined for one of the administrator's. */
export function ruleAt(compiled: CompiledRules, site: RuleSite | undefined): WrittenRule | undefined {
  if (site === undefined) return undefined
  const anchor: CompiledAnchor | undefined = compiled.anchors.find(({ name }) => `${parent}/${name}` === site.anchor)
  return site.class === 'filter' ? anchor?.filter[site.written] : anchor?.translation[site.written]
}
