import { open } from 'node:fs/promises'
import { Type } from 'typebox'
import { parseJson } from '../../../contract/parse.ts'
import { optionValue } from '../../tools/getopt.ts'
import { Refused } from '../../tools/refused.ts'
import { prints } from '../../tools/said.ts'
import { measure } from '../space.ts'
import { emptyFilesystemBytes } from '../state.ts'
import { entryOf, find } from '../tree.ts'
import {
  addDataset,
  assignment,
  checkedValue,
  checkNewName,
  newFile,
  numbers,
  opened,
  options,
  wordsOf,
  type ZfsCommand,
} from './common.ts'

/** The first line of our streams. Only the simulator reads them; real ones are of another form. */
const Header = Type.Object({
  snapshot: Type.String(),
  guid: Type.String(),
  /** The guid of the snapshot that an incremental stream starts from. */
  from: Type.Optional(Type.String()),
  kind: Type.Enum(['filesystem', 'volume']),
  ownBytes: Type.Integer(),
  volsize: Type.Optional(Type.Integer()),
  volblocksize: Type.Optional(Type.Integer()),
})

const blockBytes = 64 * 1024
const zeros = Buffer.alloc(blockBytes)

/** `zfs send [-cLnPpvw] [-i SNAPSHOT] SNAPSHOT`: one line that says what it is, then a line for each block that is not all zeros. */
export const send: ZfsCommand = async (words, zfs) => {
  const given = options(words, 'cDeLnPpRvVwi:I:')
  const { snapshot: name } = wordsOf(given, 'snapshot')
  const { dataset, snapshot } = opened(zfs, name)
  if (!snapshot) throw new Refused(1, `cannot send '${name}': not a snapshot`)
  const fromWord = optionValue(given, 'i') ?? optionValue(given, 'I')
  const from = fromWord === undefined ? undefined : `${dataset.name}@${fromWord.split('@')[1] ?? fromWord}`
  const start = from === undefined ? undefined : opened(zfs, from).snapshot

  if (given.flags.has('n')) {
    const bytes = (await measure(zfs)).of(entryOf(dataset, snapshot)).referenced
    const what = from === undefined ? `full\t${name}\t${bytes}` : `incremental\t${from}\t${name}\t${bytes}`
    return given.flags.has('v') || given.flags.has('P') ? prints(what, `size\t${bytes}`) : prints()
  }
  const { volume } = dataset
  const lines = [
    JSON.stringify({
      snapshot: snapshot.name,
      guid: snapshot.guid,
      ...(start ? { from: start.guid } : {}),
      kind: dataset.kind,
      ownBytes: dataset.ownBytes,
      ...(volume ? { volsize: snapshot.volsize, volblocksize: volume.volblocksize } : {}),
    }),
  ]
  if (snapshot.file)
    for await (const [offset, block] of blocksOf(zfs.files.path(snapshot.file)))
      lines.push(`${offset} ${block.toString('base64')}`)
  return prints(...lines)
}

async function* blocksOf(path: string): AsyncGenerator<[offset: number, block: Buffer]> {
  const file = await open(path)
  try {
    for (let offset = 0; ; offset += blockBytes) {
      const { bytesRead, buffer } = await file.read(Buffer.alloc(blockBytes), 0, blockBytes, offset)
      if (bytesRead === 0) return
      const block = buffer.subarray(0, bytesRead)
      if (!block.equals(zeros.subarray(0, bytesRead))) yield [offset, block]
    }
  } finally {
    await file.close()
  }
}

/** `zfs receive [-Fsuv] [-o NAME=VALUE] [-x NAME] DATASET`, of what `send` wrote. */
export const receive: ZfsCommand = async (words, zfs, stdin = '') => {
  const given = options(words, 'FsuveMo:x:')
  const { snapshot: target } = wordsOf(given, 'snapshot')
  const name = target.split('@', 1)[0] as string
  const [first = '', ...blocks] = stdin.split('\n')
  if (first === '') throw new Refused(1, 'cannot receive: failed to read from stream')
  const header = parseJson(Header, first, 'the stream')
  const properties: Record<string, string> = {}
  for (const word of given.values.get('o') ?? []) {
    const [property, value] = assignment(word)
    properties[property] = checkedValue(`cannot receive '${name}'`, { dataset: header }, property, value)
  }

  const there = find(zfs.state, name)?.dataset
  if (there && header.from === undefined)
    throw new Refused(
      1,
      `cannot receive new filesystem stream: destination '${name}' exists`,
      'must specify -F to overwrite it',
    )
  if (!there && header.from !== undefined)
    throw new Refused(1, `cannot receive incremental stream: destination '${name}' does not exist`)
  if (there && there.snapshots.at(-1)?.guid !== header.from)
    throw new Refused(
      1,
      `cannot receive incremental stream: most recent snapshot of ${name} does not`,
      'match incremental source',
    )
  if (!there) await checkNewName(zfs, name, false)

  const { volsize = 0, volblocksize = 16_384 } = header
  const volume =
    header.kind === 'volume' ? { volsize, volblocksize, sparse: true, file: newFile(zfs.state) } : undefined
  const kept = there?.volume ?? volume
  if (kept) await writeBlocks(zfs.files.path(kept.file), volsize, blocks, () => zfs.files.create(kept.file, volsize))
  const dataset =
    there ??
    addDataset(zfs, {
      name,
      kind: header.kind,
      ownBytes: emptyFilesystemBytes,
      properties,
      ...(volume ? { volume } : {}),
    })
  dataset.ownBytes = header.ownBytes
  if (dataset.volume) dataset.volume.volsize = volsize

  const file = kept && newFile(zfs.state)
  if (kept && file) await zfs.files.copy(kept.file, file)
  const { referenced } = (await measure(zfs)).of(entryOf(dataset))
  dataset.snapshots.push({
    ...numbers(zfs.state, zfs.now()),
    name: target.split('@')[1] ?? header.snapshot,
    guid: header.guid,
    properties: {},
    holds: {},
    referencedBytes: referenced,
    ...(file ? { volsize, file } : {}),
  })
  if (!there) await zfs.showLater(dataset)
  return prints()
}

async function writeBlocks(
  path: string,
  sizeBytes: number,
  lines: readonly string[],
  create: () => Promise<void>,
): Promise<void> {
  await create()
  const file = await open(path, 'r+')
  try {
    for (const line of lines.filter((each) => each !== '')) {
      const [offset, block = ''] = line.split(' ')
      await file.write(Buffer.from(block, 'base64'), 0, undefined, Number(offset))
    }
    await file.truncate(sizeBytes)
  } finally {
    await file.close()
  }
}
