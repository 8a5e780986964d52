import { type Entry, inOrder, type Outcome, type Table } from './table.ts'
import { type TableCounts, tableCountNames } from './table-stats.ts'
import { dateText, packetsAndBytes } from './text.ts'

/** What of a table is known elsewhere. */
export interface TableUse {
  anchor: string
  /** By how many rules. */
  references: number
  /** A table of an anchor has its name, so that rules there do not see it. */
  hidden: boolean
  counted: TableCounts
}

/** `pfctl -s Tables`: its name, with -v its flags too. */
export function tableLine({ name, persist, const: constant, counters }: Table, use: TableUse): string {
  const flags = [
    constant ? 'c' : '-',
    persist ? 'p' : '-',
    'a-',
    use.references > 0 ? 'r' : '-',
    use.hidden ? 'h' : '-',
    counters ? 'C' : '-',
  ]
  return `${flags.join('')}\t${name}${use.anchor === '' ? '' : `\t${use.anchor}`}`
}

/** `pfctl -vvs Tables`. pfctl of FreeBSD 15 takes the number of references for that of the addresses, and shows no references. */
export function tableLines(table: Table, use: TableUse, major: number): string[] {
  const [addresses, references] = major >= 15 ? [use.references, 0] : [table.entries.size, use.references]
  const pair = (left: number, right: number) =>
    [left, right].map((count) => String(count).padEnd(18)) as [string, string]
  const [anchors, rules] = pair(0, references)
  const [noMatch, match] = pair(0, use.counted.matches)
  return [
    tableLine(table, use),
    `\tAddresses:   ${addresses}`,
    `\tCleared:     ${dateText(table.clearedAt)}`,
    `\tReferences:  [ Anchors: ${anchors} Rules: ${rules} ]`,
    `\tEvaluations: [ NoMatch: ${noMatch} Match: ${match} ]`,
    ...tableCountNames.map((name) => packetsAndBytes(name, use.counted.counts.get(name))),
  ]
}

/** `-T show`, with -v as `counted` shows it. */
export function entryLines({ entries, counters }: Table, counted: boolean): string[] {
  return inOrder(entries.values()).flatMap((entry) => [
    entryLine({ mark: ' ', entry }),
    ...(counted ? [`\tCleared:     ${dateText(entry.since)}`] : []),
    ...(counted && counters
      ? ['In/Block', 'In/Pass', 'Out/Block', 'Out/Pass'].map((name) => packetsAndBytes(name))
      : []),
  ])
}

export function entryLine({ mark, entry }: { mark: Outcome['mark']; entry: Entry }): string {
  return `${mark} ${entry.not ? '!' : ' '}${entry.text}`
}
