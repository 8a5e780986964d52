import { walkListing } from './listing-walk.ts'
import { openRuleLines, type RuleLine } from './rule-lines.ts'

/** The rules of one ruleset as PF shows them, for comparing. */
export interface ShownRules {
  /** A line each, without counters and numbers. */
  rules: string[]
  /** How many addresses the tables have that its rules name; undefined: the table is not there. */
  tables: Map<string, number | undefined>
}

/** What `pfctl -a '*' -vv -s rules` shows: the main ruleset, and those below its calls by their path. */
export interface ShownTree {
  main: ShownRules
  /** By path: "org.openstack/sg". */
  anchors: ReadonlyMap<string, ShownRules>
}

/** Reads `pfctl -a X -vv -s rules`, or `-s nat`, of one ruleset. */
export function readShownRules(text: string): ShownRules {
  return readShownTree(text).main
}

/** Reads the listing of everything. */
export function readShownTree(text: string, read: (line: string) => RuleLine = openRuleLines()()): ShownTree {
  const main = begin()
  const anchors = new Map<string, ShownRules>()
  walkListing(text, {
    enter: (path) => void anchors.set(path, begin()),
    rule(line, { path, isAgain }) {
      if (isAgain) return
      const shown = path === '' ? main : anchors.get(path)
      const { text: rule, sizes } = read(line)
      shown?.rules.push(rule)
      for (const [name, size] of sizes) shown?.tables.set(name, size)
    },
  })
  return { main, anchors }
}

function begin(): ShownRules {
  return { rules: [], tables: new Map() }
}
