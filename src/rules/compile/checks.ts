import { AppError } from '../../contract/errors.ts'
import { contains } from '../address.ts'
import type { CompiledAnchor } from '../compiled.ts'
import { nameLimits, portGroup } from '../names.ts'
import { entrances } from './outside.ts'
import type { Situation } from './situation.ts'

/** The longest anchor that network.yaml takes, with the slash behind it. */
const longestParent = 31

/**
 * What a port may send from beside its own addresses counts as inside, wherever it comes from: a range that holds an outside address of the host would
 * cut it off.
 * @throws AppError input-invalid
 */
export function checkAllowed(situation: Situation): void {
  const { book } = situation
  const { egress, metadata } = situation.facts
  const outer = [
    ...[egress?.ipv4, egress?.ipv6].filter((address) => address !== undefined),
    ...entrances(situation).map(({ address }) => address),
    ...(metadata ? [metadata.address] : []),
  ].map((text) => ({ text, range: book.range(text) }))
  for (const port of situation.ports)
    for (const allowed of port.allowed) {
      const range = book.range(allowed)
      const held = outer.find(({ range: { family, first } }) => contains(range, { family, value: first }))
      if (held === undefined && range.prefixLength > 0) continue
      const what = held === undefined ? 'every address' : `the address ${held.text} of this host`
      throw new AppError(
        'input-invalid',
        `${situation.portName(port)} may send from ${allowed}, which holds ${what}: allow it smaller ranges`,
      )
    }
}

/**
 * pfctl refuses names that are too long, and takes a group that ends in a digit and never matches; two ports with one group would share their rules.
 * All names are made by us, so a wrong one is an error of this program.
 * @throws AppError internal
 */
export function checkNames(situation: Situation, anchors: readonly CompiledAnchor[]): void {
  const labels = anchors.flatMap(({ filter }) => filter.map(({ label }) => label ?? ''))
  checkLengths(
    'anchor',
    anchors.map(({ name }) => name),
    nameLimits.anchor - longestParent,
  )
  checkLengths(
    'table',
    anchors.flatMap(({ tables }) => tables.map(({ name }) => name)),
    nameLimits.table,
  )
  checkLengths('label', labels, nameLimits.label)
  const groups = situation.ports.map(({ mac }) => portGroup(mac))
  checkLengths('group', groups, nameLimits.interface)
  for (const group of groups) if (/\d$/.test(group)) throw wrong('group', group, 'ends in a digit')
}

function checkLengths(kind: string, names: readonly string[], limit: number): void {
  const seen = new Set<string>()
  for (const name of names) {
    if (name === '' || name.length > limit) throw wrong(kind, name, `has not 1 to ${limit} characters`)
    if (seen.has(name)) throw wrong(kind, name, 'is there twice')
    seen.add(name)
  }
}

function wrong(kind: string, name: string, problem: string): AppError {
  return new AppError('internal', `the ${kind} "${name}" of the PF rules ${problem}`)
}
