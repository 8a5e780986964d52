/** The rules of one ruleset as PF shows them, for comparing. */
export interface ShownRules {
  /** A line each, without counters and numbers. */
  rules: string[]
  /** How many addresses the tables have that its rules name; undefined: the table is not there. */
  tables: ReadonlyMap<string, number | undefined>
}

/** What `pfctl -a '*' -vv -s rules` shows: the main ruleset, and those below its calls by their path. */
export interface ShownTree {
  main: ShownRules
  /** By path: "org.openstack/sg". */
  anchors: ReadonlyMap<string, ShownRules>
}

const counters = /^ *\[ .* \]$/
const call = /^anchor "([^"]*)" .*\{$|^anchor "([^"]*)" \{$/
const table = /<([^:<>]+):(\d+|\*)>/g

/** Reads `pfctl -a X -vv -s rules`, or `-s nat`, of one ruleset. */
export function readShownRules(text: string): ShownRules {
  const shown = begin()
  for (const line of text.split('\n')) take(shown, line)
  return shown
}

/**
 * Reads the listing of everything. What is below a call stands in braces behind it; below a call with a star there is one more call for each
 * anchor, by its name.
 */
export function readShownTree(text: string): ShownTree {
  const main = begin()
  const anchors = new Map<string, ShownRules>()
  /** The paths of the rulesets that we are in, the innermost last. */
  const open: { shown: ShownRules & Mutable; path: string }[] = [{ shown: main, path: '' }]
  for (const each of text.split('\n')) {
    const line = bare(each)
    const inside = open.at(-1) as (typeof open)[number]
    if (line === '}') {
      if (open.length > 1) open.pop()
      continue
    }
    const [, long, short] = call.exec(line) ?? []
    const name = long ?? short
    if (name === undefined) {
      take(inside.shown, each)
      continue
    }
    // A star's own ruleset has no rules: what it calls stands one deeper.
    const path = name.endsWith('/*') ? join(inside.path, name.slice(0, -2)) : join(inside.path, name)
    // The call itself is a rule; the names below a star are none.
    if (!inside.path.endsWith('/*')) take(inside.shown, line.replace(/ \{$/, ''))
    const shown = begin()
    if (!name.endsWith('/*')) anchors.set(path, shown)
    open.push({ shown, path: name.endsWith('/*') ? `${path}/*` : path })
  }
  return { main, anchors }
}

interface Mutable {
  tables: Map<string, number | undefined>
}

function begin(): ShownRules & Mutable {
  return { rules: [], tables: new Map() }
}

function take(shown: ShownRules & Mutable, line: string): void {
  const text = bare(line)
  if (text === '' || counters.test(line)) return
  shown.rules.push(
    text.replaceAll(table, (_, name: string, count: string) => {
      shown.tables.set(name, count === '*' ? undefined : Number(count))
      return `<${name}>`
    }),
  )
}

/** Without what stands before a rule: blanks, and its number. */
function bare(line: string): string {
  return line.trim().replace(/^@\d+ /, '')
}

function join(parent: string, name: string): string {
  const above = parent.replace(/\/\*$/, '')
  return above === '' ? name : `${above}/${name}`
}
