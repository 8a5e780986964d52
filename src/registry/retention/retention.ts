import type { Retired } from '../../contract/collection.ts'
import type { RetentionRule } from '../../contract/server-config.ts'
import type { Db } from '../../database/open.ts'
import { transact } from '../../database/transact.ts'
import { type Clock, systemClock } from '../../platform/clock.ts'
import * as rows from '../manifest-rows.ts'
import { openPace } from '../pace.ts'
import { addRemovedTags } from '../removed-tags.ts'
import { lastUse, type TagFacts, type Uses } from './facts.ts'
import { planRetention, planStart, type Retirement, type Start, sweep } from './plan.ts'
import { holdBelow, readFacts } from './rows.ts'
import { hasRule } from './rules.ts'
import { isUsed } from './tags.ts'
import { weave } from './web.ts'

/** So many tags, or manifests without one, are removed in one transaction. */
const batchSize = 50
/** How many are named in what is told. */
const maxNamed = 1000

/** Asks what is used, whatever the rules say; the server passes it in. Whoever begins to use a release keeps its tag (`keepTag`) first. */
export type ReadUses = (db: Db, repository: string) => Promise<Uses>

export interface RetentionOptions {
  db: Db
  rules: readonly RetentionRule[]
  readUses: ReadUses
  /** Whether a tag never moves: what it named is then remembered. */
  neverMoves(tag: string): boolean
  /** Whoever was told since then that a manifest is there may still name it. */
  before: Date
  dryRun?: boolean
  clock?: Clock
  signal?: AbortSignal
  /** How many manifests were looked at, of how many. */
  onProgress?(done: number, total: number): void
  /** Called in the transaction that removes something of a repository. */
  onRetired?(trx: Db, repository: string, gone: Retirement): Promise<void>
}

/**
 * Removes the tags that no rule keeps, and the manifests that go with them, while pushes and pulls go on. What goes is decided for a whole repository, and
 * decided again for a few tags at a time in the transaction that removes them. Killed anywhere it leaves nothing half removed, and the next one goes on.
 * Two at once are fine.
 * @throws AppError database-unavailable; the signal's reason. What was removed by then stays removed.
 */
export async function retire(options: RetentionOptions): Promise<Retired> {
  const { db, rules, readUses, before, dryRun = false, clock = systemClock, signal, onProgress } = options
  const paced = openPace(clock, signal)
  const retired: Retired = { tags: 0, manifests: 0, removedTags: [], removedManifests: [] }
  const now = clock.now()
  const repositories = (await countManifests(db)).filter(({ repository }) => hasRule(rules, repository))
  const total = repositories.reduce((sum, { manifests }) => sum + manifests, 0)

  function count(repository: string, { tags, manifests }: Retirement): void {
    retired.tags += tags.length
    retired.manifests += manifests.length
    for (const { name, manifest, reason } of tags.slice(0, maxNamed - retired.removedTags.length))
      retired.removedTags.push({ repository, tag: name, digest: manifest, reason })
    for (const { digest, reason } of manifests.slice(0, maxNamed - retired.removedManifests.length))
      retired.removedManifests.push({ repository, digest, reason })
  }

  let done = 0
  for (const { repository, manifests } of repositories) {
    const facts = await readFacts(db, repository, paced)
    const uses = await readUses(db, repository)
    const times = { now, before }
    if (dryRun) count(repository, planRetention(facts, uses, rules, times))
    else
      for (const some of inBatches(planStart(facts, uses, rules, times)))
        count(
          repository,
          await paced(() => transact(db, (trx) => remove(trx, repository, some, now, options), 'read committed')),
        )
    done += manifests
    onProgress?.(done, total)
  }
  return retired
}

async function countManifests(db: Db): Promise<{ repository: string; manifests: number }[]> {
  const counts = await db
    .selectFrom('manifests')
    .select((row) => ['repository', row.fn.countAll<number>().as('manifests')])
    .groupBy('repository')
    .orderBy('repository')
    .execute()
  return counts.map(({ repository, manifests }) => ({ repository, manifests: Number(manifests) }))
}

function* inBatches({ tags, untagged }: Start): Generator<Start> {
  for (let at = 0; at < tags.length; at += batchSize) yield { tags: tags.slice(at, at + batchSize), untagged: [] }
  for (let at = 0; at < untagged.length; at += batchSize)
    yield { tags: [], untagged: untagged.slice(at, at + batchSize) }
}

/** Removes what still goes of a start, and answers what that was: others have pushed, pulled and promoted since it was planned. */
async function remove(
  trx: Db,
  repository: string,
  planned: Start,
  plannedAt: Date,
  { readUses, before, neverMoves, onRetired }: RetentionOptions,
): Promise<Retirement> {
  const { facts, heldOutside } = await holdBelow(trx, repository, planned)
  const uses = await readUses(trx, repository)
  const tags = new Map(facts.tags.map((tag) => [tag.name, tag]))
  const isUntouched = (digest: string) => {
    const manifest = facts.manifests.get(digest)
    const concerned = [manifest, ...(manifest?.members ?? []).map((member) => facts.manifests.get(member))]
    return concerned.every((one) => one === undefined || lastUse(one) < plannedAt.toISOString())
  }
  const isSame = (tag: TagFacts) => {
    const present = tags.get(tag.name)
    return present?.manifest === tag.manifest && present.updatedAt === tag.updatedAt
  }
  const [going, staying] = partition(
    planned.tags,
    (tag) => isSame(tag) && isUntouched(tag.manifest) && !isUsed(facts, uses, tag),
  )
  const [untagged, used] = partition(planned.untagged, ({ digest }) => isUntouched(digest))
  const goes = sweep(
    weave(facts),
    { tags: going, untagged },
    [
      ...heldOutside,
      ...uses.manifests,
      ...staying.map(({ manifest }) => manifest),
      ...used.map(({ digest }) => digest),
    ],
    before,
  )
  const time = new Date().toISOString()
  await addRemovedTags(
    trx,
    repository,
    goes.tags.filter(({ name }) => neverMoves(name)),
    time,
  )
  await rows.removeTags(
    trx,
    repository,
    goes.tags.map(({ name }) => name),
  )
  await rows.removeManifests(
    trx,
    repository,
    goes.manifests.map(({ digest }) => digest),
    time,
  )
  if (goes.tags.length + goes.manifests.length > 0) await onRetired?.(trx, repository, goes)
  return goes
}

/** Those for which something holds, and the others. */
function partition<T>(all: readonly T[], holds: (one: T) => boolean): [T[], T[]] {
  const { true: those = [], false: others = [] } = Object.groupBy(all, (one) => `${holds(one)}`)
  return [those, others]
}
