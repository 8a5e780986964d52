import type { KernelFilterRule, KernelRule, KernelTranslationRule } from './kernel-rule.ts'
import type { LoadedMatch, LoadedRule } from './loaded-rule.ts'
import type { RuleClass } from './machine.ts'
import { isSyn, type Packet, tcp } from './packet.ts'
import type { AnchorCall, Direction, Family, Ports } from './rule.ts'

/** A packet on its way through the rules. */
export interface Passage {
  packet: Packet
  family: Family
  direction: Direction
  /** The name of the interface and its groups. */
  names: ReadonlySet<string>
  /** What a rule of this walk has written on the packet, or it had before. */
  tag: string | undefined
  /** 0 when nothing is to be counted. */
  weight: 0 | 1
}

/** All rulesets, as far as walks need them. */
export interface Rulesets {
  release: 14 | 15
  /** The rules of one class of the main ruleset. */
  main(ruleClass: RuleClass): readonly LoadedRule[]
  /** Those of the anchors that a rule calls, anchor by anchor. */
  called(call: LoadedRule<AnchorCall>): readonly (readonly LoadedRule[])[]
}

/** The rule that decides, with the outermost call of the anchor that it is in. */
export interface Found<Rule extends KernelRule> {
  rule: LoadedRule<Rule>
  call: LoadedRule<AnchorCall> | undefined
}

/** The last rule that matches, or the first of those that are quick. `match` rules only write their tags. */
export function findFilter(rulesets: Rulesets, passage: Passage): Found<KernelFilterRule> | undefined {
  let found: Found<KernelFilterRule> | undefined
  const walk: Walk = {
    endsAll: true,
    matched(rule, call) {
      const filter = rule as LoadedRule<KernelFilterRule>
      const { action, quick } = filter.site.rule
      if (action !== 'match') found = { rule: filter, call }
      return quick
    },
  }
  walkRules(rulesets, passage, rulesets.main('filter'), walk)
  return found
}

/**
 * The rule that translates. In every release the first match ends the search in its own ruleset, and in the main ruleset altogether. Out of an
 * anchor the search goes on from 15 on, and a match of an anchor behind replaces that of one before, but a `no nat` there does not; up to 14 both
 * end it.
 */
export function findTranslation(
  rulesets: Rulesets,
  passage: Passage,
  ruleClass: Exclude<RuleClass, 'filter'>,
): Found<KernelTranslationRule> | undefined {
  let found: Found<KernelTranslationRule> | undefined
  const walk: Walk = {
    endsAll: rulesets.release < 15,
    matched(rule, call) {
      const translation = rule as LoadedRule<KernelTranslationRule>
      if ('target' in translation.site.rule) found = { rule: translation, call }
      return true
    },
  }
  walkRules(rulesets, passage, rulesets.main(ruleClass), walk)
  return found
}

interface Walk {
  /** Whether what ends the walk through an anchor ends it altogether. */
  endsAll: boolean
  /** Takes a rule that matches, and answers whether it ends the walk through its ruleset. */
  matched(rule: LoadedRule, call: LoadedRule<AnchorCall> | undefined): boolean
}

/** Takes a packet through rules and the anchors that they call; answers whether one of them ended that. */
function walkRules(
  rulesets: Rulesets,
  passage: Passage,
  rules: readonly LoadedRule[],
  walk: Walk,
  outer?: LoadedRule<AnchorCall>,
): boolean {
  for (let index = 0; index < rules.length; ) {
    const rule = rules[index]
    if (!rule) break
    const miss = mismatch(rule, passage)
    if (miss !== undefined) {
      index = miss
      continue
    }
    index++
    if (isCall(rule)) {
      for (const called of rulesets.called(rule))
        if (walkRules(rulesets, passage, called, walk, outer ?? rule) && walk.endsAll) return true
      continue
    }
    const { rule: written } = rule.site
    if ('tag' in written && written.tag !== undefined) passage.tag = written.tag
    if (walk.matched(rule, outer)) return true
  }
  return false
}

function isCall(rule: LoadedRule): rule is LoadedRule<AnchorCall> {
  return 'path' in rule.site.rule
}

/** Counts the rule as evaluated. Undefined when it matches, else the number of the rule to go on with. */
function mismatch(rule: LoadedRule, passage: Passage): number | undefined {
  rule.counters.evaluations += passage.weight
  const { match, skip, site } = rule
  const aspect = firstMismatch(match, site.rule, passage)
  if (aspect >= 0) return skip[aspect] ?? site.index + 1
  return matchesRest(site.rule, passage) ? undefined : site.index + 1
}

/** The number of the first of `aspects` that is not as the rule wants it; -1 when all are. */
function firstMismatch(match: LoadedMatch, rule: KernelRule, { packet, family, direction, names }: Passage): number {
  if (match.on && names.has(match.on.name) === match.on.not) return 0
  if (rule.kind === 'filter' && rule.direction && rule.direction !== direction) return 1
  if (match.family && match.family !== family) return 2
  if (match.protocol !== undefined && match.protocol !== packet.protocol) return 3
  // A binat rule is about what comes in as if it were written the other way round.
  if (rule.kind === 'binat' && direction === 'in') {
    if (!match.to(packet.source)) return 6
    return !within(match.toPorts, packet.sourcePort) ? 7 : -1
  }
  if (!match.from(packet.source)) return 4
  if (!within(match.fromPorts, packet.sourcePort)) return 5
  if (!match.to(packet.destination)) return 6
  if (!within(match.toPorts, packet.destinationPort)) return 7
  return -1
}

function matchesRest(rule: KernelRule, { packet, direction, tag }: Passage): boolean {
  if ('path' in rule) return true
  if (rule.tagged !== undefined && rule.tagged !== tag) return false
  if (rule.kind === 'binat') return direction === 'out' || rule.target === packet.destination
  if (rule.kind !== 'filter') return true
  const { icmp, action, state, anyFlags } = rule
  if (icmp && (packet.icmp?.type !== icmp.type || (icmp.code ?? packet.icmp.code) !== packet.icmp.code)) return false
  // A rule that makes states looks at SYNs only (flags S/SA).
  return action !== 'pass' || state === 'no' || anyFlags === true || packet.protocol !== tcp || isSyn(packet)
}

function within(ports: Ports | undefined, port: number): boolean {
  return !ports || (ports.from <= port && port <= ports.to)
}
