import type { Options } from '../../tools/getopt.ts'
import { optionValue } from '../../tools/getopt.ts'
import { Refused } from '../../tools/refused.ts'
import { isUserProperty, knownName, properties, propertyValue, type Source, type Value } from '../properties.ts'
import { humanize } from '../sizes.ts'
import { type Entry, entryOf, find, treeOf } from '../tree.ts'
import type { Zfs } from '../zfs.ts'
import { usage } from './common.ts'
import { dateOf } from './hold.ts'

/** What `zfs list` and `zfs get` have in common: which entries are meant, and how a value is written. */

const kinds = ['filesystem', 'volume', 'snapshot', 'bookmark'] as const

/** The entries that are asked for by names, `-r`, `-d` and `-t`, in the order of zfs; names that are not there are told one by one. */
export function chosenEntries(
  zfs: Zfs,
  given: Options,
  ordinary: readonly string[],
): { entries: Entry[]; problems: string[] } {
  const typeWord = optionValue(given, 't')
  const types = typeWord === undefined ? ordinary : typesOf(typeWord)
  const depthWord = optionValue(given, 'd')
  // `-t snapshot DATASET` means the snapshots of this dataset.
  const implied =
    typeWord !== undefined && types.length === 1 && types[0] === 'snapshot' && given.words.length > 0 ? 1 : 0
  const depth = depthWord !== undefined ? Number(depthWord) : given.flags.has('r') ? Number.POSITIVE_INFINITY : implied
  const problems: string[] = []
  const found = new Map<string, Entry>()

  const tops = given.words.length > 0 ? given.words : zfs.state.pools.map(({ name }) => name)
  const deep = given.words.length > 0 || depthWord !== undefined ? depth : Number.POSITIVE_INFINITY
  for (const name of tops) {
    const top = find(zfs.state, name)
    if (!top) {
      problems.push(`cannot open '${name}': dataset does not exist`)
      continue
    }
    if (top.snapshot) {
      if (typeWord === undefined || types.includes('snapshot')) found.set(top.name, top)
      continue
    }
    for (const dataset of treeOf(zfs.state, name)) {
      const level = dataset.name.slice(name.length).split('/').length - 1
      if (level > deep) continue
      if (types.includes(dataset.kind)) found.set(dataset.name, entryOf(dataset))
      if (level < deep && types.includes('snapshot'))
        for (const snapshot of dataset.snapshots) {
          const entry = entryOf(dataset, snapshot)
          found.set(entry.name, entry)
        }
    }
  }
  return { entries: [...found.values()].sort(byName), problems }
}

/** By dataset, each before its snapshots, which come the oldest first. */
function byName(a: Entry, b: Entry): number {
  if (a.dataset.name !== b.dataset.name) return a.dataset.name < b.dataset.name ? -1 : 1
  return a.dataset.snapshots.indexOf(a.snapshot as never) - b.dataset.snapshots.indexOf(b.snapshot as never)
}

function typesOf(word: string): string[] {
  return word.split(',').flatMap((type) => {
    if (type === 'all') return [...kinds]
    const known = kinds.find(
      (kind) =>
        kind === type ||
        `${kind}s` === type ||
        (type === 'snap' && kind === 'snapshot') ||
        (type === 'fs' && kind === 'filesystem') ||
        (type === 'vol' && kind === 'volume'),
    )
    if (!known) throw new Refused(2, `invalid type '${type}'`, usage)
    return [known]
  })
}

/** The full names of a list of properties. @throws Refused, exit 2 */
export function propertyNames(list: string): string[] {
  return list.split(',').map((name) => {
    const full = knownName(name)
    if (full === undefined) throw new Refused(2, `bad property list: invalid property '${name}'`, usage)
    return full
  })
}

export function heading(name: string): string {
  return isUserProperty(name) ? name.toUpperCase() : (properties[name]?.heading ?? name.toUpperCase())
}

/** A value as it is written: exactly (-p), or for people. */
export function written({ value, unit }: Value, exact: boolean): string {
  if (exact || unit === undefined || value === '-') return value
  return unit === 'time' ? dateOf(Number(value)) : humanize(Number(value))
}

export function cell(source: Source, name: string, exact: boolean): string {
  const value = propertyValue(source, name)
  if (!value) return '-'
  // No limit is a word to people, and 0 to programs.
  if (!exact && value.value === '0' && properties[name]?.initial === '0' && properties[name]?.unit) return 'none'
  return written(value, exact)
}

export function isSize(name: string): boolean {
  return properties[name]?.unit === 'bytes' || name === 'compressratio'
}
