import { Gauge } from 'prom-client'
import type { Scrub, ScrubStatus } from '../contract/scrub.ts'
import type { Progress } from '../contract/work.ts'
import type { Db } from '../database/open.ts'
import type { Log } from '../platform/log.ts'
import type { Metrics } from '../platform/metrics.ts'
import type { Blobs } from '../registry/blobs.ts'
import { listDamaged, scrubProgress } from '../registry/damaged.ts'
import { scrub } from '../registry/scrub.ts'
import { manifestsOfHosts } from './in-use.ts'
import { openOneRun } from './one-run.ts'

export interface ScrubberOptions {
  db: Db
  blobs: Pick<Blobs, 'read'>
  log: Log
  scrubDays: number
  scrubBytesPerSecond: number
  /** Aborted when the server stops. */
  closing: AbortSignal
}

/** Reads blobs again by the clock and on demand, and says in the log what is damaged and whom it harms. */
export type Scrubber = ReturnType<typeof openScrubber>

export function openScrubber({ db, blobs, log, scrubDays, scrubBytesPerSecond, closing }: ScrubberOptions) {
  const onDemand = openOneRun<Scrub>('all blobs are being read; `slipway scrub status` says how far it is')

  async function readOlder(before: Date, onProgress?: Progress): Promise<Scrub> {
    const startedAt = new Date().toISOString()
    let damaged = 0
    const read = await scrub({
      ...{ db, blobs, before, bytesPerSecond: scrubBytesPerSecond, signal: closing },
      onDamaged(digest, what) {
        damaged++
        log.error({ digest, what }, 'a blob is damaged, and served no more until it is pushed again')
      },
      ...(onProgress ? { onProgress } : {}),
    })
    if (read > 0) log.info({ blobs: read, damaged }, 'read blobs again')
    if (damaged > 0)
      for (const { manifests: _, ...harm } of await readHarm(db)) log.error(harm, 'harmed by a damaged blob')
    return { startedAt, endedAt: new Date().toISOString(), blobs: read, damaged }
  }

  return {
    /** Reads what was not read for `scrubDays`. While all is read on demand there is nothing to do. */
    async scrubOld(): Promise<void> {
      if (!onDemand.isRunning()) await readOlder(new Date(Date.now() - scrubDays * 86_400_000))
    },

    /** Reads every blob, however lately it was read. @throws AppError conflict when one who asked before is not served yet; what `scrub` throws */
    scrubAll: (onProgress?: Progress) => onDemand.run(() => readOlder(new Date(), onProgress)),

    /** Resolves when nothing is running any more. Call it when `closing` is aborted. */
    ended: onDemand.ended,
  }
}

export async function readScrubStatus(db: Db): Promise<ScrubStatus> {
  const damaged = (await readHarm(db)).map(({ manifests: _, ...blob }) => blob)
  return { ...(await scrubProgress(db)), damaged }
}

/** Damaged blobs, with the hosts that need them. */
async function readHarm(db: Db) {
  const damages = await listDamaged(db)
  if (damages.length === 0) return []
  const hosts = [...(await manifestsOfHosts(db))]
  return damages.map((damage) => ({
    ...damage,
    hosts: hosts.filter(([, used]) => damage.manifests.some((digest) => used.has(digest))).map(([name]) => name),
  }))
}

export function scrubMetrics(metrics: Metrics, db: Db): void {
  new Gauge({
    name: 'slipway_scrub_damaged_blobs',
    help: 'Blobs whose bytes are damaged; they are served no more until they are pushed again.',
    registers: [metrics],
    async collect() {
      const { count } = await db
        .selectFrom('blobs')
        .select((row) => row.fn.countAll<number>().as('count'))
        .where('damaged_at', 'is not', null)
        .executeTakeFirstOrThrow()
      this.set(Number(count))
    },
  })
}
