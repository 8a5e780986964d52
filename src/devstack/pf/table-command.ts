import { optionValue } from '../tools/getopt.ts'
import { Ended, type Session, usage } from './pfctl-session.ts'
import { add, type Entry, holds, type Outcome, parseEntry, remove, replace, type Table } from './table.ts'
import { entryLine, entryLines, type TableUse, tableLine, tableLines } from './table-text.ts'

/** What -T knows, in the order in which it looks for what an abbreviation means. */
export const tableCommands = ['kill', 'flush', 'add', 'delete', 'replace', 'show', 'test', 'zero'] as const

/** What stands in a file of addresses, or on standard input. */
export type ReadFile = (name: string) => Promise<string>

/** `pfctl -t TABLE -T …`. Answers the exit code. @throws Ended 255 when the kernel refuses */
export async function commandTable(
  command: (typeof tableCommands)[number],
  session: Session,
  readFile: ReadFile,
): Promise<number> {
  const { kernel, anchor, options, verbosity, print, tell } = session
  const name = optionValue(options, 't')
  if (name === undefined || name.length > 31) throw new Ended(1, ...usage)
  const named = ['add', 'delete', 'replace', 'test'].includes(command) ? await readEntries(session, readFile) : []
  if (session.forbidden && command !== 'show' && command !== 'test')
    throw new Ended(255, 'pfctl: Operation not permitted.')
  const table =
    kernel.table(anchor, name) ?? (command === 'add' || command === 'replace' ? created(session, name) : undefined)
  if (command === 'kill') {
    if (table) kernel.removeTable(anchor, name)
    tell(`${table ? 1 : 0} table deleted.`)
    return 0
  }
  if (!table) throw new Ended(255, 'pfctl: Table does not exist.')
  const change = (result: { table: Table; outcomes: Outcome[] }): Outcome[] => {
    if (table.const) throw new Ended(255, 'pfctl: Operation not permitted.')
    if (!options.flags.has('n')) kernel.setTable(anchor, result.table)
    return result.outcomes
  }
  const showOutcomes = (outcomes: readonly Outcome[]) => {
    if (verbosity > 0) print(...outcomes.filter(({ mark }) => verbosity > 1 || mark !== ' ').map(entryLine))
  }
  switch (command) {
    case 'flush': {
      change({ table: { ...table, entries: new Map() }, outcomes: [] })
      tell(`${table.entries.size} addresses deleted.`)
      return 0
    }
    case 'add':
    case 'delete': {
      const outcomes = change(command === 'add' ? add(table, named) : remove(table, named))
      const changed = outcomes.filter(({ mark }) => mark !== ' ').length
      tell(`${changed}/${named.length} addresses ${command === 'add' ? 'added' : 'deleted'}.`)
      // Through netlink, pfctl of 15 is not told which.
      if (kernel.major < 15) showOutcomes(outcomes)
      return 0
    }
    case 'replace': {
      const outcomes = change(replace(table, named))
      const words = { A: 'added', D: 'deleted', C: 'changed' } as const
      const lines = Object.entries(words).flatMap(([letter, word]) => {
        const count = outcomes.filter(({ mark }) => mark === letter).length
        return count > 0 ? [`${count} addresses ${word}.`] : []
      })
      tell(...(lines.length > 0 ? lines : ['no changes.']))
      showOutcomes(outcomes)
      return 0
    }
    case 'show':
      print(...entryLines(table, verbosity > 0))
      return 0
    case 'test': {
      const matching = named.filter((entry) => holds(table, entry))
      tell(`${matching.length}/${named.length} addresses match.`)
      if (verbosity > 0) print(...matching.map((entry) => entryLine({ mark: 'M', entry })))
      return matching.length < named.length ? 2 : 0
    }
    case 'zero':
      change({ table: { ...table, clearedAt: kernel.clock.now() }, outcomes: [] })
      tell('1 table/stats cleared.')
      return 0
  }
}

/** Whether the anchor that is meant is not there. */
export function isMissing({ kernel, anchor }: Session): boolean {
  return anchor !== '' && !kernel.anchors().includes(anchor)
}

/** What is said of tables of an anchor that is not there; the exit code says nothing. */
export function noAnchor(major: number): string {
  return `pfctl: ${major >= 15 ? 'Anchor' : 'Anchor or Ruleset'} does not exist.`
}

/** `pfctl -s Tables` */
export function showTables(session: Session): void {
  const { kernel, anchor, verbosity, print } = session
  if (isMissing(session)) session.say(noAnchor(kernel.major))
  for (const table of kernel.tables(anchor)) {
    const use = tableUse(session, table.name)
    if (verbosity > 1) print(...tableLines(table, use, kernel.major))
    else print(verbosity > 0 ? tableLine(table, use) : table.name)
  }
}

/** A table that is made for the addresses that are put into it; it stays though no rule speaks of it. */
function created({ kernel, anchor, options, tell }: Session, name: string): Table {
  const now = kernel.clock.now()
  const table: Table = { name, persist: true, const: false, counters: false, clearedAt: now, entries: new Map() }
  if (!options.flags.has('n')) kernel.setTable(anchor, table)
  tell('1 table created.')
  return table
}

/** The addresses of the command line and of the file of -f: one a line or several, with comments. */
async function readEntries({ kernel, options }: Session, readFile: ReadFile): Promise<Entry[]> {
  const file = optionValue(options, 'f')
  let text = ''
  if (file !== undefined)
    text = await readFile(file).catch((error: Error) => {
      throw new Ended(255, `pfctl: cannot load ${file}: ${error.message}`)
    })
  const inFile = text.split('\n').flatMap((line) => line.replace(/[#;].*/, '').split(/\s+/))
  return [...options.words, ...inFile]
    .filter((word) => word !== '')
    .map((word) => {
      const entry = parseEntry(word, kernel.clock.now())
      if (!entry) throw new Ended(255, `no IP address found for ${word}`)
      return entry
    })
}

function tableUse({ kernel, anchor }: Session, name: string): TableUse {
  const referring = (path: string) =>
    (['nat', 'rdr', 'binat', 'filter'] as const)
      .flatMap((each) => kernel.rules(path, each))
      .filter(
        ({ rule }) =>
          'from' in rule && [rule.from, rule.to].some(({ host }) => host.kind === 'table' && host.table === name),
      ).length
  const hidden = anchor === '' && kernel.anchors().some((path) => kernel.table(path, name) !== undefined)
  return { anchor, references: referring(anchor), hidden, counted: kernel.tableStats.of(anchor, name) }
}
