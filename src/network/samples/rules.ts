import type { Collector } from '../../monitor/collector.ts'
import type { MetricFamily } from '../../monitor/samples.ts'
import type { PfCounters } from '../pf/counters.ts'
import type { LabelCounters } from '../pf/labels.ts'
import type { CountersListing, RuleCounters } from '../pf/rule-counters.ts'
import { type RuleFacts, readRule } from '../pf/rule-text.ts'
import { counter, gauge, rowsOf } from './families.ts'
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

  /** Undefined when rules were loaded between the listings. */
  async function directions(rules: readonly KnownRule[]): Promise<ReadonlyMap<KnownRule, LabelCounters> | undefined> {
    const asked = new Set(rules.filter((rule) => rule.facts.label !== '' && !isCertain(rule)).map(({ path }) => path))
    const others = [...asked].filter((path) => path !== '' && !isOurs(path)).slice(0, mostOthers)
    const found = new Map<KnownRule, LabelCounters>()
    for (const path of asked) {
      if (path !== '' && !isOurs(path) && !others.includes(path)) continue
      const labels = await pf.labels(path)
      const labelled = rules.filter((rule) => rule.path === path && rule.facts.label !== '')
      // FreeBSD 15 lists the labels of an anchor without a name too, where it stands.
      const named = [labelled, labelled.filter(({ counters }) => !counters.ruleset.isInline)].find(
        (some) => some.length === labels.length && some.every(({ facts }, at) => facts.label === labels[at]?.label),
      )
      if (!named) return undefined
      for (const [at, rule] of named.entries()) found.set(rule, labels[at] as LabelCounters)
    }
    return found
  }

  function isCertain({ path, facts }: KnownRule): boolean {
    // Where a packet is translated PF makes a state whatever the rule says; ours are asked where nothing is.
    return facts.isOneWay && (facts.action === 'block' || isOurs(path))
  }

  return {
    name: 'rules',
    async collect() {
      for (let tries = 0; tries < 2; tries++) {
        const rules = knownRules((await reading.again()).rules)
        const split = await directions(rules)
        if (!split) continue
        sampled(figuresOf(rules.filter(({ path }) => isOurs(path))))
        return ruleFamilies(rules, (rule) => split.get(rule) ?? (isCertain(rule) ? oneWay(rule) : undefined))
      }
      throw new Error('the labels that PF lists are not those of its rules: rules were loaded meanwhile, twice')
    },
  }
}

interface KnownRule {
  path: string
  counters: RuleCounters
  facts: RuleFacts
  labels: Readonly<Record<string, string>>
}

type Directions = Omit<LabelCounters, 'label'>

function knownRules(rules: readonly RuleCounters[]): KnownRule[] {
  const known: KnownRule[] = []
  for (const counters of rules) {
    const { path } = counters.ruleset
    const facts = readRule(counters.text)
    // Normalization, and calls of anchors, which count what the rules below them count.
    if (!facts) continue
    const { family: af, protocol: proto, label: rule, interface: on, action, direction } = facts
    const labels = { nr: String(counters.number), af, proto, rule, anchor: path, interface: on, action, direction }
    known.push({ path, counters, facts, labels })
  }
  return known
}

function oneWay({ counters: { packets, bytes }, facts }: KnownRule): Directions {
  return facts.direction === 'in'
    ? { packetsIn: packets, bytesIn: bytes, packetsOut: 0, bytesOut: 0 }
    : { packetsIn: 0, bytesIn: 0, packetsOut: packets, bytesOut: bytes }
}

function ruleFamilies(
  all: readonly KnownRule[],
  directionsOf: (rule: KnownRule) => Directions | undefined,
): MetricFamily[] {
  const rules = all.filter(({ counters }) => !counters.ruleset.isInline)
  const split: { labels: KnownRule['labels']; went: Directions }[] = []
  for (const rule of rules) {
    const went = directionsOf(rule)
    if (went) split.push({ labels: rule.labels, went })
  }
  return [
    counter(
      'pf_rule_evaluations_total',
      'How often a filter rule was asked.',
      rowsOf(rules, ({ counters }) => counters.evaluations),
    ),
    counter(
      'pf_rule_packets_in_total',
      'Packets of a rule that came in.',
      rowsOf(split, ({ went }) => went.packetsIn),
    ),
    counter(
      'pf_rule_packets_out_total',
      'Packets of a rule that went out.',
      rowsOf(split, ({ went }) => went.packetsOut),
    ),
    counter(
      'pf_rule_bytes_in_total',
      'Bytes of a rule that came in.',
      rowsOf(split, ({ went }) => went.bytesIn),
    ),
    counter(
      'pf_rule_bytes_out_total',
      'Bytes of a rule that went out.',
      rowsOf(split, ({ went }) => went.bytesOut),
    ),
    counter(
      'pf_rule_states_total',
      'States that a rule has made since it was loaded.',
      rowsOf(rules, ({ counters }) => counters.stateCreations),
    ),
    gauge(
      'pf_rule_states_current',
      'States of a rule that there are now.',
      rowsOf(rules, ({ counters }) => counters.states),
    ),
  ]
}

function figuresOf(rules: readonly KnownRule[]): RuleFigures {
  const figures = { passedPackets: 0, passedBytes: 0, blockedPackets: 0 }
  for (const { facts, counters } of rules) {
    if (facts.action === 'block') figures.blockedPackets += counters.packets
    if (facts.action !== 'pass') continue
    figures.passedPackets += counters.packets
    figures.passedBytes += counters.bytes
  }
  return figures
}
