/** What a line of a listing says of a rule as long as nobody loads rules. */
export interface RuleLine {
  line: string
  /** The line without the sizes of tables. */
  text: string
  /** How many addresses the tables have that it names; undefined: the table is not there. */
  sizes: readonly (readonly [table: string, size: number | undefined])[]
}

/** Begins a listing; what it answers is given the lines of its rules in their order. */
export type RuleLines = () => (line: string) => RuleLine

/**
 * From one listing of all rules to the next nearly every rule is the same: a line that stood at its place in the one before is not taken apart again.
 * One may serve all who list the same.
 */
export function openRuleLines(): RuleLines {
  let before: readonly RuleLine[] = []
  return () => {
    const old = before
    const now: RuleLine[] = []
    before = now
    return (line) => {
      const known = old[now.length]
      const read = known?.line === line ? known : readRuleLine(line)
      now.push(read)
      return read
    }
  }
}

function readRuleLine(shown: string): RuleLine {
  // A text of its own: a piece of the listing would keep all of it in memory.
  const line = Buffer.from(shown).toString()
  const sizes: [string, number | undefined][] = []
  const text = withoutCounts(line, (name, size) => void sizes.push([name, size]))
  return { line, text, sizes }
}

const table = /<([^:<>]+):(\d+|\*)>/g

/** A rule as it is whatever its tables have: "<web:3>" becomes "<web>", and is told; undefined: the table is not there. */
function withoutCounts(rule: string, told: (name: string, count: number | undefined) => void): string {
  if (!rule.includes('<')) return rule
  return rule.replaceAll(table, (_, name: string, count: string) => {
    told(name, count === '*' ? undefined : Number(count))
    return `<${name}>`
  })
}
