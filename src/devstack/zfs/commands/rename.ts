import { Refused } from '../../tools/refused.ts'
import { prints } from '../../tools/said.ts'
import { find, treeOf } from '../tree.ts'
import { checkNewName, opened, options, wordsOf, type ZfsCommand } from './common.ts'

/** `zfs rename [-pfu] OLD NEW`: a dataset with all below it, or a snapshot. The devices of volumes move too. */
export const rename: ZfsCommand = async (words, zfs) => {
  const given = options(words, 'fpur')
  const { 'source dataset': from, 'target dataset': to } = wordsOf(given, 'source dataset', 'target dataset')
  const { dataset, snapshot } = opened(zfs, from)
  if (snapshot) {
    const [owner, name] = to.includes('@') ? to.split('@') : [dataset.name, to]
    if (owner && owner !== dataset.name)
      throw new Refused(1, `cannot rename to '${to}': snapshots must be part of same dataset`)
    if (!name || dataset.snapshots.some((each) => each.name === name))
      throw new Refused(1, `cannot rename '${from}': dataset already exists`)
    snapshot.name = name
    return prints()
  }
  if (find(zfs.state, to)) throw new Refused(1, `cannot rename '${from}': dataset already exists`)
  if (to.startsWith(`${from}/`))
    throw new Refused(1, `cannot rename '${from}': New dataset name cannot be a descendant of current dataset name`)
  await checkNewName(zfs, to, given.flags.has('p'))
  for (const each of treeOf(zfs.state, from)) {
    if (each.volume) await zfs.files.hideDevice(each.name)
    each.name = `${to}${each.name.slice(from.length)}`
    if (each.volume) await zfs.showLater(each)
  }
  return prints()
}
