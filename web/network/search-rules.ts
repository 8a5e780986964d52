import type { HostRules } from '../../src/contract/network-view.ts'

type Anchor = HostRules['anchors'][number]

/** Words, all of which must stand in a rule or its reason, in a table, its addresses or its reason. */
interface RuleFilter {
  text: string
}

/** The anchors with the rules and tables that all words of the filter speak of; anchors without any are left out. */
export function searchRules(anchors: readonly Anchor[], { text }: RuleFilter): Anchor[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean)
  const speaksOf = (...texts: string[]) => {
    const all = texts.join('\n').toLowerCase()
    return words.every((word) => all.includes(word))
  }
  return anchors
    .map(({ name, tables, rules }) => ({
      name,
      tables: tables.filter((table) => speaksOf(name, table.name, table.reason, ...table.addresses)),
      rules: rules.filter((rule) => speaksOf(name, rule.text, rule.reason)),
    }))
    .filter(({ tables, rules }) => tables.length + rules.length > 0)
}

export function countRules(anchors: readonly Anchor[]): number {
  return anchors.reduce((sum, { rules }) => sum + rules.length, 0)
}
