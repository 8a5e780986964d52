import type { Machine } from '../machine.ts'
import { getopt, type Options } from '../tools/getopt.ts'
import { Refused } from '../tools/refused.ts'
import type { Said } from '../tools/said.ts'
import type { Domain } from '../xen/domain.ts'

/** One call of a subcommand of xl. */
export interface XlCall {
  /** Its full name, and the words that follow it. */
  name: string
  words: readonly string[]
  cwd: string
  /** `-N`: say what would be done. */
  dryRun: boolean
  machine: Machine
  /** Aborted when the caller is gone. */
  signal: AbortSignal
}

export type XlCommand = (call: XlCall) => Promise<Said> | Said

/** Reads a subcommand's options, and checks that enough words follow. @throws Refused, exit 2 */
export function options({ name, words }: XlCall, spec: string, needed: number): Options {
  const given = getopt(words, spec, (letter) => new Refused(2, `option \`${letter}' not supported.`))
  if (given.words.length < needed)
    throw new Refused(
      2,
      `'xl ${name}' requires at least ${needed} argument${needed > 1 ? 's' : ''}.`,
      '',
      `See 'xl help ${name}'.`,
    )
  return given
}

/**
 * The number of the domain that a word means: a number is taken as it is, whether there is such a domain or not.
 * @throws Refused, exit 1, for a name that nobody has
 */
export function domidOf({ hypervisor }: Machine, word: string): number {
  if (/^[0-9]+$/.test(word)) return Number(word)
  if (word === 'Domain-0') return 0
  const domain = hypervisor.byName(word)
  if (!domain) throw new Refused(1, `${word} is an invalid domain identifier (rc=-6)`)
  return domain.id
}

/** The domain that a word means; `missing` is thrown for a number that no domain has. */
export function domainOf(machine: Machine, word: string, missing: (domid: number) => Error): Domain {
  const domid = domidOf(machine, word)
  const domain = machine.hypervisor.byId(domid)
  if (!domain) throw missing(domid)
  return domain
}

/** "160", "128m", "1g" in KiB; a bare number is in MiB. Undefined for what is no size. */
export function memoryKiB(text: string): number | undefined {
  const parts = /^(0[xX][0-9a-fA-F]+|[0-9]+)([bkmgt]?)$/i.exec(text)
  if (!parts) return undefined
  const factor = { b: 1 / 1024, k: 1, m: 1024, g: 1024 ** 2, t: 1024 ** 3 }[(parts[2] || 'm').toLowerCase()] ?? 1024
  return Math.floor(Number(parts[1]) * factor)
}
