import { walkListing } from './listing-walk.ts'

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

const table = /<([^:<>]+):(\d+|\*)>/g

/** Reads `pfctl -a X -vv -s rules`, or `-s nat`, of one ruleset. */
export function readShownRules(text: string): ShownRules {
  return readShownTree(text).main
}

/** Reads the listing of everything. */
export function readShownTree(text: string): ShownTree {
  const main = begin()
  const anchors = new Map<string, ShownRules>()
  walkListing(text, {
    enter: (path) => void anchors.set(path, begin()),
    rule(line, { path, isAgain }) {
      if (isAgain) return
      const shown = path === '' ? main : anchors.get(path)
      shown?.rules.push(withoutCounts(line, (name, count) => shown.tables.set(name, count)))
    },
  })
  return { main, anchors }
}

/** A rule as it is whatever its tables have: "<web:3>" becomes "<web>", and is told; undefined: the table is not there. */
export function withoutCounts(rule: string, told: (name: string, count: number | undefined) => void): string {
  if (!rule.includes('<')) return rule
  return rule.replaceAll(table, (_, name: string, count: string) => {
    told(name, count === '*' ? undefined : Number(count))
    return `<${name}>`
  })
}

function begin(): ShownRules {
  return { rules: [], tables: new Map() }
}
