import type { Collector } from '../../monitor/collector.ts'
import { natAnchor } from '../../rules/names.ts'
import { expand } from '../../rules/pf/expand.ts'
import { listRule } from '../../rules/pf/list.ts'
import type { RulesInForce } from '../guard.ts'
import type { PfCounters } from '../pf/counters.ts'
import type { RuleCounters } from '../pf/rule-counters.ts'
import { readTranslation } from '../pf/translation-text.ts'
import { counter, gauge, rowsOf } from './families.ts'
import { type OwnerLabels, ownerLabels } from './owners.ts'
import type { RulesReading } from './rules.ts'
import type { SharedReading } from './shared-reading.ts'

/** The translation rules of the main ruleset, and those of our anchor. */
export interface TranslationReading {
  main: RulesReading
  ours: RulesReading
}

export interface TranslationCollectorOptions {
  reading: SharedReading<TranslationReading>
  /** The path of the anchor that has all of our translation. */
  path: string
  /** What we gave to PF. */
  inForce(): RulesInForce | undefined
}

/** Asks PF for both. */
export function readTranslations(
  pf: Pick<PfCounters, 'translation'>,
  anchor: string,
): () => Promise<TranslationReading> {
  return async () => {
    const [main, ours] = await Promise.all([pf.translation(''), pf.translation(`${anchor}/${natAnchor}`)])
    return { main, ours }
  }
}

/**
 * Translation rules, which PF lets have no label: ours are known by their text, which is that of what we gave to PF, so that their counters are told
 * by whose floating IP or port forward it is. The rules that one thing needs on several interfaces are added up; `internal` and `external` are
 * addresses without ports.
 */
export function translationCollector({ reading, path, inForce }: TranslationCollectorOptions): Collector {
  return {
    name: 'translation',
    async collect() {
      const { main, ours } = await reading.again()
      const rules = [...added(main.rules, '', new Map()), ...added(ours.rules, path, ownersByText(inForce()))]
      return [
        counter(
          'pf_nat_rule_evaluations_total',
          'How often translation rules were asked.',
          rowsOf(rules, ({ evaluations }) => evaluations),
        ),
        counter(
          'pf_nat_rule_packets_total',
          'Packets of connections that were translated.',
          rowsOf(rules, ({ packets }) => packets),
        ),
        counter(
          'pf_nat_rule_bytes_total',
          'Bytes of connections that were translated.',
          rowsOf(rules, ({ bytes }) => bytes),
        ),
        gauge(
          'pf_nat_rule_states_current',
          'Connections that are translated now.',
          rowsOf(rules, ({ states }) => states),
        ),
      ]
    },
  }
}

interface Added extends Pick<RuleCounters, 'evaluations' | 'packets' | 'bytes' | 'states'> {
  labels: Readonly<Record<string, string>>
}

const nobody = { owner_kind: '', owner: '' }

function added(
  rules: readonly RuleCounters[],
  anchor: string,
  owners: ReadonlyMap<string, OwnerLabels>,
): Iterable<Added> {
  const all = new Map<string, Added>()
  for (const { text, evaluations, packets, bytes, states } of rules) {
    const facts = readTranslation(text)
    // Calls of anchors, and exceptions, which translate nothing.
    if (!facts) continue
    const labels = {
      kind: facts.kind,
      anchor,
      ...(owners.get(text) ?? nobody),
      internal: facts.internal,
      external: facts.external,
    }
    const key = Object.values(labels).join('\n')
    const sum = all.get(key) ?? { labels, evaluations: 0, packets: 0, bytes: 0, states: 0 }
    sum.evaluations += evaluations
    sum.packets += packets
    sum.bytes += bytes
    sum.states += states
    all.set(key, sum)
  }
  return all.values()
}

function ownersByText(inForce: RulesInForce | undefined): Map<string, OwnerLabels> {
  const owners = new Map<string, OwnerLabels>()
  if (!inForce) return owners
  const labels = ownerLabels(inForce.networks)
  for (const { name, translation } of inForce.compiled.anchors)
    if (name === natAnchor)
      for (const rule of translation)
        for (const kernel of expand(rule)) owners.set(listRule(kernel, { numeric: true }), labels(rule.owner))
  return owners
}
