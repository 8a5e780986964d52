import type { HostReport } from '../contract/report.ts'
import type { Db } from '../database/open.ts'
import type { Fleet } from './fleet.ts'
import { type ComputeReport, computeReport } from './host-room.ts'
import { hasLeavingPorts, portsLeft } from './leaving-ports.ts'
import { networkReport } from './network-report.ts'
import { takeOperationReports } from './operations.ts'
import { type InstanceRow, readInstances, readVolumes } from './rows.ts'
import { hostsToldOtherwise, networkTexts } from './section-changes.ts'
import { removeIfEmpty } from './stacks.ts'
import { release } from './succession.ts'
import { takeTurn } from './turn.ts'

export interface TakenReport {
  /** Hosts whose desired document is another now. */
  changedHosts: string[]
  /** The names of instances that are otherwise than before. */
  changedInstances: string[]
}

/**
 * Begins the transaction that keeps a report: with the turn, when the report may let an instance go for which another waits, or a port. Most reports need
 * not wait for anybody.
 */
export async function expectReport(trx: Db, host: string): Promise<void> {
  const leaving = await trx
    .selectFrom('instances')
    .select('id')
    .where('host', '=', host)
    .where('wanted', '=', 'absent')
    .limit(1)
    .executeTakeFirst()
  if (leaving || (await hasLeavingPorts(trx, host))) await takeTurn(trx)
}

/**
 * Takes what a host reports of its instances, volumes and operations: what is gone is forgotten, and what waited for that may come. `before` is the
 * report that came before this one. Runs in the transaction that keeps the report.
 */
export async function takeReport(
  trx: Db,
  fleet: Fleet,
  { host, before: previous, now: report, at }: { host: string; before: HostReport | null; now: HostReport; at: Date },
): Promise<TakenReport> {
  const compute = computeReport(report)
  if (!compute) return { changedHosts: [], changedInstances: [] }
  const rows = await readInstances(trx, { host })
  const gone = rows.filter(
    ({ id, document }) => document.wanted === 'absent' && compute.instances.get(id)?.state === 'absent',
  )
  const changed = new Set<string>()
  const portsGone = await portsLeft(trx, host, rows, compute)
  const stacks = [...new Set([...gone, ...portsGone].map(({ stack }) => stack))]
  const before = stacks.length > 0 ? await networkTexts(trx, stacks) : new Map()
  const ids = portsGone.map(({ id }) => id)
  if (ids.length > 0) await trx.deleteFrom('ports').where('id', 'in', ids).execute()
  if (gone.length > 0) {
    await trx
      .deleteFrom('instances')
      .where(
        'id',
        'in',
        gone.map(({ id }) => id),
      )
      .execute()
    changed.add(host)
    const names = gone.map(({ name }) => name)
    for (const waiting of await release(trx, names)) changed.add(waiting)
  }
  const volumesGone = (await readVolumes(trx, { host })).filter(
    ({ id, wanted }) => wanted === 'absent' && compute.volumes.get(id)?.state === 'absent',
  )
  if (volumesGone.length > 0) {
    await trx
      .deleteFrom('volumes')
      .where(
        'id',
        'in',
        volumesGone.map(({ id }) => id),
      )
      .execute()
    changed.add(host)
  }
  for (const stack of new Set([...gone, ...portsGone, ...volumesGone].map((one) => one.stack)))
    await removeIfEmpty(trx, stack)
  // Their addresses were members of groups that other hosts know.
  for (const other of stacks.length > 0 ? await hostsToldOtherwise(trx, stacks, before) : []) changed.add(other)
  if (await takeOperationReports(trx, host, compute.operations, at)) changed.add(host)
  const changedHosts = [...changed]
  if (changedHosts.length > 0) await fleet.nextGeneration(trx, changedHosts)
  const isOther = networkSaid(previous) !== networkSaid(report)
  const affected = isOther ? rows.filter(({ document }) => document.ports.length > 0).map(({ name }) => name) : []
  const changedInstances = new Set([...otherwise(rows, computeReport(previous), compute), ...affected])
  return { changedHosts, changedInstances: [...changedInstances] }
}

/** The names of instances whose state or health is another than before. */
function otherwise(rows: readonly InstanceRow[], before: ComputeReport | undefined, now: ComputeReport): string[] {
  const told = (report: ComputeReport | undefined, id: string) => {
    const status = report?.instances.get(id)
    return `${status?.state} ${status?.health} ${status?.reason} ${status?.domid} ${status?.snapshots.length}`
  }
  return rows.filter(({ id }) => told(before, id) !== told(now, id)).map(({ name }) => name)
}

/** What of a report of networks can change how instances stand. */
function networkSaid(report: HostReport | null): string {
  const { loaded, trial, refused } = networkReport(report) ?? {}
  return JSON.stringify([loaded, trial, refused])
}
