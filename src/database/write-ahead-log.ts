import { dirname } from 'node:path'
import { asStorageError, openToSync, type SyncedFile, syncFolder } from '../platform/files.ts'

/** The file into which SQLite commits. What is in it survives the process; what was synced survives a power cut. */
export interface WriteAheadLog {
  /** Something was committed. */
  committed(): void
  /**
   * Resolves when all that was committed before the call is on the disk. Of all who wait at once the disk is asked once.
   * @throws AppError storage-full; an error of the disk. Then nobody knows what is on the disk, and the next call tries again.
   */
  onDisk(): Promise<void>
  /** Lets go of the file, after a last sync where something waits for one. */
  close(): Promise<void>
}

/**
 * `rewrite` makes all that was committed durable without what the log has, and empties the log. It is asked for after a sync that failed: a disk
 * tells only once that it lost something, and calls the rest fine from then on.
 *
 * The log is one file from its first commit until the database is closed: a checkpoint begins it anew, but does not replace it. So it is opened once.
 * A checkpoint syncs the log before it takes from it, and the database before the log is begun anew: whatever a sync finds no more is on the disk.
 */
export function openWriteAheadLog(path: string, rewrite: () => Promise<void>): WriteAheadLog {
  /** Commits are counted: how many there were, and how many of them are on the disk. */
  let commits = 0
  let durable = 0
  let file: SyncedFile | undefined
  let isDoubtful = false
  let running: Promise<void> | undefined

  async function sync(): Promise<void> {
    const reached = commits
    try {
      if (!file) {
        await syncFolder(dirname(path))
        file = await openToSync(path)
      }
      if (isDoubtful) await rewrite()
      await file.sync()
    } catch (error) {
      isDoubtful = true
      throw asStorageError(error, path)
    }
    isDoubtful = false
    durable = reached
  }

  async function onDisk(): Promise<void> {
    const wanted = commits
    // One that runs already may have begun too early, so it may take two.
    while (durable < wanted) {
      running ??= sync().finally(() => {
        running = undefined
      })
      await running
    }
  }

  return {
    committed() {
      commits += 1
    },
    onDisk,
    async close() {
      await onDisk().catch(() => {})
      await file?.close()
    },
  }
}
