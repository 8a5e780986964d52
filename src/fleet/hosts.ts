import type { Selectable } from 'kysely'
import { AppError } from '../contract/errors.ts'
import type { HostDetail, HostSummary } from '../contract/host.ts'
import { exactPlatform } from '../contract/platform.ts'
import type { HostReport } from '../contract/report.ts'
import type { Db } from '../database/open.ts'
import type { HostsTable } from '../database/tables.ts'
import { conditionOf } from './condition.ts'
import { refreshHosts } from './desired.ts'
import type { Releases } from './releases.ts'

type HostRow = Selectable<HostsTable>

/** How a host is looked at: the moment, and after which silence it counts as silent. */
export interface View {
  now: Date
  silentSeconds: number
}

export async function listHosts(db: Db, view: View): Promise<HostSummary[]> {
  const rows = await db.selectFrom('hosts').selectAll().orderBy('name').execute()
  return rows.map((row) => summary(row, view))
}

/** Every host with all that is known of it, by name. */
export async function readHosts(db: Db, view: View): Promise<HostDetail[]> {
  const rows = await db.selectFrom('hosts').selectAll().orderBy('name').execute()
  return rows.map((row) => detail(row, view))
}

/** @throws AppError not-found */
export async function showHost(db: Db, name: string, view: View): Promise<HostDetail> {
  return detail(await findHost(db, name), view)
}

function detail(row: HostRow, view: View): HostDetail {
  return {
    ...summary(row, view),
    generation: row.generation,
    desired: row.release_set === null ? null : JSON.parse(row.release_set),
    report: row.report === null ? null : JSON.parse(row.report),
  }
}

/** A host by its name. @throws AppError not-found */
export async function findHost(db: Db, name: string): Promise<HostRow> {
  const row = await db.selectFrom('hosts').selectAll().where('name', '=', name).executeTakeFirst()
  if (!row) throw new AppError('not-found', `no host ${name}; \`slipway host list\` shows those that are enrolled`)
  return row
}

function summary(row: HostRow, { now, silentSeconds }: View): HostSummary {
  const report: HostReport | null = row.report === null ? null : JSON.parse(row.report)
  const lastSeenAt = row.last_seen_at
  return {
    id: row.id,
    name: row.name,
    channel: row.channel,
    labels: JSON.parse(row.labels),
    ...conditionOf(
      {
        desired: row.release_set === null ? null : JSON.parse(row.release_set),
        setProblem: row.set_problem,
        report,
        lastSeenAt: lastSeenAt === null ? null : new Date(lastSeenAt),
      },
      now,
      silentSeconds,
    ),
    versions: Object.fromEntries((report?.current?.components ?? []).map(({ name, version }) => [name, version])),
    enrolledAt: row.enrolled_at,
    lastSeenAt,
    ...(row.fenced_at === null ? {} : { fencedAt: row.fenced_at }),
  }
}

/**
 * Takes a host's report. A host that knows a newer generation than we do (the database was restored from a backup) gets one beyond its
 * own, since it refuses older ones. Answers whether the host has to be woken.
 */
export async function saveReport(
  trx: Db,
  releases: Releases,
  hostId: string,
  report: HostReport,
  now: Date,
): Promise<boolean> {
  const row = await trx
    .selectFrom('hosts')
    .select(['generation', 'platform'])
    .where('id', '=', hostId)
    .executeTakeFirst()
  if (!row) throw new AppError('not-found', `host ${hostId} is not enrolled any more`)
  const platform = JSON.stringify(exactPlatform(report.platform))
  const generation = report.generation > row.generation ? report.generation + 1 : row.generation
  await trx
    .updateTable('hosts')
    .set({ report: JSON.stringify(report), last_seen_at: now.toISOString(), platform, generation, fenced_at: null })
    .where('id', '=', hostId)
    .execute()
  const { lastUpdate } = report
  if (lastUpdate) {
    await trx
      .insertInto('host_updates')
      .values({
        host: hostId,
        at: lastUpdate.at,
        result: lastUpdate.result,
        reason: lastUpdate.failure?.reason ?? null,
        component: lastUpdate.failure?.component ?? null,
        outcome: JSON.stringify(lastUpdate),
      })
      .onConflict((conflict) => conflict.doNothing())
      .execute()
  }
  const refreshed = platform === row.platform ? [] : await refreshHosts(trx, releases, { host: hostId })
  return refreshed.length > 0 || generation !== row.generation
}

/** How many updates of hosts ended how; reason and component are empty where there is none. */
export async function countUpdates(
  db: Db,
): Promise<{ result: string; reason: string; component: string; count: number }[]> {
  const rows = await db
    .selectFrom('host_updates')
    .select((e) => ['result', 'reason', 'component', e.fn.countAll<number>().as('count')])
    .groupBy(['result', 'reason', 'component'])
    .execute()
  return rows.map(({ result, reason, component, count }) => ({
    result,
    reason: reason ?? '',
    component: component ?? '',
    count: Number(count),
  }))
}

/**
 * Takes somebody's word that a host is off. Only of one that is silent: else it would be known to run. Its next report ends it.
 * @throws AppError not-found | conflict
 */
export async function fenceHost(trx: Db, name: string, view: View): Promise<HostRow> {
  const row = await findHost(trx, name)
  const { condition } = summary(row, view)
  if (condition !== 'silent')
    throw new AppError(
      'conflict',
      `${name} is not silent but ${condition}: what runs there goes on; only a host that is off can be fenced`,
    )
  await trx.updateTable('hosts').set({ fenced_at: view.now.toISOString() }).where('id', '=', row.id).execute()
  return row
}

/** Forgets a host: its credential ends at once. What runs on it goes on. @throws AppError not-found */
export async function removeHost(db: Db, name: string): Promise<string> {
  const { id } = await findHost(db, name)
  await db.deleteFrom('hosts').where('id', '=', id).execute()
  return id
}
