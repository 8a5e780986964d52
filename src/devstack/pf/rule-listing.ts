import { listRule } from '../../rules/pf/list.ts'
import type { CountedRule, RuleClass } from '../../rules/pf/machine.ts'
import { childrenOf } from './anchors.ts'
import type { Session } from './pfctl-session.ts'
import { dateText } from './text.ts'

/** `pfctl -s rules` of an anchor; with the star of -a also what its calls lead to. */
export function showRules(session: Session, anchor: string, depth = 0): void {
  const { kernel, print } = session
  for (const line of kernel.ruleset(anchor).scrub ?? []) print(line)
  for (const rule of kernel.rules(anchor, 'filter')) {
    const indent = indentOf(session, depth)
    const called = session.recurse && rule.rule.kind === 'anchor' ? rule.rule.path : undefined
    print(`${indent}${ruleText(session, rule)}${called === undefined ? '' : ' {'}`, ...counterLines(session, rule))
    if (called === undefined) continue
    for (const below of reached(session, anchor, called)) {
      if (!below.named) {
        showRules(session, below.path, depth + 1)
        continue
      }
      print(`${indentOf(session, depth + 1)}anchor "${below.named}" all {`)
      showRules(session, below.path, depth + 2)
      print(`${indentOf(session, depth + 1)}}`)
    }
    print(`${indent}}`)
  }
}

const translationClasses: readonly RuleClass[] = ['nat', 'rdr', 'binat']

/**
 * `pfctl -s nat`. What it shows of anchors is misleading: FreeBSD 15 shows all translation of a child under each kind of call, before that it did not
 * find the child.
 */
export function showNat(session: Session, anchor: string, depth = 0): void {
  const { kernel, print, say } = session
  for (const rule of translationClasses.flatMap((each) => kernel.rules(anchor, each))) {
    const indent = indentOf(session, depth)
    const called =
      session.recurse && rule.rule.kind.endsWith('-anchor') && 'path' in rule.rule ? rule.rule.path : undefined
    print(`${indent}${ruleText(session, rule)}${called === undefined ? '' : ' {'}`, ...counterLines(session, rule))
    if (called === undefined) continue
    const children = reached(session, anchor, called)
    if (kernel.major < 15) say('pfctl: DIOCGETRULES: Invalid argument')
    else
      for (const { path, named } of children) {
        if (named) print(`${indentOf(session, depth + 1)}nat-anchor "${named}" all {`)
        showNat(session, path, depth + (named ? 2 : 1))
        if (named) print(`${indentOf(session, depth + 1)}}`)
      }
    print(`${indent}}`)
  }
}

/** `pfctl -s labels`: of filter rules only. Only FreeBSD 15 follows the star of -a, and mixes lines with braces in. */
export function showLabels(session: Session, anchor: string): void {
  const { kernel, print } = session
  for (const counted of kernel.rules(anchor, 'filter')) {
    const { rule, counters } = counted
    if (rule.kind === 'anchor' && session.recurse && kernel.major >= 15)
      for (const { path, named } of reached(session, anchor, rule.path)) {
        if (named) print(`anchor "${named}" all {`)
        showLabels(session, path)
        if (named) print('}')
      }
    if (rule.kind !== 'filter' || rule.label === undefined) continue
    const [packetsIn, packetsOut] = counters.packets
    const [bytesIn, bytesOut] = counters.bytes
    const numbers = [counters.evaluations, packetsIn + packetsOut, bytesIn + bytesOut]
    print([rule.label, ...numbers, packetsIn, bytesIn, packetsOut, bytesOut, counters.stateCreations].join(' '))
  }
}

/** The rulesets that a call leads to: each child by its name, or the one that is meant. */
function reached({ kernel }: Session, anchor: string, call: string): { path: string; named?: string }[] {
  const path = `${anchor === '' ? '' : `${anchor}/`}${call.replace(/\/\*$/, '')}`
  if (!call.endsWith('/*')) return [{ path }]
  return childrenOf(kernel.anchors(), path).map((child) => ({ path: child, named: child.slice(path.length + 1) }))
}

function indentOf({ verbosity }: Session, depth: number): string {
  return verbosity > 0 ? '' : '  '.repeat(depth)
}

function ruleText(session: Session, { rule, index, anchor }: CountedRule): string {
  const { options, verbosity } = session
  const numeric = options.flags.has('P')
  if (verbosity < 2 && !options.flags.has('g')) return listRule(rule, { numeric })
  return `@${index} ${listRule(rule, { numeric, tableSize: (name) => tableSize(session, anchor, name) })}`
}

/** The table of an anchor, or that of the main ruleset which has its name. */
function tableSize({ kernel }: Session, anchor: string, name: string): number {
  return (kernel.table(anchor, name) ?? kernel.table('', name))?.entries.size ?? 0
}

function counterLines({ kernel, options, verbosity }: Session, rule: CountedRule): string[] {
  const { evaluations, packets, bytes, states, stateCreations } = rule.counters
  const lines: string[] = []
  if (options.flags.has('g'))
    lines.push('  [ Skip steps: i=0 d=0 f=0 p=0 sa=0 da=0 sp=0 dp=0 ]', '  [ queue: qname= qid=0 pqname= pqid=0 ]')
  if (verbosity === 0) return lines
  const columns: [string, number, number][] = [
    ['Evaluations', evaluations, 8],
    ['Packets', packets[0] + packets[1], 8],
    ['Bytes', bytes[0] + bytes[1], 10],
    ['States', states, 6],
  ]
  lines.push(`  [ ${columns.map(([name, value, width]) => `${name}: ${String(value).padEnd(width)}`).join('  ')}]`)
  if (kernel.major >= 15) lines.push('  [ Source Nodes: 0      Limit: 0      NAT/RDR: 0      Route: 0      ]')
  if (!options.flags.has('g'))
    lines.push(
      `  [ Inserted: uid 0 pid ${kernel.loader(rule.anchor)} State Creations: ${String(stateCreations).padEnd(6)}]`,
    )
  if (verbosity > 1 && kernel.major >= 14) {
    const last = kernel.lastActive(rule)
    lines.push(`  [ Last Active Time: ${last ? dateText(last) : 'N/A'} ]`)
  }
  return lines
}
