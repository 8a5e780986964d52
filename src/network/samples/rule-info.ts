import type { Collector } from '../../monitor/collector.ts'
import type { MetricFamily } from '../../monitor/samples.ts'
import type { Guard, RulesInForce } from '../guard.ts'
import { gauge } from './families.ts'
import { ownerLabels } from './owners.ts'

export interface RuleInfoCollectorOptions {
  guard: Pick<Guard, 'inForce'>
  /** The anchor above all of ours. */
  anchor: string
}

/** What our rules are there for, in words. It is made once for the rules that are in force: their words are more than all of their counters. */
export function ruleInfoCollector({ guard, anchor }: RuleInfoCollectorOptions): Collector {
  let told: { compiled: RulesInForce['compiled']; families: readonly MetricFamily[] } | undefined
  return {
    name: 'rule-info',
    async collect() {
      const inForce = guard.inForce()
      if (!inForce) return []
      if (told?.compiled !== inForce.compiled)
        told = { compiled: inForce.compiled, families: [ruleInfo(inForce, anchor)] }
      return told.families
    },
  }
}

/** Joins the label of a rule with what it is there for. A rule that is several in the kernel has one label, and one row. */
function ruleInfo({ networks, compiled }: RulesInForce, anchor: string): MetricFamily {
  const labels = ownerLabels(networks)
  const rows = compiled.anchors.flatMap(({ name, filter }) => {
    const seen = new Set<string>()
    return filter.flatMap(({ label: rule, owner, reason }) => {
      if (rule === undefined || seen.has(rule)) return []
      seen.add(rule)
      return [{ labels: { anchor: `${anchor}/${name}`, rule, ...labels(owner), reason }, value: 1 }]
    })
  })
  return gauge('pf_rule_info', 'What a rule of ours is there for, in words; always 1.', rows)
}
