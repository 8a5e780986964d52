import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Machine } from '../machine.ts'
import { flush, flushed } from '../pf/flush.ts'
import { killStates } from '../pf/kill.ts'
import { loadRules } from '../pf/load.ts'
import { Ended, lookUp, openSession, type Session, usage } from '../pf/pfctl-session.ts'
import { show, shown } from '../pf/show.ts'
import { commandTable, type ReadFile, tableCommands } from '../pf/table-command.ts'
import { flow } from '../pf/traffic.ts'
import { optionValue } from './getopt.ts'
import type { Said } from './said.ts'
import type { Call, SimulatedTool } from './tool.ts'

/** pfctl(8), with the answers and the faults of FreeBSD 13, 14 and 15. What it does in one call it does in the order of the original. */
export const pfctl: SimulatedTool = async (call, machine) => {
  let said: ((end?: Said) => Said) | undefined
  try {
    const opened = openSession(machine.pf.kernel, call.arguments, {
      interfaces: machine.pf.interfaces(),
      forbidden: Number(machine.sysctls.get('kern.securelevel') ?? '-1') >= 3,
    })
    said = opened.said
    const exitCode = await obey(opened.session, call, machine)
    return said({ exitCode, stdout: '', stderr: '' })
  } catch (error) {
    if (!(error instanceof Ended)) throw error
    return said ? said(error.said) : error.said
  }
}

async function obey(session: Session, call: Call, machine: Machine): Promise<number> {
  const { kernel, options } = session
  const dry = options.flags.has('n')
  const readFileOrInput = fileReader(call)
  const command = wordOf(session, 'T', tableCommands, 'table command')
  const what = wordOf(session, 's', shown, 'show modifier')
  const cleared = wordOf(session, 'F', flushed, 'flush modifier')
  if (command === undefined && options.words.length > 0)
    throw new Ended(1, `pfctl: unknown command line argument: ${options.words[0]} ...`, ...usage)
  // GENERIC has no ALTQ; from 14 on it says so when asked only.
  if (!dry && (kernel.major < 14 || session.verbosity > 0))
    session.say('No ALTQ support in kernel', 'ALTQ related functions disabled')
  let exitCode = 0
  if (!dry) {
    if (options.flags.has('d')) toggle(session, false)
    if (what !== undefined) {
      flow(machine)
      exitCode = show(what, session)
    }
    if (options.flags.has('z')) kernel.clearCounters(session.anchor)
    if (cleared !== undefined) flush(cleared, session)
  }
  if (options.values.has('k')) killStates(session)
  const file = optionValue(options, 'f')
  if (command !== undefined) exitCode = await commandTable(command, session, readFileOrInput)
  else if (file !== undefined) await loadRules(file, session, readFileOrInput, () => machine.pf.isBusy())
  if (!dry && options.flags.has('e')) toggle(session, true)
  return exitCode
}

function wordOf<Word extends string>(
  { options }: Session,
  letter: string,
  list: readonly Word[],
  name: string,
): Word | undefined {
  const given = optionValue(options, letter)
  if (given === undefined) return undefined
  const word = lookUp(given, list)
  if (word === undefined) throw new Ended(1, `pfctl: Unknown ${name} '${given}'`, ...usage)
  return word
}

function toggle({ kernel, forbidden, tell }: Session, on: boolean): void {
  if (forbidden) throw new Ended(1, `pfctl: ${on ? 'DIOCSTART' : 'DIOCSTOP'}: Operation not permitted`)
  if (!kernel.switchTo(on)) throw new Ended(1, on ? 'pfctl: pf already enabled' : 'pfctl: pf not enabled')
  tell(on ? 'pf enabled' : 'pf disabled')
}

function fileReader({ cwd, stdin = '' }: Call): ReadFile {
  return async (name) => {
    if (name === '-') return stdin
    return readFile(resolve(cwd, name), 'utf8').catch((error: NodeJS.ErrnoException) => {
      throw new Error(error.code === 'EISDIR' ? 'Is a directory' : 'No such file or directory')
    })
  }
}
