import { type WalkedRuleset, walkListing } from './listing-walk.ts'
import { withoutCounts } from './rule-listing.ts'

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

/** What a line says of a rule as long as nobody loads rules. */
interface RuleLine {
  line: string
  text: string
  /** How many addresses the tables have that it names. */
  sizes: readonly (readonly [table: string, size: number])[]
}

/**
 * Opens a reader of all counters of listings. An anchor that is called from two places is there once. A rule whose numbers are not understood is left
 * out, and told as unread. From one listing to the next nearly all rules are the same: a line that stood at its place in the one before is not taken
 * apart again.
 */
export function openRuleCountersReader(): (text: string) => CountersListing {
  let before: readonly RuleLine[] = []
  return (text) => {
    const now: RuleLine[] = []
    const listing = readRuleCounters(text, (line) => {
      const old = before[now.length]
      const read = old?.line === line ? old : readRuleLine(line)
      now.push(read)
      return read
    })
    before = now
    return listing
  }
}

function readRuleLine(shown: string): RuleLine {
  // A text of its own: a piece of the listing would keep all of it in memory.
  const line = Buffer.from(shown).toString()
  const sizes: [string, number][] = []
  const text = withoutCounts(line, (name, size) => void (size !== undefined && sizes.push([name, size])))
  return { line, text, sizes }
}

function readRuleCounters(listing: string, read: (line: string) => RuleLine): CountersListing {
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
        const known = tables.get(ruleset.path) ?? new Map<string, number>()
        for (const [name, size] of sizes) known.set(name, size)
        tables.set(ruleset.path, known)
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
