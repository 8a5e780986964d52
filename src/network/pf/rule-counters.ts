import { type WalkedRuleset, walkListing } from './listing-walk.ts'
import { openRuleLines, type RuleLine } from './rule-lines.ts'

/** A rule of the kernel, and what it has counted. */
export interface RuleCounters {
  ruleset: WalkedRuleset
  /** PF's, in its ruleset. */
  number: number
  /** As PF lists it, without the sizes of tables. */
  text: string
  evaluations: number
  packets: number
  bytes: number
  /** How many states of it there are, and how many it has made. */
  states: number
  stateCreations: number
}

/** `pfctl -vv -s rules` or `-s nat`, with `-a '*'` or without. */
export interface CountersListing {
  rules: RuleCounters[]
  /** How many addresses tables have, by the ruleset whose rules name them, and their name. */
  tables: Map<string, Map<string, number>>
  unread: string[]
}

const counts = /^\[ Evaluations: (\d+) +Packets: (\d+) +Bytes: (\d+) +States: (\d+) *\]$/
const creations = /State Creations: (\d+) *\]$/
/** What else is said of a rule: `[ Source Nodes: … ]`, `[ Inserted: … ]`, `[ Last Active Time: … ]`. */
const known = /^\[ (Source Nodes|Inserted|Last Active Time|Skip steps|queue):/

/**
 * Reads all counters of a listing. An anchor that is called from two places is there once. A rule whose numbers are not understood is left out, and
 * told as unread.
 */
export function readRuleCounters(
  listing: string,
  read: (line: string) => RuleLine = openRuleLines()(),
): CountersListing {
  const rules: RuleCounters[] = []
  const tables = new Map<string, Map<string, number>>()
  const unread: string[] = []
  let rule: RuleCounters | undefined
  let isCounted = true
  const close = () => {
    if (rule === undefined) return
    if (isCounted) rules.push(rule)
    else unread.push(rule.text)
    rule = undefined
  }
  walkListing(listing, {
    rule(line, ruleset, number) {
      close()
      if (ruleset.isAgain) return
      const { text, sizes } = read(line)
      if (sizes.length > 0) {
        const ownTables = tables.get(ruleset.path) ?? new Map<string, number>()
        for (const [name, size] of sizes) if (size !== undefined) ownTables.set(name, size)
        tables.set(ruleset.path, ownTables)
      }
      if (number === undefined) unread.push(line)
      else rule = { ruleset, number, text, evaluations: 0, packets: 0, bytes: 0, states: 0, stateCreations: 0 }
      isCounted = false
    },
    detail(line) {
      if (rule === undefined) return
      const [, evaluations, packets, bytes, states] = counts.exec(line) ?? []
      if (evaluations !== undefined) {
        rule.evaluations = Number(evaluations)
        rule.packets = Number(packets)
        rule.bytes = Number(bytes)
        rule.states = Number(states)
        isCounted = true
        return
      }
      const made = creations.exec(line)?.[1]
      if (made !== undefined) rule.stateCreations = Number(made)
      else if (!known.test(line)) unread.push(line)
    },
  })
  close()
  return { rules, tables, unread }
}
