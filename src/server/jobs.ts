import { schedule as cron, setLogger } from 'node-cron'
import { expireOperations, removeOldOperations } from '../cloud/operations.ts'
import type { Cloud } from '../cloud/stacks.ts'
import type { Db } from '../database/open.ts'
import { pruneHistory } from '../fleet/history.ts'
import { removeExpiredJoinTokens } from '../fleet/join-tokens.ts'
import type { Log } from '../platform/log.ts'
import type { Metrics } from '../platform/metrics.ts'
import type { Blobs } from '../registry/blobs.ts'
import { removeExpired } from '../registry/uploads.ts'
import type { Collector } from './collector.ts'
import { jobMetrics } from './job-metrics.ts'
import type { Replicas } from './replicas.ts'
import { checkCron, ended, plan, takeDue } from './schedule.ts'
import type { Scrubber } from './scrubbing.ts'
import type { StorageMetrics } from './storage-metrics.ts'
import { removeOldStreams } from './stream-owners.ts'

export interface JobOptions {
  db: Db
  blobs: Blobs
  cloud: Cloud
  storage: StorageMetrics
  collector: Collector
  scrubber: Pick<Scrubber, 'scrubOld'>
  replicas: Pick<Replicas, 'leads' | 'onLead'>
  metrics: Metrics
  log: Log
  uploadExpirySeconds: number
  historyMinutes: number
  /** A line of cron; empty: never. */
  collectSchedule: string
  /** 0: never. */
  scrubDays: number
  /** Aborted when the server stops. */
  closing: AbortSignal
}

/** How long an expired join token is kept, so that a late host hears "expired" and not "unknown". */
const joinTokenGraceMs = 7 * 86_400_000

/** How long operations are kept after their end. */
const endedOperationsMs = 30 * 86_400_000

/** Far longer than a stream waits for its ends. */
const oldStreamMs = 3_600_000

/**
 * Starts what is done by the clock, by one of the servers of a database: what is due is looked up every minute, and when this server begins to lead.
 * Answers the function that stops it. @throws AppError config-invalid
 */
export function startJobs(options: JobOptions): () => Promise<void> {
  const { db, replicas, metrics, log, closing } = options
  const jobs = jobsOf(options)
  const schedule = Object.fromEntries(Object.entries(jobs).map(([task, { cron }]) => [task, cron]))
  if (options.collectSchedule !== '') checkCron(options.collectSchedule, 'collectSchedule')
  setLogger({
    info: (message) => log.debug({ job: message }, 'scheduler'),
    warn: (message) => log.warn({ job: message }, 'scheduler'),
    error: (message) => log.error({ job: message }, 'scheduler'),
    debug: () => {},
  })
  const runJob = jobMetrics(metrics, db, Object.keys(jobs))
  const running = new Map<string, Promise<void>>()
  let looking: Promise<void> = Promise.resolve()
  let isPlanned = false

  async function run(task: string, { cron, run }: Job): Promise<void> {
    let succeededAt: Date | undefined
    try {
      await runJob(task, run)
      succeededAt = new Date()
    } catch (err) {
      // It is done by the next server that leads, or by this one when it is started again.
      if (closing.aborted) return
      log.error({ err, job: task }, 'scheduled job failed')
    }
    await ended(db, task, cron, succeededAt)
  }

  async function look(): Promise<void> {
    if (!replicas.leads() || closing.aborted) return
    if (!isPlanned) await plan(db, schedule)
    isPlanned = true
    for (const task of await takeDue(db, new Date())) {
      const job = jobs[task]
      if (!job || running.has(task)) continue
      const ending = run(task, job)
        .catch((err) => log.error({ err, job: task }, 'the end of a scheduled job could not be noted'))
        .finally(() => running.delete(task))
      running.set(task, ending)
    }
  }

  const lookSoon = () => {
    looking = looking.then(look).catch((err) => {
      if (!closing.aborted) log.error({ err }, 'cannot look up what is due; trying again in a minute')
    })
    return looking
  }
  const ticking = cron('* * * * *', lookSoon, { name: 'look up what is due' })
  replicas.onLead(lookSoon)
  return async () => {
    await ticking.destroy()
    await looking
    await Promise.all(running.values())
  }
}

interface Job {
  /** A line of cron. */
  cron: string
  /** May be run by two servers at once: one may not have noticed yet that it leads no more. */
  run(): Promise<unknown>
}

function jobsOf(options: JobOptions): Record<string, Job> {
  const { db, blobs, cloud, storage, collector, uploadExpirySeconds, historyMinutes, collectSchedule } = options
  return {
    'expire-uploads': {
      cron: '7 * * * *',
      run: () =>
        storage.collecting(
          () => removeExpired(db, blobs, new Date(Date.now() - uploadExpirySeconds * 1000)),
          (upload) => ({ upload }),
        ),
    },
    ...(collectSchedule === '' ? {} : { collect: { cron: collectSchedule, run: () => collector.collect() } }),
    ...(options.scrubDays === 0 ? {} : { scrub: { cron: '37 * * * *', run: options.scrubber.scrubOld } }),
    'expire-join-tokens': {
      cron: '17 3 * * *',
      run: () => removeExpiredJoinTokens(db, new Date(Date.now() - joinTokenGraceMs)),
    },
    'expire-operations': { cron: '* * * * *', run: () => expireOperations(db, cloud.fleet, new Date()) },
    'remove-old-operations': {
      cron: '27 3 * * *',
      run: () => removeOldOperations(db, new Date(Date.now() - endedOperationsMs)),
    },
    'remove-old-streams': { cron: '11 * * * *', run: () => removeOldStreams(db, new Date(Date.now() - oldStreamMs)) },
    'prune-history': {
      cron: '*/5 * * * *',
      run: () => pruneHistory(db, new Date(Date.now() - historyMinutes * 60_000)),
    },
  }
}
