import { Refused } from '../../tools/refused.ts'
import { prints } from '../../tools/said.ts'
import { clonesOf, dependentsOf, entryOf } from '../tree.ts'
import { opened, options, wordsOf, type ZfsCommand } from './common.ts'
import { destroy } from './destroy.ts'

/** `zfs rollback [-rRf] SNAPSHOT`. A volume that a guest has open is rolled back like any other: ZFS does not ask. */
export const rollback: ZfsCommand = async (words, zfs) => {
  const given = options(words, 'rRf')
  const { dataset: name } = wordsOf(given, 'dataset')
  const { dataset, snapshot } = opened(zfs, name)
  if (!snapshot) throw new Refused(1, `cannot open '${name}': operation not applicable to datasets of this type`)

  const younger = dataset.snapshots.slice(dataset.snapshots.indexOf(snapshot) + 1).map((each) => entryOf(dataset, each))
  const clones = given.flags.has('R')
  if (younger.length > 0 && !given.flags.has('r') && !clones)
    throw new Refused(
      1,
      `cannot rollback to '${name}': more recent snapshots or bookmarks exist`,
      `use '-r' to force deletion of the following snapshots and bookmarks:`,
      ...younger.map((each) => each.name),
    )
  const cloned = younger.filter((each) => each.snapshot && clonesOf(zfs.state, each.snapshot).length > 0)
  if (cloned.length > 0 && !clones)
    throw new Refused(
      1,
      `cannot rollback to '${name}': clones of previous snapshots exist`,
      `use '-R' to force deletion of the following clones and dependents:`,
      ...cloned.flatMap((each) => dependentsOf(zfs.state, each).map((dependent) => dependent.name)),
    )
  for (const each of younger) {
    const said = await destroy([...(clones ? ['-R'] : []), each.name], zfs)
    if (said.exitCode !== 0) return said
  }
  if (dataset.volume && snapshot.file) {
    await zfs.files.copy(snapshot.file, dataset.volume.file)
    dataset.volume.volsize = snapshot.volsize ?? dataset.volume.volsize
  }
  return prints()
}
