import { AppError } from '../../contract/errors.ts'
import { type Exec, type ExecResult, execOk } from '../../platform/exec.ts'
import { type PfInfo, readInfo } from './info.ts'
import { type InterfaceCounters, readInterfaceCounters } from './interface-counters.ts'
import { type LabelCounters, readLabels } from './labels.ts'
import { type PfLimit, readLimits } from './limits.ts'
import type { Listing } from './listing.ts'
import { type CountersListing, readRuleCounters } from './rule-counters.ts'
import type { RuleLines } from './rule-lines.ts'
import { readTableCounters, type TableCounters } from './table-counters.ts'

export interface PfCountersOptions {
  exec: Exec
  /** Called with the lines of a listing that were not understood. */
  unread(listing: string, lines: readonly string[]): void
  /** Shared with whoever else lists all rules. */
  ruleLines?: RuleLines
}

/**
 * What PF of this host has counted. Changes nothing, and does not wait for a PF that is busy: the next sample is soon. Of an anchor that is not there,
 * nothing; "" is the main ruleset.
 *
 * Every method throws AppError command-failed | command-timeout.
 */
export interface PfCounters {
  /** With what limits of rules were reached ("Limit Counters"). */
  info(): Promise<PfInfo>
  limits(): Promise<PfLimit[]>
  /** The filter rules of everything that the main ruleset calls. */
  rules(): Promise<Omit<CountersListing, 'unread'>>
  /** A row for each rule with a label, in the order of the rules. */
  labels(anchor: string): Promise<LabelCounters[]>
  translation(anchor: string): Promise<Omit<CountersListing, 'unread'>>
  tables(anchor: string): Promise<TableCounters[]>
  /** How many addresses a table has. */
  tableSize(anchor: string, table: string): Promise<number>
  interfaces(): Promise<InterfaceCounters[]>
}

/** A listing that takes longer is not worth waiting for. */
const timeoutMs = 15_000
/** Some ten thousands of rules with five lines each. */
const maxOutputBytes = 256 * 1024 * 1024

export function openPfCounters({ exec, unread, ruleLines }: PfCountersOptions): PfCounters {
  const run = (words: readonly string[]): Promise<ExecResult> =>
    exec(['pfctl', ...words], { timeoutMs, maxOutputBytes })
  const ask = async (...words: string[]): Promise<string> =>
    (await execOk(exec, ['pfctl', ...words], { timeoutMs, maxOutputBytes })).stdout

  async function askOf(anchor: string, ...words: string[]): Promise<string> {
    const argv = [...(anchor === '' ? [] : ['-a', anchor]), ...words]
    const { exitCode, stdout, stderr } = await run(argv)
    if (exitCode === 0 || /(Anchor|Table|Ruleset) does not exist\./.test(stderr)) return stdout
    throw new AppError('command-failed', `pfctl ${argv.join(' ')} failed with exit code ${exitCode}: ${stderr.trim()}`)
  }

  function told<Row>(listing: string, { rows, unread: lines }: Listing<Row>): Row[] {
    unread(listing, lines)
    return rows
  }

  function counted(name: string, listing: CountersListing): Omit<CountersListing, 'unread'> {
    const { rules, tables, unread: lines } = listing
    unread(name, lines)
    return { rules, tables }
  }

  return {
    async info() {
      const { info, unread: lines } = readInfo(await ask('-v', '-s', 'info'))
      unread('info', lines)
      if (info) return info
      throw new AppError('command-failed', 'pfctl -s info does not say whether PF is enabled')
    },
    limits: async () => told('memory', readLimits(await ask('-s', 'memory'))),
    rules: async () =>
      counted('rules', readRuleCounters(await ask('-a', '*', '-P', '-vv', '-s', 'rules'), ruleLines?.())),
    labels: async (anchor) => told('labels', readLabels(await askOf(anchor, '-s', 'labels'))),
    translation: async (anchor) => counted('nat', readRuleCounters(await askOf(anchor, '-P', '-vv', '-s', 'nat'))),
    tables: async (anchor) => told('Tables', readTableCounters(await askOf(anchor, '-vv', '-s', 'Tables'))),
    tableSize: async (anchor, table) => (await askOf(anchor, '-t', table, '-T', 'show')).split('\n').length - 1,
    interfaces: async () => told('Interfaces', readInterfaceCounters(await ask('-vv', '-s', 'Interfaces'))),
  }
}
