import { Refused } from '../../tools/refused.ts'
import { prints } from '../../tools/said.ts'
import { measure } from '../space.ts'
import type { Dataset } from '../state.ts'
import { entryOf, find, treeOf } from '../tree.ts'
import type { Zfs } from '../zfs.ts'
import { assignment, checkedValue, newFile, numbers, options, usage, type ZfsCommand } from './common.ts'

/** `zfs snapshot [-r] [-o name=value] DATASET@NAME…`: all of them at one moment, or none. */
export const snapshot: ZfsCommand = async (words, zfs) => {
  const given = options(words, 'ro:')
  if (given.words.length === 0) throw new Refused(2, 'missing snapshot argument', usage)
  const set: Record<string, string> = {}
  for (const word of given.values.get('o') ?? []) {
    const [property, value] = assignment(word)
    set[property] = checkedValue('cannot create snapshots', { dataset: { kind: 'volume' } }, property, value)
  }

  const wanted: { dataset: Dataset; name: string }[] = []
  for (const word of given.words) {
    const [top = '', name] = word.split('@')
    if (!name) throw new Refused(2, `cannot open '${word}': missing '@' delimiter in snapshot name`, usage)
    if (!find(zfs.state, top)) throw new Refused(2, `cannot open '${top}': dataset does not exist`, usage)
    const tree = treeOf(zfs.state, top)
    for (const dataset of given.flags.has('r') ? tree : tree.slice(0, 1)) wanted.push({ dataset, name })
  }
  const there = wanted.filter(({ dataset, name }) => dataset.snapshots.some((each) => each.name === name))
  if (there.length > 0)
    throw new Refused(
      1,
      ...there.map(({ dataset, name }) => `cannot create snapshot '${dataset.name}@${name}': dataset already exists`),
      ...(wanted.length > 1 ? ['no snapshots were created'] : []),
    )
  await take(zfs, wanted, set)
  return prints()
}

async function take(zfs: Zfs, wanted: readonly { dataset: Dataset; name: string }[], set: Record<string, string>) {
  const space = await measure(zfs)
  // One transaction for all.
  const { createtxg, creation } = numbers(zfs.state, zfs.now())
  for (const { dataset, name } of wanted) {
    const { volume } = dataset
    const file = volume && newFile(zfs.state)
    if (volume && file) await zfs.files.copy(volume.file, file)
    dataset.snapshots.push({
      name,
      guid: numbers(zfs.state, zfs.now()).guid,
      createtxg,
      creation,
      properties: { ...set },
      holds: {},
      referencedBytes: space.of(entryOf(dataset)).referenced,
      ...(volume && file ? { volsize: volume.volsize, file } : {}),
    })
  }
}
