import { Refused } from '../../tools/refused.ts'
import { prints } from '../../tools/said.ts'
import {
  addDataset,
  assignment,
  checkedValue,
  checkNewName,
  newFile,
  opened,
  options,
  wordsOf,
  type ZfsCommand,
} from './common.ts'

/** `zfs clone [-p] [-o name=value] SNAPSHOT DATASET` */
export const clone: ZfsCommand = async (words, zfs) => {
  const given = options(words, 'puo:')
  const { 'source dataset': from, 'target dataset': name } = wordsOf(given, 'source dataset', 'target dataset')
  const { dataset: origin, snapshot } = opened(zfs, from)
  if (!snapshot) throw new Refused(1, `cannot open '${from}': operation not applicable to datasets of this type`)
  const set: Record<string, string> = {}
  for (const word of given.values.get('o') ?? []) {
    const [property, value] = assignment(word)
    set[property] = checkedValue(`cannot create '${name}'`, { dataset: origin }, property, value)
  }
  await checkNewName(zfs, name, given.flags.has('p'))

  const { volsize: wantedSize, ...properties } = set
  const facts = { name, kind: origin.kind, properties, origin: snapshot.guid }
  if (!origin.volume || !snapshot.file) {
    addDataset(zfs, { ...facts, ownBytes: 0 })
    return prints()
  }
  const volsize = wantedSize === undefined ? (snapshot.volsize ?? 0) : Number(wantedSize)
  if (volsize % origin.volume.volblocksize !== 0)
    throw new Refused(1, `cannot create '${name}': 'volsize' must be a multiple of volume block size`)
  const file = newFile(zfs.state)
  await zfs.files.copy(snapshot.file, file)
  await zfs.files.resize(file, volsize)
  const volume = { volsize, volblocksize: origin.volume.volblocksize, sparse: true, file }
  await zfs.showLater(addDataset(zfs, { ...facts, ownBytes: 0, volume }))
  return prints()
}
