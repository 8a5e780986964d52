import type { Listing } from './listing.ts'

/** `pfctl -s info`. */
export interface PfInfo {
  enabled: boolean
  /** Totals by section and name as they are printed: "State Table" → "current entries" → 3. */
  sections: ReadonlyMap<string, ReadonlyMap<string, number>>
}

// Names have blanks: a name is what stands in columns 3 to 27 (print_status: "  %-25s %14ju").
const counter = /^ {2}(.{25}) +(\d+)(?: +[\d.]+\/s)? *$/

/** Undefined when the text does not say whether PF runs. */
export function readInfo(text: string): { info: PfInfo | undefined; unread: Listing<never>['unread'] } {
  const status = /^Status: (Enabled|Disabled)\b/m.exec(text)?.[1]
  const sections = new Map<string, Map<string, number>>()
  const unread: string[] = []
  let section = ''
  for (const line of text.split('\n')) {
    const [, name, value] = counter.exec(line) ?? []
    if (name !== undefined) {
      const counters = sections.get(section) ?? new Map<string, number>()
      sections.set(section, counters.set(name.trimEnd(), Number(value)))
    } else if (/^[A-Z]/.test(line)) section = line.split(/ {2,}|:/, 1)[0] as string
    else if (line.trim() !== '' && !isText(section)) unread.push(line)
  }
  return { info: status === undefined ? undefined : { enabled: status === 'Enabled', sections }, unread }
}

/** Sections with rows of another form: of the interface that `set loginterface` names, and words. */
function isText(section: string): boolean {
  return section.startsWith('Interface Stats') || section === 'Syncookies'
}
