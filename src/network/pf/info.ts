import type { Listing } from './listing.ts'

/** `pfctl -s info`. */
export interface PfInfo {
  enabled: boolean
  /** Totals by section and name as they are printed: "State Table" → "current entries" → 3. */
  sections: ReadonlyMap<string, ReadonlyMap<string, number>>
  /** What was counted on the interface of `set loginterface`; absent where none is set. */
  logged?: { inet: LoggedTraffic; inet6: LoggedTraffic }
}

/** By the rows of the listing: "Bytes In", "Packets In Passed". */
export type LoggedTraffic = ReadonlyMap<string, number>

// Names have blanks: a name is what stands in columns 3 to 27 (print_status: "  %-25s %14ju").
const counter = /^ {2}(.{25}) +(\d+)(?: +[\d.]+\/s)? *$/
// Two numbers, of IPv4 and IPv6; packets stand below "Packets In" and "Packets Out", two columns further in.
const logged = /^ {2}( {2})?(.*\S) +(\d+) +(\d+)$/

/** Undefined when the text does not say whether PF runs. */
export function readInfo(text: string): { info: PfInfo | undefined; unread: Listing<never>['unread'] } {
  const status = /^Status: (Enabled|Disabled)\b/m.exec(text)?.[1]
  const sections = new Map<string, Map<string, number>>()
  const traffic = { inet: new Map<string, number>(), inet6: new Map<string, number>() }
  const unread: string[] = []
  let section = ''
  let above = ''
  for (const line of text.split('\n')) {
    if (line.trim() === '') continue
    if (/^[A-Z]/.test(line)) {
      section = line.split(/ {2,}|:/, 1)[0] as string
      continue
    }
    // Words, which nothing is made of.
    if (section === 'Syncookies') continue
    if (section.startsWith('Interface Stats')) {
      const [, deeper, name = '', inet, inet6] = logged.exec(line) ?? []
      const row = deeper === undefined ? name : `${above} ${name}`
      if (inet !== undefined) {
        traffic.inet.set(row, Number(inet))
        traffic.inet6.set(row, Number(inet6))
      } else if (/^ {2}Packets (In|Out)$/.test(line)) above = line.trim()
      else unread.push(line)
      continue
    }
    const [, name, value] = counter.exec(line) ?? []
    if (name === undefined) {
      unread.push(line)
      continue
    }
    const counters = sections.get(section) ?? new Map<string, number>()
    sections.set(section, counters.set(name.trimEnd(), Number(value)))
  }
  if (status === undefined) return { info: undefined, unread }
  return {
    info: { enabled: status === 'Enabled', sections, ...(traffic.inet.size > 0 ? { logged: traffic } : {}) },
    unread,
  }
}
