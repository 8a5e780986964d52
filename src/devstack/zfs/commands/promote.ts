import { Refused } from '../../tools/refused.ts'
import { prints } from '../../tools/said.ts'
import { originOf } from '../tree.ts'
import { opened, options, wordsOf, type ZfsCommand } from './common.ts'

/** `zfs promote CLONE`: it takes over its origin, with all older snapshots, and what it was cloned from becomes its clone. */
export const promote: ZfsCommand = async (words, zfs) => {
  const { 'clone filesystem': name } = wordsOf(options(words, ''), 'clone filesystem')
  const { dataset } = opened(zfs, name)
  const origin = originOf(zfs.state, dataset)
  if (!origin?.snapshot) throw new Refused(1, `cannot promote '${name}': not a cloned filesystem`)
  const parent = origin.dataset
  const count = parent.snapshots.indexOf(origin.snapshot) + 1
  const moving = parent.snapshots.slice(0, count)
  const conflict = moving.find((each) => dataset.snapshots.some((own) => own.name === each.name))
  if (conflict)
    throw new Refused(
      1,
      `cannot promote '${name}': conflicting snapshot '${name}@${conflict.name}' from parent '${parent.name}'`,
    )

  dataset.snapshots = [...moving, ...dataset.snapshots]
  parent.snapshots = parent.snapshots.slice(count)
  const before = parent.origin
  parent.origin = origin.snapshot.guid
  if (before === undefined) delete dataset.origin
  else dataset.origin = before
  return prints()
}
