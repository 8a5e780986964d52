import { emptyFilesystemBytes } from './state.ts'
import { childrenOf, type Entry, entryOf, originOf, parentName, poolOf } from './tree.ts'
import type { Zfs } from './zfs.ts'

/** What an entry takes up, in bytes. */
export interface Space {
  /** With its snapshots and children, and what is reserved for it. */
  used: number
  referenced: number
  usedByDataset: number
  usedBySnapshots: number
  usedByChildren: number
  usedByRefreservation: number
}

/** The sizes of everything at one moment. */
export interface SpaceReport {
  of(entry: Entry): Space
  /** What can still be written into a dataset. */
  available(dataset: string): number
  /** Of a pool. */
  allocated(pool: string): number
}

/** A volume's own bookkeeping, and what a clone has of its own from the start. */
const volumeOverheadBytes = 8192

/**
 * The files of volumes are measured, everything else follows. Real ZFS counts compressed blocks; this counts what the sparse file takes
 * up, which moves in the same direction.
 */
export async function measure({ state, files }: Zfs): Promise<SpaceReport> {
  const onDisk = new Map<string, { bytes: number; changedAtMs: number }>()
  const kept = [...state.datasets.map(({ volume }) => volume), ...state.datasets.flatMap(({ snapshots }) => snapshots)]
  await Promise.all(
    kept.map(async (each) => {
      if (each?.file === undefined) return
      const [bytes, changedAtMs] = await Promise.all([files.allocatedBytes(each.file), files.changedAtMs(each.file)])
      onDisk.set(each.file, { bytes, changedAtMs })
    }),
  )
  const sizeOf = (file: string | undefined) => (file === undefined ? 0 : (onDisk.get(file)?.bytes ?? 0))
  const changedAt = (file: string | undefined) => (file === undefined ? 0 : (onDisk.get(file)?.changedAtMs ?? 0))
  const known = new Map<string, Space>()

  function of(entry: Entry): Space {
    const there = known.get(entry.name)
    if (there) return there
    const space = entry.snapshot ? ofSnapshot(entry) : ofDataset(entry)
    known.set(entry.name, space)
    return space
  }

  function ofSnapshot({ dataset, snapshot }: Entry): Space {
    const file = snapshot?.file
    // A snapshot has nothing of its own until its volume goes another way.
    const differs = file !== undefined && changedAt(dataset.volume?.file) > changedAt(file)
    const used = differs ? Math.max(volumeOverheadBytes, sizeOf(file) - sizeOf(dataset.volume?.file)) : 0
    return { ...nothing, used, referenced: snapshot?.referencedBytes ?? 0 }
  }

  function ofDataset({ dataset }: Entry): Space {
    const file = dataset.volume?.file
    const referenced = file === undefined ? dataset.ownBytes : sizeOf(file) + volumeOverheadBytes
    const origin = originOf(state, dataset)?.snapshot
    const usedByDataset = origin
      ? volumeOverheadBytes +
        Math.max(0, referenced - Math.max(origin.referencedBytes, sizeOf(origin.file) + volumeOverheadBytes))
      : referenced
    const usedBySnapshots = sum(dataset.snapshots.map((snapshot) => of(entryOf(dataset, snapshot)).used))
    const usedByChildren = sum(
      childrenOf(state, dataset.name).map((child) =>
        Math.max(of(entryOf(child)).used, number(child.properties.reservation)),
      ),
    )
    const usedByRefreservation = Math.max(0, number(dataset.properties.refreservation) - usedByDataset)
    const used = usedByDataset + usedBySnapshots + usedByChildren + usedByRefreservation
    return { used, referenced, usedByDataset, usedBySnapshots, usedByChildren, usedByRefreservation }
  }

  function usedOf(name: string): number {
    const dataset = state.datasets.find((each) => each.name === name)
    return dataset ? of(entryOf(dataset)).used : 0
  }

  function available(name: string): number {
    const pool = poolOf(state, name)
    // ZFS keeps a 32nd part for itself.
    let bytes = pool ? Math.floor((pool.sizeBytes * 31) / 32) - usedOf(pool.name) : 0
    for (let at: string | undefined = name; at !== undefined; at = parentName(at)) {
      const quota = number(state.datasets.find((each) => each.name === at)?.properties.quota)
      if (quota > 0) bytes = Math.min(bytes, quota - usedOf(at))
    }
    const own = state.datasets.find((each) => each.name === name)
    const reserved = own ? of(entryOf(own)).usedByRefreservation : 0
    return Math.max(0, bytes) + reserved
  }

  return { of, available, allocated: (pool) => usedOf(pool) + emptyFilesystemBytes }
}

const nothing = { usedByDataset: 0, usedBySnapshots: 0, usedByChildren: 0, usedByRefreservation: 0 }

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0)
}

function number(text: string | undefined): number {
  return text === undefined || text === 'none' ? 0 : Number(text)
}
