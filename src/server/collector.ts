import type { Collection } from '../contract/collection.ts'
import type { RetentionRule } from '../contract/server-config.ts'
import type { Progress } from '../contract/work.ts'
import type { Db } from '../database/open.ts'
import type { Log } from '../platform/log.ts'
import type { Blobs } from '../registry/blobs.ts'
import { collect } from '../registry/collection.ts'
import type { Pulls } from '../registry/pulls.ts'
import { holdsReleases, isVersion, neverMovesBy } from '../registry/release-rules.ts'
import type { Retirement } from '../registry/retention/plan.ts'
import { retire } from '../registry/retention/retention.ts'
import { checkRetention } from '../registry/retention/rules.ts'
import { auditAs, type Doer, server } from './audit.ts'
import { readUses } from './in-use.ts'
import { openOneRun } from './one-run.ts'
import type { StorageMetrics } from './storage-metrics.ts'

export interface CollectorOptions {
  db: Db
  blobs: Blobs
  pulls: Pulls
  storage: StorageMetrics
  log: Log
  /** How long something stays that nothing needs: a manifest that names it may be on its way. */
  collectAfterSeconds: number
  /** Which tags and manifests stay. */
  retention: readonly RetentionRule[]
  immutableTags: string
  /** Whether this process is the only one at the storage. */
  isAlone: boolean
  /** A repository has lost something that people may be looking at. */
  onChange(repository: string): void
  /** Aborted when the server stops. */
  closing: AbortSignal
}

/** Collects by the clock and on demand, one at a time. */
export type Collector = ReturnType<typeof openCollector>

/** @throws AppError config-invalid when a rule of `retention` would keep nothing */
export function openCollector(options: CollectorOptions) {
  const { db, blobs, pulls, storage, log, collectAfterSeconds, retention: rules, isAlone, closing } = options
  checkRetention(rules)
  const neverMoves = neverMovesBy(options.immutableTags)
  const one = openOneRun<Collection>('a collection is running; try again when it has ended')

  /** First what goes by the rules, then the blobs: those of manifests that have just gone stay for the grace time. */
  async function run(dryRun: boolean, onProgress: Progress, doer: Doer): Promise<Collection> {
    const before = new Date(Date.now() - collectAfterSeconds * 1000)
    const common = { db, before, dryRun, signal: closing }
    const counts = { blobs: await countBlobs(db), manifests: 0 }
    const changed = new Set<string>()
    await pulls.flush()
    const retired = await retire({
      ...{ ...common, rules, readUses, neverMoves },
      onProgress(done, total) {
        counts.manifests = total
        onProgress(done, total + counts.blobs)
      },
      async onRetired(trx, repository, gone) {
        changed.add(repository)
        await auditReleases(trx, repository, gone, doer)
      },
    })
    if (!dryRun && retired.tags + retired.manifests > 0) {
      const { tags, manifests } = retired
      await auditAs(db, doer, {
        action: 'registry.retain',
        subject: 'tags',
        detail: `tags ${tags}, manifests ${manifests}`,
      })
      for (const repository of changed) options.onChange(repository)
    }
    const collected = await collect({
      ...{ ...common, blobs, isAlone },
      onProgress: (done, total) => onProgress(counts.manifests + done, counts.manifests + total),
    })
    return { ...collected, retired }
  }

  async function runCounted(onProgress: Progress, doer: Doer): Promise<Collection> {
    const collection = await storage.collecting(
      () => run(false, onProgress, doer),
      ({ blobs, unheld, retired: { tags, manifests } }) => ({
        ...{ blob: blobs - unheld, orphan: unheld },
        ...{ tag: tags, manifest: manifests },
      }),
    )
    storage.freed(collection.freedBytes)
    const { removed: _, retired, ...facts } = collection
    log.info({ ...facts, tags: retired.tags, manifests: retired.manifests }, 'collected what nothing needs')
    if (facts.orphans > 0)
      log.warn(
        { orphans: facts.orphans, orphanBytes: facts.orphanBytes, collectAfterSeconds },
        'the storage has bytes that the database does not know; they will be removed when the grace time has passed',
      )
    return collection
  }

  return {
    /** Says what a collection would remove. */
    preview: (onProgress: Progress = () => {}) => run(true, onProgress, server),

    /** @throws AppError conflict when one is running; what `retire` and `collect` throw */
    collect: (onProgress: Progress = () => {}, doer: Doer = server) => one.run(() => runCounted(onProgress, doer)),

    /** Resolves when nothing is running any more. Call it when `closing` is aborted. */
    ended: one.ended,
  }
}

async function countBlobs(db: Db): Promise<number> {
  const { blobs } = await db
    .selectFrom('blobs')
    .select((row) => row.fn.countAll<number>().as('blobs'))
    .executeTakeFirstOrThrow()
  return Number(blobs)
}

/** A line for each release that hosts could have run. */
async function auditReleases(trx: Db, repository: string, { tags }: Retirement, doer: Doer): Promise<void> {
  if (!holdsReleases(repository)) return
  for (const { name, manifest, reason } of tags.filter(({ name }) => isVersion(name)))
    await auditAs(trx, doer, {
      ...{ action: 'artifact.retire', subject: `${repository}:${name}` },
      detail: `${manifest} by ${reason}`,
    })
}
