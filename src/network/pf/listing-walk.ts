/** The ruleset that a line of a listing of rules stands in. */
export interface WalkedRuleset {
  /** "org.openstack/sg"; "" is the main ruleset. */
  readonly path: string
  /** In an anchor without a name that is written between the rules of this ruleset. */
  readonly isInline: boolean
  /** It stood in the listing before: an anchor may be called from two places. */
  readonly isAgain: boolean
}

/** What is met on the way through a listing, in its order. */
export interface ListingVisitor {
  /** A ruleset begins that was not met before. */
  enter?(path: string): void
  /** A rule, or a call, without what stands before it; `number` is PF's own, which only `-vv` shows. */
  rule(text: string, ruleset: WalkedRuleset, number: number | undefined): void
  /** A line in brackets about the rule before: "[ Evaluations: 28 …". */
  detail?(line: string): void
}

const namedCall = /^anchor "([^"]*)".* \{$|^anchor "([^"]*)" \{$/
const inlineCall = /^anchor\b.*\{$/
const numbered = /^@(\d+) /

/**
 * Goes through `pfctl -s rules`, or `-s nat`, of one ruleset or of everything (`-a '*'`). What is below a call stands in braces behind it; below a
 * call with a star there is one more call for each anchor, by its name. Without arrays of lines: a host has some ten thousands.
 */
export function walkListing(text: string, visitor: ListingVisitor): void {
  const main: WalkedRuleset = { path: '', isInline: false, isAgain: false }
  const met = new Set<string>()
  /** Where we are, the innermost last. `star`: what it calls are anchors by their names, and no rules. */
  const open: { ruleset: WalkedRuleset; star?: string }[] = [{ ruleset: main }]
  let inside = open[0] as (typeof open)[number]
  for (let from = 0; from < text.length; ) {
    const newline = text.indexOf('\n', from)
    const end = newline === -1 ? text.length : newline
    // Two out of three lines are indented: of each one piece is made, and not two.
    while (text[from] === ' ') from++
    const line = text.slice(from, end).trim()
    from = end + 1
    if (line === '') continue
    if (line.startsWith('[')) visitor.detail?.(line)
    else if (line === '}') {
      if (open.length > 1) open.pop()
      inside = open.at(-1) as typeof inside
    } else {
      const digits = numbered.exec(line)?.[1]
      const rule = digits === undefined ? line : line.slice(digits.length + 2)
      if (!rule.endsWith('{')) {
        visitor.rule(rule, inside.ruleset, digits === undefined ? undefined : Number(digits))
        continue
      }
      const [, long, short] = namedCall.exec(rule) ?? []
      const name = long ?? short
      if (name === undefined && !inlineCall.test(rule)) {
        visitor.rule(rule, inside.ruleset, undefined)
        continue
      }
      // The call itself is a rule; the names below a star are none.
      if (inside.star === undefined)
        visitor.rule(rule.slice(0, -2), inside.ruleset, digits === undefined ? undefined : Number(digits))
      inside = name === undefined ? { ruleset: { ...inside.ruleset, isInline: true } } : below(inside, name, met)
      open.push(inside)
      const { path, isInline, isAgain } = inside.ruleset
      if (inside.star !== undefined || isInline || isAgain) continue
      met.add(path)
      visitor.enter?.(path)
    }
  }
}

/** A star's own ruleset has no rules: what it calls stands one deeper. */
function below({ ruleset, star }: { ruleset: WalkedRuleset; star?: string }, name: string, met: ReadonlySet<string>) {
  const above = star ?? ruleset.path
  const isStar = name.endsWith('/*')
  const bare = isStar ? name.slice(0, -2) : name
  const path = above === '' ? bare : `${above}/${bare}`
  return { ruleset: { path, isInline: false, isAgain: met.has(path) }, ...(isStar ? { star: path } : {}) }
}
