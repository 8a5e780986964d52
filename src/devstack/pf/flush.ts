import { optionValue } from '../tools/getopt.ts'
import { Ended, type Session } from './pfctl-session.ts'
import { isMissing, noAnchor } from './table-command.ts'

/** What -F knows, in the order in which it looks for what an abbreviation means. */
export const flushed = [
  'nat',
  'queue',
  'rules',
  'Sources',
  'states',
  'info',
  'Tables',
  'osfp',
  'all',
  'ethernet',
  'Reset',
] as const

/** `pfctl -F …`. @throws Ended when the kernel refuses */
export function flush(what: (typeof flushed)[number], session: Session): void {
  const { kernel, anchor, tell } = session
  refuseReserved(anchor)
  const allow = (call: string) => {
    if (session.forbidden) throw new Ended(1, `pfctl: ${call}: Operation not permitted`)
  }
  switch (what) {
    case 'nat':
      allow('pfctl_clear_nat')
      kernel.load(anchor, { ...kernel.ruleset(anchor), tables: [], translation: [] })
      tell('nat cleared')
      break
    case 'rules':
      allow('pfctl_clear_rules')
      kernel.load(anchor, { ...kernel.ruleset(anchor), tables: [], scrub: [], filter: [] })
      tell('rules cleared')
      break
    case 'ethernet':
      allow('pfctl_clear_eth_rules')
      tell('Ethernet rules cleared')
      break
    case 'Tables': {
      if (session.forbidden) throw new Ended(255, 'pfctl: Operation not permitted.')
      if (isMissing(session)) {
        session.say(noAnchor(kernel.major))
        break
      }
      const tables = kernel.tables(anchor)
      for (const { name } of tables) kernel.removeTable(anchor, name)
      tell(`${tables.length} tables deleted.`)
      break
    }
    case 'states': {
      allow('DIOCCLRSTATES')
      const on = optionValue(session.options, 'i')
      const states = kernel.states().filter(({ state }) => on === undefined || state.interface === on)
      for (const { state } of states) kernel.killState(state.id)
      tell(`${states.length} states cleared`)
      break
    }
    case 'Sources':
      allow('DIOCCLRSRCNODES')
      tell('source tracking entries cleared')
      break
    case 'info':
      allow('DIOCCLRSTATUS')
      kernel.clearTotals()
      tell('pf: statistics cleared')
      break
    case 'all':
      flushAll(session)
      break
    default:
      break
  }
}

/** Anchors below keep their rules; but when it is the main ruleset, nothing calls them any more. */
function flushAll(session: Session): void {
  const { kernel, anchor, tell } = session
  if (kernel.major >= 14) flush('ethernet', session)
  for (const what of ['rules', 'nat', 'Tables'] as const) flush(what, session)
  if (anchor !== '') {
    if (kernel.major >= 15) tell('rules cleared')
    return
  }
  for (const what of ['states', 'Sources', 'info'] as const) flush(what, session)
  const options = kernel.options().filter((option) => !option.startsWith('skip '))
  kernel.load('', { ...kernel.ruleset(''), options, tables: [] })
  tell('pf: interface flags reset')
}

/** @throws Ended when it is the name of an anchor that pfctl makes for itself */
export function refuseReserved(anchor: string): void {
  if (/(^|\/)_/.test(anchor))
    throw new Ended(1, "pfctl: anchor names beginning with '_' cannot be modified from the command line")
}
