import type { Collector } from '../../monitor/collector.ts'
import type { MetricFamily, SampleRow } from '../../monitor/samples.ts'
import type { PfCounters } from '../pf/counters.ts'
import type { LabelCounters } from '../pf/labels.ts'
import type { CountersListing } from '../pf/rule-counters.ts'
import { counter, gauge } from './families.ts'
import { type CountedRule, type KnownRule, openKnownRules } from './known-rules.ts'
import type { SharedReading } from './shared-reading.ts'

/** What our own filter rules have counted together. It begins anew with rules that are loaded anew. */
export interface RuleFigures {
  passedPackets: number
  passedBytes: number
  blockedPackets: number
}

export type RulesReading = Omit<CountersListing, 'unread'>

export interface RulesCollectorOptions {
  pf: Pick<PfCounters, 'labels'>
  reading: SharedReading<RulesReading>
  /** The anchor above all of ours. */
  anchor: string
  /** Called with each sample. */
  sampled(figures: RuleFigures): void
}

/** The rulesets of others that are asked for their labels: each is a process. The rules of more are told without directions. */
const mostOthers = 20

/**
 * Every filter rule that PF evaluates, under the names and labels of pf_exporter. How packets went, in or out, is told of the rules alone of which it
 * is known: of those with a label, by `pfctl -s labels`; of our own that judge each packet by itself in one direction, and of those of anybody that
 * block in one direction, by the rule. Rules of anchors without a name are left out.
 *
 * Anchors of ports, of which there may be a thousand, are known by their rules; so PF is asked three times, and not once for each.
 */
export function rulesCollector({ pf, reading, anchor, sampled }: RulesCollectorOptions): Collector {
  const isOurs = (path: string) => path.startsWith(`${anchor}/`)
  const knownRules = openKnownRules()

  function isCertain({ path, facts }: KnownRule): boolean {
    // Where a packet is translated PF makes a state whatever the rule says; ours are asked where nothing is.
    return facts.isOneWay && (facts.action === 'block' || isOurs(path))
  }

  /** Which way packets went, of the rules of which only PF's list of labels tells it; undefined altogether when rules were loaded between the listings. */
  async function directionsByLabels(rules: readonly CountedRule[]): Promise<Map<CountedRule, Directions> | undefined> {
    const unsure = rules.filter(({ known }) => known.facts.label !== '' && !isCertain(known))
    const asked = new Set(unsure.map(({ known }) => known.path))
    const others = [...asked].filter((path) => path !== '' && !isOurs(path))
    for (const path of others.slice(mostOthers)) asked.delete(path)
    const found = new Map<CountedRule, Directions>()
    for (const path of asked) {
      const labels = await pf.labels(path)
      const labelled = rules.filter(({ known }) => known.path === path && known.facts.label !== '')
      // FreeBSD 15 lists the labels of an anchor without a name too, where it stands.
      const named = [labelled, labelled.filter(({ known }) => !known.isInline)].find(
        (some) =>
          some.length === labels.length && some.every(({ known }, at) => known.facts.label === labels[at]?.label),
      )
      if (!named) return undefined
      for (const [at, rule] of named.entries()) found.set(rule, labels[at] as LabelCounters)
    }
    return found
  }

  return {
    name: 'rules',
    // Ten thousand rules take pfctl a while.
    timeoutMs: 40_000,
    async collect() {
      for (let tries = 0; tries < 2; tries++) {
        const rules = knownRules((await reading.again()).rules)
        const byLabels = await directionsByLabels(rules)
        if (!byLabels) continue
        sampled(figuresOf(rules.filter(({ known }) => isOurs(known.path))))
        const shown = rules.filter(({ known }) => !known.isInline)
        return ruleFamilies(shown, (rule) => byLabels.get(rule) ?? (isCertain(rule.known) ? oneWay(rule) : undefined))
      }
      throw new Error('the labels that PF lists are not those of its rules: rules were loaded meanwhile, twice')
    },
  }
}

type Directions = Omit<LabelCounters, 'label'>

function oneWay({ counters: { packets, bytes }, known }: CountedRule): Directions {
  return known.facts.direction === 'in'
    ? { packetsIn: packets, bytesIn: bytes, packetsOut: 0, bytesOut: 0 }
    : { packetsIn: 0, bytesIn: 0, packetsOut: packets, bytesOut: bytes }
}

/** One family at a time: the rows of all together are many times what PF has counted. */
function* ruleFamilies(
  rules: readonly CountedRule[],
  directions: (rule: CountedRule) => Directions | undefined,
): Generator<MetricFamily, void, undefined> {
  const rows = (value: (rule: CountedRule) => number | undefined): SampleRow[] => {
    const all: SampleRow[] = []
    for (const rule of rules) {
      const number = value(rule)
      if (number !== undefined) all.push({ labels: rule.known.labels, value: number })
    }
    return all
  }
  yield counter(
    'pf_rule_evaluations_total',
    'How often a filter rule was asked.',
    rows(({ counters }) => counters.evaluations),
  )
  yield counter(
    'pf_rule_packets_in_total',
    'Packets of a rule that came in.',
    rows((it) => directions(it)?.packetsIn),
  )
  yield counter(
    'pf_rule_packets_out_total',
    'Packets of a rule that went out.',
    rows((it) => directions(it)?.packetsOut),
  )
  yield counter(
    'pf_rule_bytes_in_total',
    'Bytes of a rule that came in.',
    rows((it) => directions(it)?.bytesIn),
  )
  yield counter(
    'pf_rule_bytes_out_total',
    'Bytes of a rule that went out.',
    rows((it) => directions(it)?.bytesOut),
  )
  yield counter(
    'pf_rule_states_total',
    'States that a rule has made since it was loaded.',
    rows(({ counters }) => counters.stateCreations),
  )
  yield gauge(
    'pf_rule_states_current',
    'States of a rule that there are now.',
    rows(({ counters }) => counters.states),
  )
}

function figuresOf(rules: readonly CountedRule[]): RuleFigures {
  const figures = { passedPackets: 0, passedBytes: 0, blockedPackets: 0 }
  for (const { known, counters } of rules) {
    if (known.facts.action === 'block') figures.blockedPackets += counters.packets
    if (known.facts.action !== 'pass') continue
    figures.passedPackets += counters.packets
    figures.passedBytes += counters.bytes
  }
  return figures
}
