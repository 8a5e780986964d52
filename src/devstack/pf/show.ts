import type { RuleClass } from '../../rules/pf/machine.ts'
import { optionValue } from '../tools/getopt.ts'
import { childrenOf } from './anchors.ts'
import { infoLines } from './info-text.ts'
import { showInterfaces } from './interface-listing.ts'
import { limitLines, timeoutLines } from './limits.ts'
import { Ended, type Session } from './pfctl-session.ts'
import { showLabels, showNat, showRules } from './rule-listing.ts'
import { stateLines } from './state-text.ts'
import { isMissing, showTables } from './table-command.ts'

/** What -s knows, in the order in which it looks for what an abbreviation means. */
export const shown = [
  'ether',
  'nat',
  'queue',
  'rules',
  'Anchors',
  'Sources',
  'states',
  'info',
  'Interfaces',
  'labels',
  'timeouts',
  'memory',
  'Tables',
  'osfp',
  'Running',
  'all',
] as const

/** `pfctl -s …`. Answers the exit code. @throws Ended when there is no such anchor */
export function show(what: (typeof shown)[number], session: Session): number {
  const { kernel, anchor, print } = session
  switch (what) {
    case 'nat':
    case 'rules':
    case 'labels': {
      // Its text went to stderr, but its exit code never says so.
      if (isMissing(session))
        session.say(`pfctl: ${kernel.major >= 15 ? 'Anchor does not exist.' : 'DIOCGETRULES: Invalid argument'}`)
      else if (what === 'nat') showNat(session, anchor)
      else if (what === 'rules') showRules(session, anchor)
      else showLabels(session, anchor)
      return 0
    }
    case 'Anchors':
      return showAnchors(session)
    case 'states':
      showStates(session)
      return 0
    case 'info':
      print(
        ...infoLines(
          { ...kernel.totals, ...kernel.switched, ...mainFacts(session) },
          kernel.major,
          session.verbosity,
          kernel.clock.now(),
        ),
      )
      return 0
    case 'Interfaces':
      showInterfaces(session)
      return 0
    case 'timeouts':
      print(...timeoutLines(kernel.major, kernel.options()))
      return 0
    case 'memory':
      print(...limitLines(kernel.major, kernel.options()))
      return 0
    case 'Tables':
      showTables(session)
      return 0
    case 'Running':
      print(kernel.switched.running ? 'Enabled' : 'Disabled')
      return kernel.switched.running ? 0 : 1
    case 'queue':
      print('No queue in use')
      return 0
    case 'all':
      showAll(session)
      return 0
    default:
      return 0
  }
}

/** Before 15 one level only, unless -v is given. */
function showAnchors(session: Session): number {
  const { kernel, anchor, print } = session
  if (isMissing(session)) {
    if (kernel.major >= 15) throw new Ended(1, 'pfctl: Anchor does not exist.')
    session.say(`Anchor '${anchor}' not found.`)
    return 0
  }
  const all = kernel.anchors()
  const below =
    kernel.major >= 15 || session.verbosity > 0
      ? all.filter((path) => anchor === '' || path.startsWith(`${anchor}/`))
      : childrenOf(all, anchor)
  print(...below.map((path) => `  ${path}`))
  return 0
}

function showStates({ kernel, options, verbosity, print }: Session): void {
  const callOf = (anchor: string, ruleClass: RuleClass) =>
    kernel.rules('', ruleClass).find(({ rule }) => 'path' in rule && leadsTo(rule.path, anchor))?.index
  const on = optionValue(options, 'i')
  const { major, hostid } = kernel
  for (const known of kernel.states())
    if (on === undefined || known.state.interface === on)
      print(...stateLines(known, { major, hostid, verbosity, now: kernel.clock.now(), callOf }))
}

function leadsTo(call: string, anchor: string): boolean {
  return call.endsWith('/*') ? anchor.startsWith(call.slice(0, -1)) : anchor === call
}

function mainFacts({ kernel }: Session) {
  const checksum = kernel.checksum()
  const name = kernel
    .options()
    .findLast((option) => option.startsWith('loginterface '))
    ?.slice(13)
  return {
    hostid: kernel.hostid,
    states: kernel.states().length,
    ...(checksum === undefined ? {} : { checksum }),
    ...(name === undefined || name === 'none' ? {} : { logged: { name, counts: kernel.interfaceStats.of(name) } }),
  }
}

function showAll(session: Session): void {
  const { print } = session
  const parts: [title: string, what: (typeof shown)[number]][] = [
    ['TRANSLATION RULES:', 'nat'],
    ['FILTER RULES:', 'rules'],
    ['', 'queue'],
    ['STATES:', 'states'],
    ['INFO:', 'info'],
    ['LABEL COUNTERS:', 'labels'],
    ['TIMEOUTS:', 'timeouts'],
    ['LIMITS:', 'memory'],
    ['TABLES:', 'Tables'],
  ]
  let first = true
  for (const [title, what] of parts) {
    const lines: string[] = []
    show(what, { ...session, print: (...more) => void lines.push(...more) })
    if (lines.length === 0 && what !== 'rules') continue
    if (title !== '') print(...(first ? [] : ['']), title)
    first = false
    print(...lines)
  }
  print('', 'OS FINGERPRINTS:', '762 fingerprints loaded')
}
