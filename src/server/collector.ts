import type { Collection } from '../contract/collection.ts'
import { AppError } from '../contract/errors.ts'
import type { Db } from '../database/open.ts'
import type { Log } from '../platform/log.ts'
import type { Blobs } from '../registry/blobs.ts'
import { collect } from '../registry/collection.ts'
import type { StorageMetrics } from './storage-metrics.ts'

export interface CollectorOptions {
  db: Db
  blobs: Blobs
  storage: StorageMetrics
  log: Log
  /** How long something stays that nothing needs: a manifest that names it may be on its way. */
  collectAfterSeconds: number
  /** Whether this process is the only one at the storage. */
  isAlone: boolean
  /** Aborted when the server stops. */
  closing: AbortSignal
}

/** Collects by the clock and on demand, one at a time. */
export type Collector = ReturnType<typeof openCollector>

type Progress = (done: number, total: number) => void

export function openCollector(options: CollectorOptions) {
  const { db, blobs, storage, log, collectAfterSeconds, isAlone, closing } = options
  let running: Promise<Collection> | undefined

  function run(dryRun: boolean, onProgress: Progress): Promise<Collection> {
    const before = new Date(Date.now() - collectAfterSeconds * 1000)
    return collect({ db, blobs, before, dryRun, isAlone, signal: closing, onProgress })
  }

  async function runCounted(onProgress: Progress): Promise<Collection> {
    const collection = await storage.collecting(
      'blob',
      () => run(false, onProgress),
      ({ blobs }) => blobs,
    )
    storage.freed(collection.freedBytes)
    const { removed: _, ...facts } = collection
    log.info(facts, 'collected what nothing needs')
    if (facts.orphans > 0)
      log.warn(
        { orphans: facts.orphans, orphanBytes: facts.orphanBytes, collectAfterSeconds },
        'the storage has bytes that the database does not know; they will be removed when the grace time has passed',
      )
    return collection
  }

  return {
    /** Says what a collection would remove. */
    preview: (onProgress: Progress = () => {}) => run(true, onProgress),

    /** @throws AppError conflict when one is running; what `collect` throws */
    async collect(onProgress: Progress = () => {}): Promise<Collection> {
      if (running) throw new AppError('conflict', 'a collection is running; try again when it has ended')
      running = runCounted(onProgress)
      try {
        return await running
      } finally {
        running = undefined
      }
    },

    /** Resolves when nothing is running any more. Call it when `closing` is aborted. */
    async ended(): Promise<void> {
      await running?.catch(() => {})
    },
  }
}
