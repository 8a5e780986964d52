import type { RuleCounters } from '../pf/rule-counters.ts'
import { type RuleFacts, readRule } from '../pf/rule-text.ts'

export type RuleLabels = Readonly<Record<string, string>>

/** What of a rule stays from sample to sample. */
export interface KnownRule {
  path: string
  text: string
  /** PF's, in its ruleset. */
  number: number
  isInline: boolean
  facts: RuleFacts
  /** Of all its series. */
  labels: RuleLabels
}

export interface CountedRule {
  known: KnownRule
  counters: RuleCounters
}

/** Rules that are as they were in the sample before are not read again, and their labels are written no more. */
export function openKnownRules(): (rules: readonly RuleCounters[]) => CountedRule[] {
  let before = new Map<string, KnownRule[]>()
  return (rules) => {
    const now = new Map<string, KnownRule[]>()
    const all: CountedRule[] = []
    for (const counters of rules) {
      const { path } = counters.ruleset
      const here = now.get(path) ?? []
      if (here.length === 0) now.set(path, here)
      const old = before.get(path)?.[here.length]
      const known = old && isSame(old, counters) ? old : learn(counters)
      // Normalization, and calls of anchors, which count what the rules below them count.
      if (!known) continue
      here.push(known)
      all.push({ known, counters })
    }
    before = now
    return all
  }
}

function isSame({ text, number, isInline }: KnownRule, counters: RuleCounters): boolean {
  return text === counters.text && number === counters.number && isInline === counters.ruleset.isInline
}

function learn({ ruleset: { path, isInline }, number, text }: RuleCounters): KnownRule | undefined {
  const facts = readRule(text)
  if (!facts) return undefined
  const { family: af, protocol: proto, label: rule, interface: on, action, direction } = facts
  const labels = { nr: String(number), af, proto, rule, anchor: path, interface: on, action, direction }
  return { path, text, number, isInline, facts, labels }
}
