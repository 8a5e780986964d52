import type { Options } from '../../tools/getopt.ts'
import { Refused } from '../../tools/refused.ts'
import { prints } from '../../tools/said.ts'
import { type Entry, entryOf, find, treeOf } from '../tree.ts'
import type { Zfs } from '../zfs.ts'
import { opened, options, usage, type ZfsCommand } from './common.ts'

/** `zfs hold [-r] TAG SNAPSHOT…` */
export const hold: ZfsCommand = async (words, zfs) => {
  const { tag, entries } = tagged(zfs, options(words, 'r'))
  for (const { name, snapshot } of entries)
    if (snapshot?.holds[tag] !== undefined)
      throw new Refused(1, `cannot hold snapshot '${name}': tag already exists on this dataset`)
  for (const { snapshot } of entries) if (snapshot) snapshot.holds[tag] = Math.floor(zfs.now().getTime() / 1000)
  return prints()
}

/** `zfs release [-r] TAG SNAPSHOT…` */
export const release: ZfsCommand = async (words, zfs) => {
  const { tag, entries } = tagged(zfs, options(words, 'r'))
  for (const { name, snapshot } of entries) {
    if (snapshot?.holds[tag] === undefined)
      throw new Refused(1, `cannot release hold from snapshot '${name}': no such tag on this dataset`)
    delete snapshot.holds[tag]
  }
  return prints()
}

/** `zfs holds [-Hpr] SNAPSHOT…` */
export const holds: ZfsCommand = async (words, zfs) => {
  const given = options(words, 'rHp')
  if (given.words.length === 0) throw new Refused(2, 'missing snapshot argument', usage)
  const rows = snapshots(zfs, given, given.words).flatMap(({ name, snapshot }) =>
    Object.entries(snapshot?.holds ?? {}).map(([tag, time]) => [
      name,
      tag,
      given.flags.has('p') ? String(time) : dateOf(time),
    ]),
  )
  if (given.flags.has('H')) return prints(...rows.map((row) => row.join('\t')))
  if (rows.length === 0) return prints()
  const table = [['NAME', 'TAG', 'TIMESTAMP'], ...rows]
  const width = (column: number) => Math.max(...table.map((row) => row[column]?.length ?? 0))
  return prints(
    ...table.map(([name = '', tag = '', time]) => `${name.padEnd(width(0))}  ${tag.padEnd(width(1))}  ${time}`),
  )
}

function tagged(zfs: Zfs, given: Options): { tag: string; entries: Entry[] } {
  const [tag, ...names] = given.words
  if (tag === undefined || names.length === 0) throw new Refused(2, 'missing arguments', usage)
  return { tag, entries: snapshots(zfs, given, names) }
}

function snapshots(zfs: Zfs, given: Options, names: readonly string[]): Entry[] {
  return names.flatMap((name) => {
    const [top = '', snapshotName] = name.split('@')
    if (snapshotName === undefined) throw new Refused(1, `cannot open '${name}': not a snapshot`)
    if (!given.flags.has('r')) return [opened(zfs, name)]
    return treeOf(zfs.state, top).flatMap((each) => {
      const entry = find(zfs.state, `${each.name}@${snapshotName}`)
      return entry ? [entryOf(entry.dataset, entry.snapshot)] : []
    })
  })
}

/** As zfs writes times: "Fri Jan  2  3:04 2026". */
export function dateOf(seconds: number): string {
  const [, weekday, day = '', month, year, hour = '', minute] =
    /^(\w+), (\d+) (\w+) (\d+) (\d+):(\d+)/.exec(new Date(seconds * 1000).toUTCString()) ?? []
  return `${weekday} ${month} ${String(Number(day)).padStart(2)} ${String(Number(hour)).padStart(2)}:${minute} ${year}`
}
