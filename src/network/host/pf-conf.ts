/*
 * The administrator's pf.conf gets five lines of ours and nothing else: four calls of our anchors, and the setting that keeps counters when rules
 * are loaded anew. pfctl wants options before translation and translation before filtering (pf.conf(5), STATEMENT ORDER).
 */

/** The classes of statements, in the order that pfctl wants. Tables and macros stand anywhere. */
const classes = [
  { name: 'options', words: /^set\b/ },
  { name: 'ethernet', words: /^ether\b/ },
  { name: 'normalization', words: /^(no\s+)?scrub\b/ },
  { name: 'queueing', words: /^(altq|queue)\b/ },
  { name: 'translation', words: /^(no\s+)?(nat|rdr|binat)(-anchor)?\b/ },
  { name: 'filtering', words: /^(pass|block|match|anchor|antispoof|load\s+anchor)\b/ },
] as const
type ClassName = (typeof classes)[number]['name']

interface Statement {
  class: ClassName
  /** Where it begins, a line number from 0. */
  line: number
  /** On one line, without comments. */
  text: string
}

/** The calls that make PF look into our anchors, in the order in which pf.conf has them. */
export function anchorCalls(anchor: string): readonly string[] {
  return ['nat-anchor', 'rdr-anchor', 'binat-anchor', 'anchor'].map((kind) => `${kind} "${anchor}/*"`)
}

/** Those of our lines that a pf.conf lacks. */
export function missingLines(text: string, anchor: string): string[] {
  const have = readStatements(text).map((statement) => statement.text)
  const calls = anchorCalls(anchor).filter((call) => !have.some((it) => it === call || it.startsWith(`${call} `)))
  return [...(have.includes(keepCounters) ? [] : [keepCounters]), ...calls]
}

const keepCounters = 'set keepcounters'

/**
 * A pf.conf with the lines that it lacked; all else stays byte for byte. Our calls stand before the first rule of their class, so that a `quick` rule
 * of the administrator's cannot go before a security group; of packets that are not an instance's our rules say nothing.
 */
export function withAnchors(text: string, anchor: string): string {
  const missing = missingLines(text, anchor)
  if (missing.length === 0) return text
  const lines = text === '' ? [] : text.replace(/\n$/, '').split('\n')
  const statements = readStatements(text)
  const firstFrom = (name: ClassName): number => {
    const wanted = order(name)
    return statements.find((statement) => order(statement.class) >= wanted)?.line ?? lines.length
  }
  const places = missing.map((line) => ({ line, at: firstFrom(classOf(line) ?? 'filtering') }))
  for (const { line, at } of places.reverse()) lines.splice(at, 0, line)
  return `${lines.join('\n')}\n`
}

function order(name: ClassName): number {
  return classes.findIndex((one) => one.name === name)
}

function classOf(text: string): ClassName | undefined {
  return classes.find(({ words }) => words.test(text))?.name
}

/** The statements of a pf.conf but for tables and macros. What stands in the braces of an anchor belongs to that anchor. */
function readStatements(text: string): Statement[] {
  const statements: Statement[] = []
  let open: { line: number; text: string; depth: number } | undefined
  for (const [line, raw] of text.split('\n').entries()) {
    const bare = withoutComment(raw).trimEnd()
    const goesOn = bare.endsWith('\\')
    const part = (goesOn ? bare.slice(0, -1) : bare).trim()
    if (!open && part === '') continue
    open = open
      ? { ...open, text: `${open.text} ${part}`, depth: open.depth + depthOf(part) }
      : { line, text: part, depth: depthOf(part) }
    if (goesOn || open.depth > 0) continue
    const found = classOf(open.text)
    if (found) statements.push({ class: found, line: open.line, text: open.text.replace(/\s+/g, ' ').trim() })
    open = undefined
  }
  return statements
}

/** How many more braces it opens than it closes, outside of quotes. */
function depthOf(text: string): number {
  const bare = text.replace(/"[^"]*"/g, '')
  return bare.split('{').length - bare.split('}').length
}

function withoutComment(line: string): string {
  const at = [...line.matchAll(/"[^"]*"|#/g)].find(([found]) => found === '#')?.index
  return at === undefined ? line : line.slice(0, at)
}
