import { optionValue } from '../../tools/getopt.ts'
import { Refused } from '../../tools/refused.ts'
import { prints } from '../../tools/said.ts'
import { parseSize } from '../sizes.ts'
import { measure } from '../space.ts'
import { emptyFilesystemBytes } from '../state.ts'
import { find } from '../tree.ts'
import type { Zfs } from '../zfs.ts'
import {
  addDataset,
  assignment,
  checkedValue,
  checkNewName,
  newFile,
  options,
  wordsOf,
  type ZfsCommand,
} from './common.ts'

/** `zfs create [-p] [-o name=value] FILESYSTEM`, `zfs create [-ps] [-b SIZE] -V SIZE VOLUME` */
export const create: ZfsCommand = async (words, zfs) => {
  const given = options(words, 'pusvnV:b:o:')
  const size = optionValue(given, 'V')
  const { dataset: name } = wordsOf(given, 'dataset')
  if (given.flags.has('p') && find(zfs.state, name)) return prints()
  const doing = `cannot create '${name}'`
  const volsize = size === undefined ? undefined : parseSize(size)
  if (size !== undefined && !volsize) throw new Refused(1, `${doing}: bad volume size '${size}'`)

  const set: Record<string, string> = {}
  let blockSize = optionValue(given, 'b')
  for (const word of given.values.get('o') ?? []) {
    const [property, value] = assignment(word)
    if (property === 'volblocksize') blockSize = value
    else
      set[property] = checkedValue(
        doing,
        { dataset: { kind: size === undefined ? 'filesystem' : 'volume' } },
        property,
        value,
      )
  }
  await checkNewName(zfs, name, given.flags.has('p'))
  if (volsize === undefined)
    addDataset(zfs, { name, kind: 'filesystem', ownBytes: emptyFilesystemBytes, properties: set })
  else await createVolume(zfs, name, { volsize, blockSize, sparse: given.flags.has('s'), set })
  return prints()
}

async function createVolume(
  zfs: Zfs,
  name: string,
  wanted: { volsize: number; blockSize: string | undefined; sparse: boolean; set: Record<string, string> },
): Promise<void> {
  const { sparse, set } = wanted
  const volblocksize = parseSize(wanted.blockSize ?? '16K')
  if (!volblocksize || volblocksize < 512 || Math.log2(volblocksize) % 1 !== 0)
    throw new Refused(1, `cannot create '${name}': 'volblocksize' must be power of 2 from 512B to 128K`)
  const volsize = Math.ceil(wanted.volsize / volblocksize) * volblocksize
  if (!sparse) {
    const free = (await measure(zfs)).available(name.slice(0, name.lastIndexOf('/')))
    if (volsize > free) throw new Refused(1, `cannot create '${name}': out of space`)
    set.refreservation ??= String(volsize)
  }
  const file = newFile(zfs.state)
  await zfs.files.create(file, volsize)
  const volume = { volsize, volblocksize, sparse, file }
  await zfs.showLater(addDataset(zfs, { name, kind: 'volume', ownBytes: 0, properties: set, volume }))
}
