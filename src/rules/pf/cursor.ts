import type { Token } from './tokens.ts'

/** What pfctl says of a statement, and at which line. */
export class StatementFault extends Error {
  readonly line: number

  constructor(message: string, line: number) {
    super(message)
    this.line = line
  }
}

/** Reads one statement from left to right. Whatever is not there throws pfctl's "syntax error". */
export class Cursor {
  readonly #tokens: readonly Token[]
  #at = 0

  /** The last token is the end of the statement. */
  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens
  }

  get line(): number {
    return this.#peek().line
  }

  fault(message = 'syntax error'): StatementFault {
    return new StatementFault(message, this.line)
  }

  /** Whether this word or symbol comes next; then it is passed over. */
  take(text: string): boolean {
    if (!this.sees(text)) return false
    this.#at++
    return true
  }

  sees(text: string): boolean {
    const { kind, text: next } = this.#peek()
    return (kind === 'word' || kind === 'symbol') && next === text
  }

  takeOneOf<Word extends string>(words: readonly Word[]): Word | undefined {
    return words.find((word) => this.take(word))
  }

  need(text: string): void {
    if (!this.take(text)) throw this.fault()
  }

  /** A word, quoted or not. */
  word(): string {
    const { kind, text } = this.#peek()
    if (kind !== 'word' && kind !== 'string') throw this.fault()
    this.#at++
    return text
  }

  /** `<name>` */
  table(): string {
    this.need('<')
    const name = this.word()
    this.need('>')
    if (reserved.has(name)) throw this.fault()
    if (name.length > 31) throw this.fault('table name too long, max 31 chars')
    return name
  }

  /** One, or several between braces, with commas or without. `{ }` is none. */
  list<Item>(item: () => Item): Item[] {
    if (!this.take('{')) return [item()]
    const items: Item[] = []
    while (!this.take('}')) {
      items.push(item())
      this.take(',')
    }
    return items
  }

  /** All that is left, as text with one blank between its pieces. */
  rest(): string {
    const left = this.#tokens.slice(this.#at, -1)
    this.#at = this.#tokens.length - 1
    return left.map(({ kind, text }) => (kind === 'string' ? `"${text}"` : text)).join(' ')
  }

  end(): void {
    if (this.#peek().kind !== 'end') throw this.fault()
  }

  #peek(): Token {
    const token = this.#tokens[this.#at] ?? this.#tokens.at(-1)
    if (!token) throw new Error('a statement has at least its end')
    return token
  }
}

/** Words of pf.conf(5) that can be no table's name. */
const reserved = new Set(
  (
    'all allow-opts anchor antispoof any binat binat-anchor block code drop file flags for from icmp-type icmp6-type in ' +
    'inet inet6 keep label load log match max modulate nat nat-anchor no no-route on os out pass persist port proto ' +
    'quick rdr rdr-anchor return route route-to scrub set state synproxy table tag tagged to tos'
  ).split(' '),
)
