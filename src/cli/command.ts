import { type ParseArgsOptionsConfig, parseArgs } from 'node:util'
import { AppError } from '../contract/errors.ts'

/** One option of a command. `value` names what it takes ("NAME"); an option without it is a switch. */
export interface Option {
  describe: string
  /** One letter that means the same: `f` for `-f`. */
  short?: string
  value?: string
  multiple?: true
}

/** A command: what its help says and what it does. */
export interface Command {
  /** What follows the command's words: "DIR --version V [--channel C]". */
  usage: string
  /** More than the summary, when it needs more. */
  about?: string
  examples: readonly string[]
  options: Readonly<Record<string, Option>>
  /** How many words may follow: [least, most]. */
  words: readonly [number, number]
  /** Answers the exit code; nothing is 0. What it throws is printed as one line, exit code 1. */
  run(invocation: Invocation): Promise<number | undefined>
}

export interface Invocation {
  words: string[]
  /** The value of an option that takes one. */
  text(option: string): string | undefined
  /** All values of an option that may be given several times. */
  texts(option: string): string[]
  /** A whole number. @throws UsageError */
  number(option: string): number | undefined
  /** Whether a switch was given. */
  is(option: string): boolean
  /** Whether `--json` was given: print one JSON document, nothing else, on stdout. */
  json: boolean
}

/** The command line is wrong: exit code 2. */
export class UsageError extends Error {}

/** Options that every command has. */
export const commonOptions: Readonly<Record<string, Option>> = {
  json: { describe: 'print JSON for programs' },
  help: { describe: 'show this help' },
}

/** Reads the words behind a command's name. @throws UsageError */
export function readInvocation(command: Command, argv: readonly string[]): Invocation & { help: boolean } {
  const options: ParseArgsOptionsConfig = {}
  for (const [name, option] of Object.entries({ ...command.options, ...commonOptions }))
    options[name] = {
      type: option.value ? 'string' : 'boolean',
      ...(option.multiple ? { multiple: true } : {}),
      ...(option.short ? { short: option.short } : {}),
    }
  let parsed: { values: Record<string, unknown>; positionals: string[] }
  try {
    parsed = parseArgs({ args: [...argv], options, allowPositionals: true, strict: true })
  } catch (error) {
    throw new UsageError((error as Error).message)
  }
  const { values, positionals: words } = parsed
  const help = values.help === true
  const [least, most] = command.words
  if (!help && words.length < least) throw new UsageError('something is missing')
  if (!help && words.length > most) throw new UsageError(`what is ${JSON.stringify(words[most])}?`)
  const text = (name: string) => values[name] as string | undefined
  return {
    words,
    text,
    texts: (name) => (values[name] as string[] | undefined) ?? [],
    number(name) {
      const value = text(name)
      if (value === undefined) return undefined
      if (!/^\d{1,12}$/.test(value))
        throw new UsageError(`--${name} takes a whole number, not ${JSON.stringify(value)}`)
      return Number(value)
    },
    is: (name) => values[name] === true,
    json: values.json === true,
    help,
  }
}

/** Takes `COMPONENT@VERSION` apart. @throws UsageError */
export function readReference(text: string): { component: string; version: string } {
  const [component, version, more] = text.split('@')
  if (!component || !version || more !== undefined)
    throw new UsageError(`${JSON.stringify(text)} should be COMPONENT@VERSION, like compute@1.2.0`)
  return { component, version }
}

/** Takes `key=value` pairs apart. @throws UsageError */
export function readPairs(texts: readonly string[], option: string): Record<string, string> {
  return Object.fromEntries(
    texts.map((text) => {
      const at = text.indexOf('=')
      if (at < 1) throw new UsageError(`--${option} takes KEY=VALUE, not ${JSON.stringify(text)}`)
      return [text.slice(0, at), text.slice(at + 1)]
    }),
  )
}

const unitSeconds: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 }

/** Seconds of "90s", "15m", "24h", "30d". @throws UsageError */
export function readDuration(text: string | undefined, option: string): number | undefined {
  if (text === undefined) return undefined
  const [, amount, unit] = /^(\d{1,6})([smhd])$/.exec(text) ?? []
  const seconds = unitSeconds[unit ?? '']
  if (!amount || !seconds)
    throw new UsageError(`--${option} takes a time like 90s, 15m, 24h or 30d, not ${JSON.stringify(text)}`)
  return Number(amount) * seconds
}

/** What a failed command prints: one line; our own errors without a name, foreign ones with it. */
export function errorLine(error: unknown): string {
  if (error instanceof AppError) return error.message
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error)
}
