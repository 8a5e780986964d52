import { type ScheduledTask, schedule, setLogger, validate } from 'node-cron'
import { expireOperations, removeOldOperations } from '../cloud/operations.ts'
import type { Cloud } from '../cloud/stacks.ts'
import { AppError } from '../contract/errors.ts'
import type { Db } from '../database/open.ts'
import { pruneHistory } from '../fleet/history.ts'
import { removeExpiredJoinTokens } from '../fleet/join-tokens.ts'
import type { Log } from '../platform/log.ts'
import type { Metrics } from '../platform/metrics.ts'
import type { Blobs } from '../registry/blobs.ts'
import { removeExpired } from '../registry/uploads.ts'
import type { Collector } from './collector.ts'
import { jobMetrics } from './job-metrics.ts'
import { runScrub } from './scrubbing.ts'
import type { StorageMetrics } from './storage-metrics.ts'

export interface JobOptions {
  db: Db
  blobs: Blobs
  cloud: Cloud
  storage: StorageMetrics
  collector: Collector
  metrics: Metrics
  log: Log
  uploadExpirySeconds: number
  historyMinutes: number
  /** A line of cron; empty: never. */
  collectSchedule: string
  /** 0: never. */
  scrubDays: number
  scrubBytesPerSecond: number
  /** Aborted when the server stops. */
  closing: AbortSignal
}

/** How long an expired join token is kept, so that a late host hears "expired" and not "unknown". */
const joinTokenGraceMs = 7 * 86_400_000

/** How long operations are kept after their end. */
const endedOperationsMs = 30 * 86_400_000

/** Starts what the server does by the clock. Answers the function that stops it. @throws AppError config-invalid */
export function startJobs(options: JobOptions): () => Promise<void> {
  const { db, blobs, cloud, storage, collector, metrics, log, uploadExpirySeconds, historyMinutes } = options
  const { collectSchedule, closing } = options
  if (collectSchedule !== '' && !validate(collectSchedule))
    throw new AppError(
      'config-invalid',
      `collectSchedule is ${JSON.stringify(collectSchedule)}; it should be a line of cron, like "47 2 * * *", or empty`,
    )
  setLogger({
    info: (message) => log.debug({ job: message }, 'scheduler'),
    warn: (message) => log.warn({ job: message }, 'scheduler'),
    error: (message) => log.error({ job: message }, 'scheduler'),
    debug: () => {},
  })
  const jobs: Record<string, { cron: string; run: () => Promise<unknown> }> = {
    'expire-uploads': {
      cron: '7 * * * *',
      run: () =>
        storage.collecting(
          'upload',
          () => removeExpired(db, blobs, new Date(Date.now() - uploadExpirySeconds * 1000)),
          (count) => count,
        ),
    },
    ...(collectSchedule === '' ? {} : { collect: { cron: collectSchedule, run: () => collector.collect() } }),
    ...(options.scrubDays === 0 ? {} : { scrub: { cron: '37 * * * *', run: () => runScrub(options) } }),
    'expire-join-tokens': {
      cron: '17 3 * * *',
      run: () => removeExpiredJoinTokens(db, new Date(Date.now() - joinTokenGraceMs)),
    },
    'expire-operations': { cron: '* * * * *', run: () => expireOperations(db, cloud.fleet, new Date()) },
    'remove-old-operations': {
      cron: '27 3 * * *',
      run: () => removeOldOperations(db, new Date(Date.now() - endedOperationsMs)),
    },
    'prune-history': {
      cron: '*/5 * * * *',
      run: () => pruneHistory(db, new Date(Date.now() - historyMinutes * 60_000)),
    },
  }
  const runJob = jobMetrics(metrics, Object.keys(jobs))
  const running = new Set<Promise<void>>()
  async function runOnce(job: string, run: () => Promise<unknown>): Promise<void> {
    const ending = runJob(job, run).catch((err) => {
      if (!closing.aborted) log.error({ err, job }, 'scheduled job failed')
    })
    running.add(ending)
    await ending
    running.delete(ending)
  }
  const tasks: ScheduledTask[] = Object.entries(jobs).map(([job, { cron, run }]) =>
    schedule(cron, () => runOnce(job, run), { name: job, noOverlap: true }),
  )
  return async () => {
    await Promise.all(tasks.map((task) => task.destroy()))
    await Promise.all(running)
  }
}
