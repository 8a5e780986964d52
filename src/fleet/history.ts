import type { HostPoint } from '../contract/history.ts'
import { fixedQuery } from '../database/fixed-query.ts'
import type { Db } from '../database/open.ts'
import { type HostSample, packSample, unpackSample } from './host-sample.ts'
import { maxGapSeconds, pointsOf, type TakenSample } from './rates.ts'

/*
 * Each host has one row a minute: the last sample of that minute, as every report replaces it. So the newest two rows are what `slipway top`
 * shows, however many servers take the reports, and a row costs the same however often a host reports.
 */

const minuteOf = (at: Date) => Math.floor(at.getTime() / 60_000)

interface Kept {
  host: string
  minute: number
  at: string
  sample: Uint8Array
}

const upsert = fixedQuery((db, { host, minute, at, sample }: Kept) =>
  db
    .insertInto('host_history')
    .values({ host, minute, at, sample })
    .onConflict((conflict) => conflict.columns(['host', 'minute']).doUpdateSet({ at, sample })),
)

/** In the transaction that keeps the report that the sample came with. */
export async function keepSample(trx: Db, host: string, sample: HostSample, now: Date): Promise<void> {
  await upsert(trx, { host, minute: minuteOf(now), at: now.toISOString(), sample: packSample(sample) })
}

export interface Since {
  since: Date
  /** What an instance is called. */
  nameOf: (instance: string) => string
}

/** What is kept of a host, the oldest first. */
export async function readHistory(db: Db, host: string, { since, nameOf }: Since): Promise<HostPoint[]> {
  const rows = await db
    .selectFrom('host_history')
    .select(['at', 'sample'])
    .where('host', '=', host)
    // The first rate is the one since a sample that came before.
    .where('minute', '>=', minuteOf(since) - maxGapSeconds / 60)
    .orderBy('minute')
    .execute()
  const first = since.toISOString()
  return pointsOf(unpacked(rows), nameOf).filter(({ at }) => at >= first)
}

/** Hosts whose rows are read at once: unpacking takes some 50 µs for a row, and others want their turn. */
const atOnce = 50
/** How many minutes before the newest row are looked at for another moment to compare with. */
const minutesBefore = 3

/**
 * The newest point of every host that has sent one since a moment, by the host's id; for those who ask again and again. What was made of a host is kept until
 * the host says something new, so 1,000 hosts that report twice a minute cost what some thirty cost that are read anew each second.
 */
export class NewestPoints {
  #known = new Map<string, HostPoint>()

  async read(db: Db, { since, nameOf }: Since): Promise<ReadonlyMap<string, HostPoint>> {
    const first = since.toISOString()
    const rows = await db
      .selectFrom('host_history')
      .select(['host', 'at'])
      .where('minute', '>=', minuteOf(since))
      .orderBy('minute')
      .execute()
    const newest = new Map(rows.filter(({ at }) => at >= first).map(({ host, at }) => [host, at]))
    const changed = [...newest].flatMap(([host, at]) => (this.#known.get(host)?.at === at ? [] : [host]))
    const known = new Map([...this.#known].filter(([host]) => newest.has(host)))
    for (let begin = 0; begin < changed.length; begin += atOnce) {
      const hosts = changed.slice(begin, begin + atOnce)
      const samples = await db
        .selectFrom('host_history')
        .select(['host', 'at', 'sample'])
        .where('host', 'in', hosts)
        .where('minute', '>=', minuteOf(since) - minutesBefore)
        .orderBy('minute')
        .execute()
      for (const [host, own] of Map.groupBy(samples, ({ host }) => host)) {
        const point = pointsOf(unpacked(own), nameOf).at(-1)
        if (point) known.set(host, point)
      }
    }
    this.#known = known
    return known
  }
}

function unpacked(rows: readonly Pick<Kept, 'at' | 'sample'>[]): TakenSample[] {
  return rows.flatMap(({ at, sample: bytes }) => {
    const sample = unpackSample(bytes)
    return sample ? [{ ...sample, at }] : []
  })
}

/** How many samples are kept. */
export async function countSamples(db: Db): Promise<number> {
  const { count } = await db
    .selectFrom('host_history')
    .select((e) => e.fn.countAll().as('count'))
    .executeTakeFirstOrThrow()
  return Number(count)
}

/** Forgets what is older, minute by minute, so that nobody waits long for his turn. Answers how much that was. */
export async function pruneHistory(db: Db, before: Date): Promise<number> {
  let count = 0
  for (;;) {
    const oldest = await db
      .selectFrom('host_history')
      .select((e) => e.fn.min('minute').as('minute'))
      .where('minute', '<', minuteOf(before))
      .executeTakeFirst()
    if (oldest?.minute == null) return count
    const { numDeletedRows } = await db
      .deleteFrom('host_history')
      .where('minute', '=', oldest.minute)
      .executeTakeFirst()
    count += Number(numDeletedRows)
  }
}
