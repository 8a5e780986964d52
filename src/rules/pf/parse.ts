import { AppError } from '../../contract/errors.ts'
import { Cursor, StatementFault } from './cursor.ts'
import { expand } from './expand.ts'
import { address, anchorCall, type Defaults, filterRule, outside, translationRule } from './parse-rule.ts'
import type { AnchorCall, FilterRule, Ruleset, Table, TranslationRule } from './rule.ts'
import { type Token, tokens } from './tokens.ts'

/**
 * Reads a file of pf.conf(5): what print.ts writes, what pfctl lists of it, and what simple main rulesets have.
 * @param options.file what pfctl calls it in its messages
 * @throws AppError input-invalid with pfctl's own words, a line for each statement that is wrong: "stdin:2: syntax error"
 */
export function parseRuleset(text: string, { file = 'stdin' }: { file?: string } = {}): Ruleset {
  const reader = new FileReader()
  const faults: string[] = []
  for (const statement of statements(tokens(text))) {
    try {
      reader.read(statement)
    } catch (fault) {
      if (!(fault instanceof StatementFault)) throw fault
      faults.push(...fault.message.split('\n').map((message) => `${file}:${fault.line}: ${message}`))
    }
  }
  if (faults.length > 0) throw new AppError('input-invalid', faults.join('\n'))
  return reader.ruleset()
}

const stages = ['options', 'normalization', 'translation', 'filtering'] as const
type Stage = (typeof stages)[number]

const ordered = 'Rules must be in order: options, ethernet, normalization, queueing, translation, filtering'

const calls = ['anchor', 'nat-anchor', 'rdr-anchor', 'binat-anchor'] as const

class FileReader {
  readonly #macros = new Map<string, readonly Token[]>()
  readonly #options: string[] = []
  readonly #tables: Table[] = []
  readonly #scrub: string[] = []
  readonly #translation: (TranslationRule | AnchorCall)[] = []
  readonly #filter: (FilterRule | AnchorCall)[] = []
  #stage: Stage = 'options'
  #requireOrder = true
  #defaults: Defaults = { state: 'keep', returns: false }

  ruleset(): Ruleset {
    return {
      ...(this.#options.length > 0 && { options: this.#options }),
      tables: this.#tables,
      ...(this.#scrub.length > 0 && { scrub: this.#scrub }),
      translation: this.#translation,
      filter: this.#filter,
    }
  }

  read(statement: readonly Token[]): void {
    const cursor = new Cursor(this.#expanded(statement))
    const [first, second] = statement
    if (first?.kind === 'word' && second?.kind === 'symbol' && second.text === '=') this.#macro(statement)
    else if (cursor.take('set')) this.#option(cursor)
    else if (cursor.take('table')) this.#tables.push(table(cursor))
    else if (cursor.sees('scrub')) {
      this.#enter('normalization', cursor)
      this.#scrub.push(cursor.rest())
    } else this.#rule(cursor, statement)
  }

  #rule(cursor: Cursor, statement: readonly Token[]): void {
    const call = cursor.takeOneOf(calls)
    if (call) {
      this.#enter(call === 'anchor' ? 'filtering' : 'translation', cursor)
      const list: (AnchorCall | FilterRule | TranslationRule)[] = call === 'anchor' ? this.#filter : this.#translation
      list.push(anchorCall(cursor, call))
      return
    }
    const action = cursor.takeOneOf(['pass', 'block', 'match'])
    if (action) {
      this.#enter('filtering', cursor)
      this.#filter.push(checked(cursor, filterRule(cursor, action, this.#defaults)))
      return
    }
    const no = cursor.take('no')
    const kind = cursor.takeOneOf(['nat', 'rdr', 'binat'])
    if (!kind) throw cursor.fault(unread(statement))
    this.#enter('translation', cursor)
    this.#translation.push(checked(cursor, translationRule(cursor, kind, no)))
  }

  #option(cursor: Cursor): void {
    this.#enter('options', cursor)
    const option = cursor.rest()
    if (option === '') throw cursor.fault()
    if (option === 'require-order no') this.#requireOrder = false
    if (option === 'state-policy if-bound') this.#defaults = { ...this.#defaults, state: 'if-bound' }
    if (option === 'block-policy return') this.#defaults = { ...this.#defaults, returns: true }
    this.#options.push(option)
  }

  /** `lan = "{ bridge0, bridge1 }"`: the text behind a name. */
  #macro(statement: readonly Token[]): void {
    const [name, , value, end] = statement
    if (!name || (value?.kind !== 'word' && value?.kind !== 'string') || end?.kind !== 'end')
      throw new StatementFault('syntax error', name?.line ?? 1)
    this.#macros.set(name.text, tokens(value.text).slice(0, -1))
  }

  #expanded(statement: readonly Token[]): Token[] {
    return statement.flatMap((token) => {
      if (token.kind !== 'macro') return [token]
      const value = this.#macros.get(token.text)
      if (!value) throw new StatementFault(`macro '${token.text}' not defined\nsyntax error`, token.line)
      return this.#expanded(value.map((piece) => ({ ...piece, line: token.line })))
    })
  }

  #enter(stage: Stage, cursor: Cursor): void {
    if (this.#requireOrder && stages.indexOf(stage) < stages.indexOf(this.#stage)) throw cursor.fault(ordered)
    this.#stage = stage
  }
}

function* statements(all: readonly Token[]): Generator<Token[]> {
  let statement: Token[] = []
  for (const token of all) {
    statement.push(token)
    if (token.kind !== 'end') continue
    if (statement.length > 1) yield statement
    statement = []
  }
}

function table(cursor: Cursor): Table {
  const name = cursor.table()
  const flags = { persist: false, const: false, counters: false }
  let addresses: string[] | undefined
  for (;;) {
    const flag = cursor.takeOneOf(['persist', 'const', 'counters'])
    if (flag) flags[flag] = true
    else if (cursor.sees('{')) addresses = [...(addresses ?? []), ...cursor.list(() => entry(cursor))]
    else if (cursor.sees('file')) throw cursor.fault(outside('a file of addresses'))
    else break
  }
  cursor.end()
  return {
    name,
    ...(flags.persist && { persist: true }),
    ...(flags.const && { const: true }),
    ...(flags.counters && { counters: true }),
    addresses: addresses ?? [],
    ...(!addresses && { keeps: true }),
  }
}

function entry(cursor: Cursor): string {
  return `${cursor.take('!') ? '!' : ''}${address(cursor)}`
}

function checked<Rule extends FilterRule | TranslationRule>(cursor: Cursor, rule: Rule): Rule {
  if (expand(rule as FilterRule).length === 0) throw cursor.fault('rule expands to no valid combination')
  return rule
}

const known = ['ether', 'altq', 'queue', 'antispoof', 'load', 'include']

function unread([first]: readonly Token[]): string {
  return first?.kind === 'word' && known.includes(first.text) ? outside(`"${first.text}"`) : 'syntax error'
}
