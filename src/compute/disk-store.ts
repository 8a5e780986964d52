import type { Readable } from 'node:stream'

/**
 * The disks of a host, and their snapshots. Each is named by what it belongs to and an owner: `images` by the layer's digest, instances' first
 * disks by the instance's UUID, volumes by their id. A store touches nothing that does not carry its mark.
 *
 * Every method may be killed anywhere and called again: what is half made is never taken for whole, and is made anew.
 */
export interface DiskStore {
  readonly kind: 'zvol' | 'raw'

  /** Whether this host can keep disks so: "zvol", "raw", "snapshot.disk", "clone". Never throws. */
  probe(): Promise<Record<string, { available: boolean; reason?: string }>>

  /** What disks can have here. @throws AppError command-failed */
  capacity(): Promise<{ diskBytes: number; freeDiskBytes: number }>

  /** What the disks lie on, with everything else that is there. @throws AppError command-failed */
  pool(): Promise<PoolStatus>

  /** Everything with this store's mark, whole things only. One call of the tool, whatever the number of disks. @throws AppError command-failed */
  list(): Promise<StoredDisk[]>

  /**
   * Writes an image once: from then on it can be cloned as often as is asked for, at no cost. `bytes` is the raw disk as it comes; runs of
   * zeros take no room.
   * @throws AppError storage-full | image-refused (another length than announced); what `bytes` throws
   */
  importImage(digest: string, sizeBytes: number, bytes: () => Readable): Promise<void>
  /** @throws AppError conflict while a disk is a clone of it. Gone already is fine. */
  removeImage(digest: string): Promise<void>

  /**
   * Makes a disk: a clone of an image or of a snapshot, grown to `sizeBytes`, or an empty one. One that is there is left as it is, but grown when
   * it is smaller.
   * @throws AppError storage-full (the quota too) | not-found (the origin) | conflict (the disk would have to shrink)
   */
  create(disk: DiskName, source: DiskSource, sizeBytes: number): Promise<void>
  /** Makes a disk larger. @throws AppError storage-full | conflict (it would have to shrink) */
  grow(disk: DiskName, sizeBytes: number): Promise<void>

  /** Removes a disk with its snapshots. Gone already is fine. @throws AppError conflict: it is in use, or has clones; they are named */
  remove(disk: DiskName): Promise<void>

  /** The device or file that a hypervisor opens; waits until it is there. @throws AppError command-timeout */
  path(disk: DiskName): Promise<string>

  /** All these disks at one moment. A snapshot of this name that is there for all of them is fine. @throws AppError conflict | storage-full */
  snapshot(disks: readonly DiskName[], name: string, facts: { memory: boolean }): Promise<void>
  /**
   * Puts the disks back. The caller has made sure that nobody has them open: ZFS itself does not care.
   * @throws AppError not-found | conflict (younger snapshots are in the way, unless they are to be discarded, or have clones)
   */
  rollback(disks: readonly DiskName[], name: string, options: { discardYounger: boolean }): Promise<void>
  /** @throws AppError conflict while a disk is a clone of it. Gone already is fine. */
  removeSnapshot(disks: readonly DiskName[], name: string): Promise<void>
}

/** `instance`: the first disk of the instance with this UUID. `volume`: a volume, by its id. */
export type DiskName = { kind: 'instance' | 'volume'; id: string }

export type DiskSource = { image: string } | { snapshotOf: DiskName; snapshot: string } | { empty: true }

export interface StoredDisk {
  name: DiskName | { kind: 'image'; digest: string }
  /** The device or the file. */
  path: string
  sizeBytes: number
  /** What it takes up by itself, its snapshots included. */
  usedBytes: number
  /** What is in it, be it shared with others or its own. */
  referencedBytes: number
  snapshots: readonly StoredSnapshot[]
}

export interface PoolStatus {
  /** Of the pool, or the folder. */
  name: string
  /** Absent while the pool cannot be opened. */
  room?: { sizeBytes: number; freeBytes: number }
  /** In the words of ZFS: ONLINE, DEGRADED, …; absent where nobody says. */
  health?: string
}

export interface StoredSnapshot {
  name: string
  /** ISO 8601 */
  at: string
  memory: boolean
  usedBytes: number
}
