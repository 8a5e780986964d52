import type { SnapshotStatus } from '../../src/contract/compute-status.ts'

/** Snapshots, the newest first. Those of one second keep the order in which the host tells them, which is that of their making. */
export function newestFirst(snapshots: readonly SnapshotStatus[]): SnapshotStatus[] {
  return oldestFirst(snapshots).toReversed()
}

/** The names of the snapshots that a restore of one would take away, the oldest first. */
export function youngerThan(name: string, snapshots: readonly SnapshotStatus[]): string[] {
  const names = oldestFirst(snapshots).map((snapshot) => snapshot.name)
  const place = names.indexOf(name)
  return place < 0 ? [] : names.slice(place + 1)
}

function oldestFirst(snapshots: readonly SnapshotStatus[]): SnapshotStatus[] {
  return snapshots.toSorted((a, b) => Date.parse(a.at) - Date.parse(b.at))
}
