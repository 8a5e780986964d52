import { getopt, type Options, optionValue } from '../tools/getopt.ts'
import { prints, refuses, type Said } from '../tools/said.ts'
import type { KernelPf } from './kernel.ts'

/** An interface of the machine, and its groups. */
export interface NamedInterface {
  name: string
  groups: readonly string[]
}

/** One call of pfctl, as far as its options go, and what it has said up to now. */
export interface Session {
  kernel: KernelPf
  interfaces: readonly NamedInterface[]
  /** No change of rules, tables or states is allowed any more (securelevel 3). */
  forbidden: boolean
  options: Options
  /** The anchor of -a without its star; "" is the main ruleset. */
  anchor: string
  /** The star: what is called is shown too. */
  recurse: boolean
  /** How many -v there are. */
  verbosity: number
  /** On standard output. */
  print(...lines: string[]): void
  /** On standard error. */
  say(...lines: string[]): void
  /** On standard error, unless -q is given. */
  tell(...lines: string[]): void
}

/** pfctl ends here, with these last words. */
export class Ended extends Error {
  readonly said: Said

  constructor(exitCode: number, ...lines: string[]) {
    super(lines.join('\n'))
    this.name = 'Ended'
    this.said = refuses(exitCode, ...lines)
  }
}

export const usage = [
  'usage: pfctl [-AdeghMmNnOPqRrvz] [-a anchor] [-D macro=value] [-F modifier]',
  '\t[-f file] [-i interface] [-K host | network]',
  '\t[-k host | network | gateway | label | id] [-o level] [-p device]',
  '\t[-s modifier] [-t table -T command [address ...]] [-x level]',
]

/** @throws Ended for words that pfctl does not know */
export function readOptions(words: readonly string[]): Options {
  if (words.length === 0) throw new Ended(1, ...usage)
  // getopt(3) counts -v once only.
  return getopt(words, 'a:AdD:eqf:F:ghi:k:K:mMnNOo:Pp:rRs:t:T:vx:z', (letter) => {
    return new Ended(1, `pfctl: illegal option -- ${letter}`, ...usage)
  })
}

export function openSession(
  kernel: KernelPf,
  words: readonly string[],
  machine: Pick<Session, 'interfaces' | 'forbidden'>,
): { session: Session; said(end?: Said): Said } {
  const options = readOptions(words)
  const path = optionValue(options, 'a') ?? ''
  const stdout: string[] = []
  const stderr: string[] = []
  const say = (...lines: string[]) => void stderr.push(...lines)
  const session: Session = {
    ...machine,
    kernel,
    options,
    anchor: path.replace(/\/?\*$/, ''),
    recurse: path.endsWith('*'),
    verbosity: verbosityOf(words, options),
    print: (...lines) => void stdout.push(...lines),
    say,
    tell: options.flags.has('q') ? () => {} : say,
  }
  return {
    session,
    said: (end = prints()) => ({
      exitCode: end.exitCode,
      stdout: prints(...stdout).stdout + end.stdout,
      stderr: refuses(0, ...stderr).stderr + end.stderr,
    }),
  }
}

/** The word that an abbreviation stands for: `-sr`, `-F Tab`. */
export function lookUp<Word extends string>(word: string, list: readonly Word[]): Word | undefined {
  return word === '' ? undefined : list.find((each) => each.startsWith(word))
}

function verbosityOf(words: readonly string[], { flags, words: rest }: Options): number {
  if (!flags.has('v')) return 0
  const before = words.slice(0, words.length - rest.length)
  const count = before.reduce((sum, word) => sum + (/^-[A-Za-z]*v/.test(word) ? word.split('v').length - 1 : 0), 0)
  return Math.min(2, count)
}
