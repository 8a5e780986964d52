import type { Db } from '../database/open.ts'
import { type Clock, systemClock } from '../platform/clock.ts'
import type { StoredManifest } from './manifest-rows.ts'
import { noteEveryMs } from './note-every.ts'

/** How long what was noted waits for its way into the database. */
const flushMs = 60_000
/** So many rows are changed at once. */
const rowsAtOnce = 200

/**
 * When manifests were last pulled, for rules that count from then.
 *
 * Decision: a pull is noted in memory, and written with others within a minute. Why: rules count in days, so that an hour more or less, and the minute that a
 * crash loses, decide of nothing but a manifest which was pulled once, at the very end of its days. Not: a write with each pull, for which the disk
 * would be waited for; nor at the end of the process only, from which several servers would learn too late.
 */
export interface Pulls {
  /** Somebody reads a manifest. */
  note(repository: string, manifest: Pick<StoredManifest, 'digest' | 'pulledAt'>): void
  /** Writes what was noted. @throws AppError database-unavailable; it stays noted */
  flush(): Promise<void>
  /** Writes what was noted, and nothing any more by itself. */
  close(): Promise<void>
}

export function openPulls(
  db: Db,
  { clock = systemClock, onError }: { clock?: Clock; onError(error: unknown): void },
): Pulls {
  /** Digests by repository. */
  let noted = new Map<string, Set<string>>()
  const flushing = setInterval(() => void flush().catch(onError), flushMs)
  flushing.unref()

  async function flush(): Promise<void> {
    const pulls = noted
    noted = new Map()
    const at = clock.now().toISOString()
    try {
      for (const [repository, digests] of pulls) {
        const all = [...digests]
        for (let from = 0; from < all.length; from += rowsAtOnce)
          await db
            .updateTable('manifests')
            .set({ pulled_at: at })
            .where('repository', '=', repository)
            .where('digest', 'in', all.slice(from, from + rowsAtOnce))
            .execute()
      }
    } catch (error) {
      for (const [repository, digests] of pulls) for (const digest of digests) add(repository, digest)
      throw error
    }
  }

  function add(repository: string, digest: string): void {
    const digests = noted.get(repository)
    if (digests) digests.add(digest)
    else noted.set(repository, new Set([digest]))
  }

  return {
    note(repository, { digest, pulledAt }) {
      if (pulledAt === '' || clock.now().getTime() - Date.parse(pulledAt) > noteEveryMs) add(repository, digest)
    },
    flush,
    async close() {
      clearInterval(flushing)
      await flush().catch(onError)
    },
  }
}
