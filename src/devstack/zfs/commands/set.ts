import { Refused } from '../../tools/refused.ts'
import { prints } from '../../tools/said.ts'
import { knownName } from '../properties.ts'
import { humanize } from '../sizes.ts'
import { measure } from '../space.ts'
import type { Dataset } from '../state.ts'
import { treeOf } from '../tree.ts'
import type { Zfs } from '../zfs.ts'
import { assignment, checkedValue, opened, options, usage, type ZfsCommand } from './common.ts'

/** `zfs set NAME=VALUE… DATASET…` */
export const set: ZfsCommand = async (words, zfs) => {
  const given = options(words, 'u')
  const split = given.words.findIndex((word) => !word.includes('='))
  if (split < 1)
    throw new Refused(2, split === 0 ? 'missing property=value argument(s)' : 'missing dataset name', usage)
  for (const name of given.words.slice(split)) {
    const entry = opened(zfs, name)
    const doing = `cannot set property for '${name}'`
    for (const word of given.words.slice(0, split)) {
      const [property, value] = assignment(word)
      const text = checkedValue(doing, entry, property, value)
      if (property === 'volsize' && !entry.snapshot) await resize(zfs, entry.dataset, Number(text))
      else (entry.snapshot ?? entry.dataset).properties[knownName(property) ?? property] = text
    }
  }
  return prints()
}

/** A volume grows, or is cut off: ZFS does not ask. */
async function resize(zfs: Zfs, dataset: Dataset, volsize: number): Promise<void> {
  const doing = `cannot set property for '${dataset.name}'`
  const { volume } = dataset
  if (!volume) throw new Refused(1, `${doing}: 'volsize' does not apply to datasets of this type`)
  if (volsize === 0 || volsize % volume.volblocksize !== 0)
    throw new Refused(
      1,
      `${doing}: volume size must be a multiple of volume block size (${humanize(volume.volblocksize)})`,
    )
  if (!volume.sparse) {
    const more = volsize - volume.volsize
    if (more > (await measure(zfs)).available(dataset.name))
      throw new Refused(1, `${doing}: size is greater than available space`)
    dataset.properties.refreservation = String(volsize)
  }
  await zfs.files.resize(volume.file, volsize)
  volume.volsize = volsize
}

/** `zfs inherit [-r] NAME DATASET…` */
export const inherit: ZfsCommand = async (words, zfs) => {
  const given = options(words, 'rS')
  const [property, ...names] = given.words
  if (property === undefined) throw new Refused(2, 'missing property argument', usage)
  if (names.length === 0) throw new Refused(2, 'missing dataset argument', usage)
  const full = knownName(property)
  if (full === undefined) throw new Refused(2, `invalid property '${property}'`, usage)
  for (const name of names) {
    const { dataset, snapshot } = opened(zfs, name)
    if (snapshot) delete snapshot.properties[full]
    else
      for (const each of given.flags.has('r') ? treeOf(zfs.state, name) : [dataset]) {
        delete each.properties[full]
        if (each !== dataset || given.flags.has('r')) for (const one of each.snapshots) delete one.properties[full]
      }
  }
  return prints()
}
