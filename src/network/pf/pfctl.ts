import { AppError } from '../../contract/errors.ts'
import type { Clock } from '../../platform/clock.ts'
import type { Exec, ExecResult } from '../../platform/exec.ts'
import type { StateKey } from '../../rules/trace/state-key.ts'
import { type PfInfo, readInfo } from './info.ts'
import { type Listing, readLines } from './listing.ts'
import type { RuleLines } from './rule-lines.ts'
import { readShownRules, readShownTree, type ShownRules, type ShownTree } from './rule-listing.ts'
import { readStates } from './states.ts'

export interface PfctlOptions {
  exec: Exec
  clock: Clock
  /** Called with the lines of a listing that were not understood. */
  unread(listing: string, lines: readonly string[]): void
  /** Shared with whoever else lists all rules. */
  ruleLines?: RuleLines
}

/**
 * PF of this host. What is asked for fails with what pfctl said; nothing is ever decided by a text that is not one of pfctl's own errors. While PF is
 * busy a call is tried again, a few times. Anchors are named by their whole path. Never switches PF on or off, never touches the main ruleset.
 *
 * Every method throws AppError command-failed | command-timeout.
 */
export interface Pfctl {
  info(): Promise<PfInfo>
  /** Why PF would not take these rules; undefined when it would. Changes nothing. */
  check(anchor: string, text: string): Promise<string | undefined>
  /** Puts these rules in the place of all that the anchor has, in one transaction: killed at any moment, it has wholly these or wholly the old. States stay. */
  load(anchor: string, text: string): Promise<void>
  /** Empties the anchor and removes its tables. */
  clear(anchor: string): Promise<void>
  /** The anchors below this one, by their whole path. Those that were emptied may stay in the list. */
  anchors(below: string): Promise<string[]>
  /** The filter rules of everything: of the main ruleset, and of what it calls. */
  tree(): Promise<ShownTree>
  rules(anchor: string): Promise<ShownRules>
  /** The translation rules of an anchor; of "", those of the main ruleset. */
  translation(anchor: string): Promise<ShownRules>
  tables(anchor: string): Promise<string[]>
  /** What a table has, an exception with "!" before it; undefined: there is no such table. */
  table(anchor: string, table: string): Promise<string[] | undefined>
  /** Puts these addresses in the place of those that the table has, in one step: it is never empty in between, and those that stay keep their counters. */
  replaceTable(anchor: string, table: string, addresses: readonly string[]): Promise<void>
  removeTable(anchor: string, table: string): Promise<void>
  /** Every state; `complete` is false when some could not be read. */
  states(): Promise<{ states: StateKey[]; complete: boolean }>
  /** Ends one connection, by the id of its state. One that has ended already is no error. */
  kill(state: string): Promise<void>
  /** Whether the main ruleset has `set skip on` this interface. */
  skips(name: string): Promise<boolean>
}

const timeoutMs = 30_000
/** A rule with its counters, or a state, is about 300 characters; a host may have some ten thousands of the one and hundred thousands of the other. */
const longBytes = 256 * 1024 * 1024
/** How long to wait between tries while another process changes PF. */
const busyPausesMs = [50, 100, 200, 400, 800]

export function openPfctl({ exec, clock, unread, ruleLines }: PfctlOptions): Pfctl {
  async function run(words: readonly string[], stdin?: string, maxOutputBytes?: number): Promise<ExecResult> {
    for (let tries = 0; ; tries++) {
      const result = await exec(['pfctl', ...words], {
        timeoutMs,
        ...(stdin === undefined ? {} : { stdin }),
        ...(maxOutputBytes === undefined ? {} : { maxOutputBytes }),
      })
      const pauseMs = busyPausesMs[tries]
      if (result.exitCode === 0 || pauseMs === undefined || !isBusy(result)) return result
      await clock.sleep(pauseMs)
    }
  }

  async function ask(words: readonly string[], stdin?: string, maxOutputBytes?: number): Promise<string> {
    const result = await run(words, stdin, maxOutputBytes)
    if (result.exitCode !== 0) throw failure(words, result)
    return result.stdout
  }

  /** As `ask`; of an anchor that is not there, nothing. FreeBSD 15 tells some of these with exit code 0. */
  async function askOf(words: readonly string[]): Promise<string> {
    const result = await run(words)
    if (result.exitCode !== 0 && !said(result).includes('Anchor does not exist.')) throw failure(words, result)
    return result.stdout
  }

  function told<Row>(name: string, listing: Listing<Row>): Row[] {
    if (listing.unread.length > 0) unread(name, listing.unread)
    return listing.rows
  }

  return {
    async info() {
      const { info, unread: lines } = readInfo(await ask(['-s', 'info']))
      if (lines.length > 0) unread('info', lines)
      if (info) return info
      throw new AppError('command-failed', 'pfctl -s info does not say whether PF is enabled')
    },

    async check(anchor, text) {
      const result = await run(['-n', '-a', anchor, '-o', 'none', '-f', '-'], text)
      return result.exitCode === 0 ? undefined : said(result)
    },

    // Without the optimizer: it drops rules that others cover, and makes tables of its own of long lists.
    async load(anchor, text) {
      await ask(['-a', anchor, '-o', 'none', '-f', '-'], text)
    },

    async clear(anchor) {
      await ask(['-a', anchor, '-f', '-'], '')
      await ask(['-a', anchor, '-F', 'Tables'])
    },

    // Before FreeBSD 15 only -v descends.
    anchors: async (below) =>
      told(
        'Anchors',
        readLines(await askOf(['-a', below, '-v', '-s', 'Anchors']), (line) => /^ {2}(\S.*)$/.exec(line)?.[1]),
      ).filter((path) => path.startsWith(`${below}/`)),

    tree: async () =>
      readShownTree(await ask(['-a', '*', '-P', '-vv', '-s', 'rules'], undefined, longBytes), ruleLines?.()),
    rules: async (anchor) => readShownRules(await askOf(['-a', anchor, '-P', '-vv', '-s', 'rules'])),
    translation: async (anchor) => readShownRules(await askOf([...at(anchor), '-P', '-vv', '-s', 'nat'])),

    tables: async (anchor) =>
      told(
        'Tables',
        readLines(await askOf(['-a', anchor, '-s', 'Tables']), (line) => /^(\S+)$/.exec(line)?.[1]),
      ),

    async table(anchor, table) {
      const words = ['-a', anchor, '-t', table, '-T', 'show']
      const result = await run(words)
      if (result.exitCode === 0)
        return told(
          'table',
          readLines(result.stdout, (line) => {
            const [, not, address] = /^ {2}([ !])(\S+)$/.exec(line) ?? []
            return address === undefined ? undefined : `${not === '!' ? '!' : ''}${address}`
          }),
        )
      if (/(Table|Anchor) does not exist\./.test(said(result))) return undefined
      throw failure(words, result)
    },

    async replaceTable(anchor, table, addresses) {
      await ask(['-a', anchor, '-t', table, '-T', 'replace', '-f', '-'], addresses.map((one) => `${one}\n`).join(''))
    },
    async removeTable(anchor, table) {
      await ask(['-a', anchor, '-t', table, '-T', 'kill'])
    },

    async states() {
      const listing = readStates(await ask(['-vv', '-s', 'states'], undefined, longBytes))
      return { states: told('states', listing), complete: listing.unread.length === 0 }
    },
    async kill(state) {
      await ask(['-k', 'id', '-k', state])
    },

    skips: async (name) => / \(skip\)/.test(await ask(['-v', '-s', 'Interfaces', '-i', name])),
  }
}

function at(anchor: string): string[] {
  return anchor === '' ? [] : ['-a', anchor]
}

function isBusy(result: ExecResult): boolean {
  return /: (Device|Resource) busy/.test(said(result))
}

/** What pfctl said but for what it says on every kernel without ALTQ. */
function said({ stderr }: ExecResult): string {
  return stderr
    .split('\n')
    .filter((line) => line.trim() !== '' && !/ALTQ/.test(line))
    .join('; ')
    .slice(0, 1000)
}

function failure(words: readonly string[], result: ExecResult): AppError {
  const how = result.signal ? `was ended by ${result.signal}` : `failed with exit code ${result.exitCode}`
  return new AppError('command-failed', `pfctl ${words.join(' ')} ${how}: ${said(result) || 'it said nothing'}`)
}
