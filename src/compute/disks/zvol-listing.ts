import { join } from 'node:path'
import type { StoredDisk } from '../disk-store.ts'
import type { ZfsRow } from './zfs-output.ts'
import { imageSnapshot, readOwner, readSnapshot } from './zvol-names.ts'

/** What the rows are of disks with our mark; images only when they are whole. Snapshots stand behind their volume's row. */
export function storedDisks(rows: readonly ZfsRow[], deviceFolder: string): StoredDisk[] {
  const snapshotsOf = Map.groupBy(
    rows.filter((row) => row.type === 'snapshot'),
    (row) => row.name.split('@')[0],
  )
  return rows.flatMap((volume) => {
    const name = volume.type === 'volume' && volume.owner ? readOwner(volume.owner) : undefined
    if (!name) return []
    const snapshots = snapshotsOf.get(volume.name) ?? []
    if (name.kind === 'image' && !snapshots.some((row) => row.name.endsWith(`@${imageSnapshot}`))) return []
    return [
      {
        name,
        path: join(deviceFolder, volume.name),
        sizeBytes: volume.volsizeBytes,
        usedBytes: volume.usedBytes,
        referencedBytes: volume.referencedBytes,
        snapshots: snapshots.flatMap((row) => {
          const given = readSnapshot(row.name.slice(volume.name.length + 1))
          const at = new Date(row.creation * 1000).toISOString()
          return given === undefined ? [] : [{ name: given, at, memory: row.memory, usedBytes: row.usedBytes }]
        }),
      },
    ]
  })
}

/** Those of a volume's snapshots (oldest first) that came after the one of this name; undefined when there is none of this name. */
export function youngerThan(snapshots: readonly ZfsRow[], name: string): ZfsRow[] | undefined {
  const at = snapshots.findIndex((row) => row.name === name)
  return at < 0 ? undefined : snapshots.slice(at + 1)
}

/** A snapshot as people know it: ours by the name they gave it, the others whole. */
export function shown({ name }: ZfsRow): string {
  return readSnapshot(name.split('@')[1] ?? '') ?? name
}
