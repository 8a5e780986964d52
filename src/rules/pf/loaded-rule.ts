import { expand } from './expand.ts'
import type { KernelEnd, KernelMatch, KernelRule } from './kernel-rule.ts'
import { listRule } from './list.ts'
import type { Counters, RuleClass, RuleSite } from './machine.ts'
import type { AnchorCall, FilterRule, Ports, Ruleset, TranslationRule } from './rule.ts'
import type { Tables } from './tables.ts'

/** A rule as the machine asks it. */
export interface LoadedRule<Rule extends KernelRule = KernelRule> {
  site: RuleSite<Rule>
  counters: Counters
  match: LoadedMatch
  /** For each thing that a rule looks at, in the order of `aspects`: the next rule of its list that looks for something else there. */
  skip: number[]
}

export interface LoadedMatch {
  on: KernelMatch['on']
  family: KernelMatch['family']
  protocol: number | undefined
  from: (address: string) => boolean
  to: (address: string) => boolean
  fromPorts: Ports | undefined
  toPorts: Ports | undefined
}

/**
 * What a rule is asked, in this order. When an answer is no, the kernel goes on with the next rule that differs in just that ("skip steps"), and
 * does not count the rules between as evaluated.
 */
export const aspects = ['on', 'direction', 'family', 'protocol', 'from', 'fromPorts', 'to', 'toPorts'] as const

/** The rules of one anchor, by class. */
export type LoadedRules = Readonly<Record<RuleClass, LoadedRule[]>>

export function loadRules(anchor: string, ruleset: Ruleset, tables: Tables): LoadedRules {
  const load = (written: Ruleset['filter'] | Ruleset['translation'], ruleClass: RuleClass) => {
    const rules = written.flatMap((rule, index) =>
      classOf(rule) === ruleClass ? expand(rule).map((kernel) => ({ kernel, index })) : [],
    )
    return withSkips(
      rules.map(({ kernel, index: origin }, index) => ({
        site: { anchor, class: ruleClass, index, written: origin, rule: kernel },
        counters: { evaluations: 0, packets: [0, 0], bytes: [0, 0], states: 0, stateCreations: 0 },
        match: matchOf(anchor, kernel, tables),
        skip: [],
      })),
    )
  }
  return {
    nat: load(ruleset.translation, 'nat'),
    rdr: load(ruleset.translation, 'rdr'),
    binat: load(ruleset.translation, 'binat'),
    filter: load(ruleset.filter, 'filter'),
  }
}

/** Lets rules that are there again go on counting (`set keepcounters`): all but the states that they have made. */
export function keepCounters(before: LoadedRules, now: LoadedRules): void {
  for (const ruleClass of ['nat', 'rdr', 'binat', 'filter'] as const) {
    const known = new Map(before[ruleClass].map(({ site, counters }) => [listRule(site.rule), counters]))
    for (const { site, counters } of now[ruleClass]) {
      const old = known.get(listRule(site.rule))
      if (!old) continue
      counters.evaluations = old.evaluations
      counters.packets = [...old.packets]
      counters.bytes = [...old.bytes]
    }
  }
}

function classOf({ kind }: FilterRule | TranslationRule | AnchorCall): RuleClass {
  if (kind === 'filter' || kind === 'anchor') return 'filter'
  for (const ruleClass of ['binat', 'nat', 'rdr'] as const)
    if (kind === ruleClass || kind === `no ${ruleClass}` || kind === `${ruleClass}-anchor`) return ruleClass
  throw new Error(`a rule of no class: ${kind}`)
}

function matchOf(anchor: string, rule: KernelRule, tables: Tables): LoadedMatch {
  const anybody: KernelEnd = { host: { kind: 'any' } }
  const match: KernelMatch = 'from' in rule ? rule : { from: anybody, to: anybody }
  return {
    on: match.on,
    family: match.family,
    protocol: match.protocol,
    from: tables.question(anchor, match.from.host),
    to: tables.question(anchor, match.to.host),
    fromPorts: match.from.ports,
    toPorts: match.to.ports,
  }
}

function withSkips(rules: LoadedRule[]): LoadedRule[] {
  const looked = rules.map(({ site: { rule } }) => {
    const { on, family, protocol, from, to } = ('from' in rule ? rule : {}) as Partial<KernelMatch>
    const direction = rule.kind === 'filter' ? rule.direction : undefined
    const host = (end?: KernelEnd) => (end?.host.kind === 'any' ? undefined : end?.host)
    const all = [on, direction, family, protocol, host(from), from?.ports, host(to), to?.ports]
    return all.map((aspect) => JSON.stringify(aspect))
  })
  for (let index = rules.length - 1; index >= 0; index--) {
    const rule = rules[index]
    const next = rules[index + 1]
    if (rule)
      rule.skip = aspects.map((_, aspect) =>
        next && looked[index + 1]?.[aspect] === looked[index]?.[aspect] ? (next.skip[aspect] ?? index + 1) : index + 1,
      )
  }
  return rules
}
