import type { Dataset, Pool, Snapshot, ZfsState } from './state.ts'

/** A thing with a name of its own: a file system, a volume, or a snapshot of one. */
export interface Entry {
  /** "zroot/var", "zroot/var@monday" */
  name: string
  dataset: Dataset
  snapshot?: Snapshot
}

export function entryOf(dataset: Dataset, snapshot?: Snapshot): Entry {
  return snapshot ? { name: `${dataset.name}@${snapshot.name}`, dataset, snapshot } : { name: dataset.name, dataset }
}

export function kindOf({ dataset, snapshot }: Entry): 'filesystem' | 'volume' | 'snapshot' {
  return snapshot ? 'snapshot' : dataset.kind
}

/** What has this name, or undefined. */
export function find(state: ZfsState, name: string): Entry | undefined {
  const [datasetName, snapshotName] = name.split('@')
  const dataset = state.datasets.find((each) => each.name === datasetName)
  if (!dataset || snapshotName === undefined) return dataset && entryOf(dataset)
  const snapshot = dataset.snapshots.find((each) => each.name === snapshotName)
  return snapshot && entryOf(dataset, snapshot)
}

/** A dataset and all below it, in the order of `zfs list`: by name, each before its children. */
export function treeOf(state: ZfsState, top: string): Dataset[] {
  return state.datasets
    .filter(({ name }) => name === top || name.startsWith(`${top}/`))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
}

export function childrenOf(state: ZfsState, name: string): Dataset[] {
  return treeOf(state, name).filter((each) => each.name.lastIndexOf('/') === name.length)
}

/** "zroot" of "zroot/var@monday" */
export function poolName(name: string): string {
  return name.split(/[/@]/, 1)[0] as string
}

export function poolOf(state: ZfsState, name: string): Pool | undefined {
  return state.pools.find((pool) => pool.name === poolName(name))
}

/** The name of the dataset above, or undefined for a pool's own. */
export function parentName(name: string): string | undefined {
  const at = name.lastIndexOf('/')
  return at === -1 ? undefined : name.slice(0, at)
}

/** The clones of a snapshot. */
export function clonesOf(state: ZfsState, snapshot: Snapshot): Dataset[] {
  return state.datasets.filter(({ origin }) => origin === snapshot.guid)
}

/** The snapshot that a clone was made of. */
export function originOf(state: ZfsState, dataset: Dataset): Entry | undefined {
  if (dataset.origin === undefined) return undefined
  for (const each of state.datasets) {
    const snapshot = each.snapshots.find(({ guid }) => guid === dataset.origin)
    if (snapshot) return entryOf(each, snapshot)
  }
  return undefined
}

/** All that hangs on an entry, clones too, in the order in which it has to be destroyed: what hangs on a thing comes before the thing. */
export function dependentsOf(state: ZfsState, entry: Entry): Entry[] {
  const below = entry.snapshot
    ? clonesOf(state, entry.snapshot).map((clone) => entryOf(clone))
    : [
        ...entry.dataset.snapshots.map((snapshot) => entryOf(entry.dataset, snapshot)),
        ...childrenOf(state, entry.name).map((child) => entryOf(child)),
      ]
  return below.flatMap((each) => [...dependentsOf(state, each), each])
}
