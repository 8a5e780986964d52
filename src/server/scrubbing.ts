import { Gauge } from 'prom-client'
import type { ScrubStatus } from '../contract/scrub.ts'
import type { Db } from '../database/open.ts'
import type { Log } from '../platform/log.ts'
import type { Metrics } from '../platform/metrics.ts'
import type { Blobs } from '../registry/blobs.ts'
import { listDamaged, scrubProgress } from '../registry/damaged.ts'
import { scrub } from '../registry/scrub.ts'
import { manifestsOfHosts } from './in-use.ts'

interface ScrubbingOptions {
  db: Db
  blobs: Blobs
  log: Log
  scrubDays: number
  scrubBytesPerSecond: number
  closing: AbortSignal
}

/** Reads what was not read for so many days, and says in the log what is damaged and whom it harms. */
export async function runScrub(options: ScrubbingOptions): Promise<void> {
  const { db, blobs, log, scrubDays, scrubBytesPerSecond, closing } = options
  let damaged = 0
  const read = await scrub({
    ...{ db, blobs, bytesPerSecond: scrubBytesPerSecond, signal: closing },
    before: new Date(Date.now() - scrubDays * 86_400_000),
    onDamaged(digest, what) {
      damaged++
      log.error({ digest, what }, 'a blob is damaged, and served no more until it is pushed again')
    },
  })
  if (read > 0) log.info({ blobs: read, damaged }, 'read blobs again')
  if (damaged > 0)
    for (const { manifests: _, ...harm } of await readHarm(db)) log.error(harm, 'harmed by a damaged blob')
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
