import { AppError } from '../../contract/errors.ts'
import type { CompiledAnchor } from '../compiled.ts'
import { nameLimits, portGroup } from '../names.ts'
import type { Situation } from './situation.ts'

/** The longest anchor that network.yaml takes, with the slash behind it. */
const longestParent = 31

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
