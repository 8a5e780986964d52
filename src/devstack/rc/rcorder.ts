/** What the head of an rc.d script says to rcorder(8). */
export interface OrderFacts {
  name: string
  provides: string[]
  requires: string[]
  before: string[]
  keywords: string[]
}

/** Reads the lines `# PROVIDE:`, `# REQUIRE:`, `# BEFORE:` and `# KEYWORD:`. */
export function orderFacts(name: string, script: string): OrderFacts {
  const words = (label: string) =>
    script
      .split('\n')
      .filter((line) => line.startsWith(`# ${label}: `))
      .flatMap((line) =>
        line
          .slice(label.length + 4)
          .trim()
          .split(/\s+/),
      )
  return {
    name,
    provides: words('PROVIDE'),
    requires: words('REQUIRE'),
    before: words('BEFORE'),
    keywords: words('KEYWORD'),
  }
}

/**
 * The order in which rc starts scripts: what a script requires comes before it, and it comes before what it names; else by name.
 * What nobody provides is not waited for, and a circle is cut where it closes.
 */
export function rcorder(scripts: readonly OrderFacts[]): OrderFacts[] {
  const sorted = scripts.toSorted((a, b) => (a.name < b.name ? -1 : 1))
  const ordered = new Set<OrderFacts>()
  const visiting = new Set<OrderFacts>()
  const visit = (script: OrderFacts) => {
    if (ordered.has(script) || visiting.has(script)) return
    visiting.add(script)
    for (const other of sorted) {
      const required = other.provides.some((word) => script.requires.includes(word))
      const earlier = other.before.some((word) => script.provides.includes(word))
      if (other !== script && (required || earlier)) visit(other)
    }
    ordered.add(script)
  }
  for (const script of sorted) visit(script)
  return [...ordered]
}
