import { getopt, type Options } from '../../tools/getopt.ts'
import { Refused } from '../../tools/refused.ts'
import type { Said } from '../../tools/said.ts'
import { isUserProperty, knownName, properties } from '../properties.ts'
import { parseSize } from '../sizes.ts'
import { type Dataset, emptyFilesystemBytes, type Snapshot } from '../state.ts'
import { type Entry, find, parentName, poolName } from '../tree.ts'
import type { Zfs } from '../zfs.ts'

/** A subcommand of zfs(8), with the words that follow its name. */
export type ZfsCommand = (words: readonly string[], zfs: Zfs, stdin?: string) => Promise<Said>

export const usage = 'usage: zfs command args ...'

/** Reads a subcommand's options. @throws Refused, exit 2 */
export function options(words: readonly string[], spec: string): Options {
  return getopt(words, spec, (letter) => new Refused(2, `invalid option '${letter}'`, usage))
}

/** @throws Refused, exit 2, when fewer words are there than are needed */
export function wordsOf<N extends string>(given: Options, ...names: N[]): Record<N, string> {
  const missing = names[given.words.length]
  if (missing !== undefined) throw new Refused(2, `missing ${missing} argument`, usage)
  if (given.words.length > names.length) throw new Refused(2, 'too many arguments', usage)
  return Object.fromEntries(names.map((name, at) => [name, given.words[at]])) as Record<N, string>
}

/** @throws Refused when there is no such thing */
export function opened(zfs: Zfs, name: string): Entry {
  const entry = find(zfs.state, name)
  if (!entry) throw new Refused(1, `cannot open '${name}': dataset does not exist`)
  return entry
}

/** @throws Refused when a new dataset cannot have this name; makes the missing ones above it when `parents` is set */
export async function checkNewName(zfs: Zfs, name: string, parents: boolean): Promise<void> {
  const wrong = /[^A-Za-z0-9_.:/ -]/.exec(name)?.[0]
  if (wrong !== undefined) throw new Refused(1, `cannot create '${name}': invalid character '${wrong}' in name`)
  if (!zfs.state.pools.some((pool) => pool.name === poolName(name)))
    throw new Refused(1, `cannot create '${name}': no such pool '${poolName(name)}'`)
  if (find(zfs.state, name)) throw new Refused(1, `cannot create '${name}': dataset already exists`)
  const above = parentName(name) ?? name
  const parent = find(zfs.state, above)?.dataset
  if (parent?.kind === 'volume') throw new Refused(1, `cannot create '${name}': parent is not a filesystem`)
  if (parent) return
  if (!parents) throw new Refused(1, `cannot create '${name}': parent does not exist`)
  await checkNewName(zfs, above, true)
  addDataset(zfs, { name: above, kind: 'filesystem', ownBytes: emptyFilesystemBytes, properties: {} })
}

/** Adds a dataset, with the numbers that ZFS gives it. */
export function addDataset(
  { state, now }: Zfs,
  facts: Pick<Dataset, 'name' | 'kind' | 'ownBytes' | 'properties' | 'volume' | 'origin'>,
): Dataset {
  const dataset: Dataset = { ...facts, ...numbers(state, now()), objsetid: state.nextObject++, snapshots: [] }
  state.datasets.push(dataset)
  return dataset
}

/** What each new thing gets: a transaction, a guid that nothing else has, and its time. */
export function numbers(state: Zfs['state'], now: Date): { guid: string; createtxg: number; creation: number } {
  const createtxg = state.nextTxg++
  // The golden ratio's bits spread small numbers over all that a guid may be.
  const guid = BigInt.asUintN(63, BigInt(createtxg) * 11400714819323198485n)
  return { guid: String(guid), createtxg, creation: Math.floor(now.getTime() / 1000) }
}

/** A name for a file that keeps the bytes of a volume or of a snapshot. */
export function newFile(state: Zfs['state']): string {
  return `${state.nextObject++}.img`
}

/** Reads "name=value". @throws Refused, exit 2 */
export function assignment(word: string): [name: string, value: string] {
  const at = word.indexOf('=')
  if (at === -1) throw new Refused(2, `missing '=' for property=value argument`, usage)
  return [word.slice(0, at), word.slice(at + 1)]
}

/** What a property is set on, as far as it matters for its value. */
type Owner = { dataset: Pick<Dataset, 'kind'>; snapshot?: Snapshot }

/**
 * The text that a property is kept as. `doing` begins the error: "cannot set property for 'tank/x'".
 * @throws Refused when the property is not known, or cannot have this value
 */
export function checkedValue(doing: string, entry: Owner, name: string, value: string): string {
  const full = knownName(name)
  if (full === undefined) throw new Refused(1, `${doing}: invalid property '${name}'`)
  if (isUserProperty(full)) {
    if (!/^[a-z0-9:._-]{1,256}$/.test(full)) throw new Refused(1, `${doing}: invalid property '${name}'`)
    if (Buffer.byteLength(value) > 8191) throw new Refused(1, `${doing}: property value too long`)
    return value
  }
  const property = properties[full]
  if (property?.read || property?.initial === undefined) {
    if (full !== 'mountpoint') throw new Refused(1, `${doing}: '${full}' is readonly`)
    return value
  }
  const kind = entry.snapshot ? 'snapshot' : entry.dataset.kind
  if (!property.of.includes(kind)) throw new Refused(1, `${doing}: '${full}' does not apply to datasets of this type`)
  if (full === 'volmode' && !['default', 'full', 'geom', 'dev', 'none'].includes(value))
    throw new Refused(1, `${doing}: 'volmode' must be one of 'default | full | geom | dev | none'`)
  if (property.unit !== 'bytes' || value === 'none') return value === 'none' && property.unit === 'bytes' ? '0' : value
  const bytes = parseSize(value)
  if (bytes === undefined) throw new Refused(1, `${doing}: bad numeric value '${value}'`)
  return String(bytes)
}
