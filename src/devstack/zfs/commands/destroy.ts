import { Refused } from '../../tools/refused.ts'
import { prints, refuses, type Said } from '../../tools/said.ts'
import { measure } from '../space.ts'
import type { Snapshot } from '../state.ts'
import { clonesOf, dependentsOf, type Entry, entryOf, kindOf } from '../tree.ts'
import type { Zfs } from '../zfs.ts'
import { opened, options, wordsOf, type ZfsCommand } from './common.ts'

/** `zfs destroy [-dnprRv] DATASET`, or of snapshots: `DATASET@NAME`, `@ONE,OTHER`, `@FIRST%LAST` */
export const destroy: ZfsCommand = async (words, zfs) => {
  const given = options(words, 'dfnpRrv')
  const { dataset: name } = wordsOf(given, 'dataset')
  const clones = given.flags.has('R')
  const recursive = given.flags.has('r') || clones
  const targets = name.includes('@') ? snapshotsNamed(zfs, name, recursive) : [opened(zfs, name)]
  for (const target of targets) checkDependents(zfs, name, target, { recursive, clones })

  const doomed: Entry[] = []
  for (const target of targets)
    for (const entry of [...dependentsOf(zfs.state, target), target])
      if (!doomed.some((each) => each.name === entry.name)) doomed.push(entry)
  if (given.flags.has('n') || given.flags.has('v')) {
    const report = await describe(zfs, doomed, given.flags)
    if (given.flags.has('n')) return report
    return { ...report, ...(await destroyAll(zfs, doomed)), stdout: report.stdout }
  }
  return destroyAll(zfs, doomed)
}

function snapshotsNamed(zfs: Zfs, name: string, recursive: boolean): Entry[] {
  const [top = '', which = ''] = name.split('@')
  const { dataset } = opened(zfs, top)
  const owners = recursive ? zfs.state.datasets.filter((each) => `${each.name}/`.startsWith(`${top}/`)) : [dataset]
  const found = owners.flatMap((owner) => chosen(owner.snapshots, which).map((snapshot) => entryOf(owner, snapshot)))
  if (found.length === 0) throw new Refused(1, 'could not find any snapshots to destroy; check snapshot names.')
  return found
}

function chosen(snapshots: readonly Snapshot[], which: string): Snapshot[] {
  return which.split(',').flatMap((part) => {
    const [first, last] = part.split('%')
    if (last === undefined) return snapshots.filter((each) => each.name === part)
    const from = first ? snapshots.findIndex((each) => each.name === first) : 0
    const to = last ? snapshots.findIndex((each) => each.name === last) : snapshots.length - 1
    return from === -1 ? [] : snapshots.slice(from, to + 1)
  })
}

/** What hangs on it and was not asked for. */
function checkDependents(
  zfs: Zfs,
  name: string,
  target: Entry,
  { recursive, clones }: { recursive: boolean; clones: boolean },
) {
  const dependents = dependentsOf(zfs.state, target)
  const isBelow = (entry: Entry) => entry.name.startsWith(`${target.name}/`) || entry.name.startsWith(`${target.name}@`)
  const below = dependents.filter(isBelow)
  if (!recursive && below.length > 0)
    throw new Refused(
      1,
      `cannot destroy '${name}': ${kindOf(target)} has children`,
      `use '-r' to destroy the following datasets:`,
      ...below.map((each) => each.name),
    )
  const strange = dependents.filter((each) => !isBelow(each))
  if (!clones && strange.length > 0)
    throw new Refused(
      1,
      `cannot destroy '${name}': ${kindOf(target)} has dependent clones`,
      `use '-R' to destroy the following datasets:`,
      ...strange.map((each) => each.name),
    )
}

async function describe(zfs: Zfs, doomed: readonly Entry[], flags: ReadonlySet<string>): Promise<Said> {
  const space = await measure(zfs)
  const bytes = doomed.reduce((total, each) => total + space.of(each).used, 0)
  if (flags.has('p')) return prints(...doomed.map(({ name }) => `destroy\t${name}`), `reclaim\t${bytes}`)
  const would = flags.has('n') ? 'would' : 'will'
  return prints(...doomed.map(({ name }) => `${would} destroy ${name}`), `${would} reclaim ${bytes}`)
}

/** One after the other: what was destroyed before one that cannot be is gone, as snapshots are that come before their busy volume. */
async function destroyAll(zfs: Zfs, doomed: readonly Entry[]): Promise<Said> {
  for (const entry of doomed) {
    const problem = entry.snapshot
      ? await destroySnapshot(zfs, entry, entry.snapshot)
      : await destroyDataset(zfs, entry)
    if (problem !== undefined) return refuses(1, problem)
  }
  return prints()
}

async function destroySnapshot(zfs: Zfs, { name, dataset }: Entry, snapshot: Snapshot): Promise<string | undefined> {
  if (Object.keys(snapshot.holds).length > 0)
    return `cannot destroy snapshot ${name}: it's being held. Run 'zfs holds -r ${name}' to see holders.`
  if (clonesOf(zfs.state, snapshot).length > 0) return `cannot destroy snapshot ${name}: snapshot is cloned`
  dataset.snapshots = dataset.snapshots.filter((each) => each !== snapshot)
  if (snapshot.file) await zfs.files.remove(snapshot.file)
  return undefined
}

async function destroyDataset(zfs: Zfs, { name, dataset }: Entry): Promise<string | undefined> {
  if (dataset.volume && zfs.isOpen(dataset)) return `cannot destroy '${name}': dataset is busy`
  zfs.state.datasets = zfs.state.datasets.filter((each) => each !== dataset)
  if (dataset.volume) {
    await zfs.files.hideDevice(name)
    await zfs.files.remove(dataset.volume.file)
  }
  return undefined
}
