import { Counter, Histogram } from 'prom-client'
import type { Metrics } from '../platform/metrics.ts'

/** What is removed. `orphan`: a blob that no repository held. */
const collectedTypes = ['upload', 'blob', 'orphan', 'manifest', 'tag'] as const
type CollectedType = (typeof collectedTypes)[number]

export interface StorageMetrics {
  /** A user of the database had waited so long for its turn. */
  waited(seconds: number): void
  /** Runs a collection of what is not needed any more, and answers what it answers; `countsOf` says how much that removed. */
  collecting<T>(collect: () => Promise<T>, countsOf: (result: T) => Partial<Record<CollectedType, number>>): Promise<T>
  /** A collection gave back so many bytes. */
  freed(bytes: number): void
}

/** How long storage lets its users wait, and what collection gives back. */
export function storageMetrics(metrics: Metrics): StorageMetrics {
  const registers = [metrics]
  const lock = new Histogram({
    name: 'slipway_storage_lock_latency_seconds',
    help: 'Time that a user of the database waited for its turn.',
    buckets: [0.0001, 0.001, 0.01, 0.1, 1, 10],
    registers,
  })
  const runs = new Counter({
    name: 'slipway_gc_runs_total',
    help: 'Collections of what is not needed any more, by whether they failed.',
    labelNames: ['error'],
    registers,
  })
  const duration = new Histogram({
    name: 'slipway_gc_duration_seconds',
    help: 'Time that a collection took.',
    buckets: [0.01, 0.1, 1, 10, 100, 1000],
    registers,
  })
  const deleted = new Counter({
    name: 'slipway_gc_deleted_total',
    help: 'What collections removed, by its type.',
    labelNames: ['type'],
    registers,
  })
  const freed = new Counter({
    name: 'slipway_gc_freed_bytes_total',
    help: 'Bytes of blobs that collections removed from the storage.',
    registers,
  })
  // So that the first of each is seen to happen.
  for (const error of ['false', 'true']) runs.inc({ error }, 0)
  for (const type of collectedTypes) deleted.inc({ type }, 0)
  return {
    waited: (seconds) => lock.observe(seconds),
    freed: (bytes) => freed.inc(bytes),
    async collecting(collect, countsOf) {
      const done = duration.startTimer()
      let error = 'true'
      try {
        const result = await collect()
        error = 'false'
        for (const [type, count] of Object.entries(countsOf(result))) deleted.inc({ type }, count)
        return result
      } finally {
        done()
        runs.inc({ error })
      }
    },
  }
}
