/** A value of an xl configuration: numbers are text until somebody wants one. */
export type ConfigValue = string | ConfigValue[]

/** What is wrong with a configuration, as xl says it behind the name of the file. */
export class ConfigSyntaxError extends Error {
  readonly line: number

  constructor(line: number, near: string, what: string) {
    super(`config parsing error near \`${near}': ${what}`)
    this.name = 'ConfigSyntaxError'
    this.line = line
  }
}

interface Token {
  kind: 'name' | 'number' | 'string' | 'newline' | 'end' | '=' | '+=' | ',' | '[' | ']' | ';'
  text: string
  value: string
  line: number
}

const patterns: readonly [kind: Token['kind'], pattern: RegExp][] = [
  ['newline', /\n/y],
  ['name', /[a-zA-Z_][a-zA-Z0-9_.]*/y],
  ['number', /-?(?:0[xX][0-9a-fA-F]+|[0-9]+)/y],
  ['string', /"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'/y],
  ['+=', /\+=/y],
  ['=', /=/y],
  [',', /,/y],
  ['[', /\[/y],
  [']', /\]/y],
  [';', /;/y],
]

const blank = /(?:[ \t\r]|#[^\n]*)+/y

/**
 * Reads the text of an xl configuration: `key = value` and `key += value`, ended by a newline or `;`; values are numbers, strings and
 * lists of values. @throws ConfigSyntaxError
 */
export function parseXlConfig(text: string): Map<string, ConfigValue> {
  const tokens = tokenize(text)
  const settings = new Map<string, ConfigValue>()
  let at = 0
  const peek = () => tokens[at] as Token
  const fail = (token: Token, expected: string) =>
    new ConfigSyntaxError(
      token.line,
      token.text.trim(),
      `syntax error, unexpected ${wordFor(token)}, expecting ${expected}`,
    )
  const take = (kind: Token['kind'], expected: string): Token => {
    if (peek().kind !== kind) throw fail(peek(), expected)
    return tokens[at++] as Token
  }

  const value = (): ConfigValue => {
    const token = peek()
    if (token.kind === 'number' || token.kind === 'string') {
      at++
      return token.value
    }
    take('[', "NUMBER or STRING or '['")
    const items: ConfigValue[] = []
    const skipNewlines = () => {
      while (peek().kind === 'newline') at++
    }
    for (skipNewlines(); peek().kind !== ']'; skipNewlines()) {
      items.push(value())
      skipNewlines()
      if (peek().kind !== ']') take(',', "',' or ']'")
    }
    at++
    return items
  }

  while (peek().kind !== 'end') {
    if (peek().kind === 'newline' || peek().kind === ';') {
      at++
      continue
    }
    const { value: name } = take('name', 'IDENT')
    const operator = peek().kind === '+=' ? take('+=', "'+='") : take('=', "'='")
    const given = value()
    settings.set(name, operator.kind === '=' ? given : appended(settings.get(name), given))
    if (peek().kind !== 'end' && peek().kind !== 'newline') take(';', "NEWLINE or ';'")
  }
  return settings
}

function appended(old: ConfigValue | undefined, more: ConfigValue): ConfigValue {
  if (old === undefined) return more
  return Array.isArray(old) && Array.isArray(more) ? [...old, ...more] : `${old}${more}`
}

function wordFor({ kind }: Token): string {
  const words: Partial<Record<Token['kind'], string>> = {
    name: 'IDENT',
    number: 'NUMBER',
    string: 'STRING',
    newline: 'NEWLINE',
    end: 'end of file',
  }
  return words[kind] ?? `'${kind}'`
}

function tokenize(text: string): Token[] {
  const tokens: Token[] = []
  let at = 0
  let line = 1
  const match = (pattern: RegExp) => {
    pattern.lastIndex = at
    return pattern.exec(text)?.[0]
  }
  for (;;) {
    at += match(blank)?.length ?? 0
    if (at >= text.length) break
    const found = patterns
      .map(([kind, pattern]) => ({ kind, text: match(pattern) }))
      .find((each) => each.text !== undefined)
    // What is no token spoils the rest of its line.
    const rest = text.slice(at).split('\n', 1)[0] as string
    if (!found) throw new ConfigSyntaxError(line, rest, 'lexical error')
    const { kind, text: word = '' } = found
    tokens.push({ kind, text: word, value: kind === 'string' ? unescaped(word.slice(1, -1), line, rest) : word, line })
    at += word.length
    if (kind === 'newline') line++
  }
  tokens.push({ kind: 'end', text: '', value: '', line })
  return tokens
}

const escapes: Readonly<Record<string, string>> = { a: '\x07', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' }

function unescaped(text: string, line: number, near: string): string {
  return text.replaceAll(/\\(x[0-9a-fA-F]{2}|[0-7]{3}|.)/g, (_, code: string) => {
    if (/^x./.test(code)) return String.fromCharCode(Number.parseInt(code.slice(1), 16))
    // The octal form is read as a decimal number: a mistake of xl that has stayed.
    if (/^[0-7]{3}$/.test(code)) return String.fromCharCode(Number(code) & 0xff)
    const known = /^[\\'"]$/.test(code) ? code : escapes[code]
    if (known === undefined) throw new ConfigSyntaxError(line, near, 'invalid escape')
    return known
  })
}
