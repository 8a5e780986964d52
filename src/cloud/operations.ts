import type { Selectable } from 'kysely'
import { type CloudOperation, hasEnded, type RequestOperation } from '../contract/cloud-instance.ts'
import { AppError } from '../contract/errors.ts'
import type { DesiredInstance } from '../contract/instance.ts'
import type { Operation, OperationReport } from '../contract/operation.ts'
import type { Db } from '../database/open.ts'
import type { OperationsTable } from '../database/tables.ts'
import { newId } from '../platform/secret.ts'
import type { Fleet } from './fleet.ts'
import { findInstance } from './instances.ts'
import { type InstanceRow, instanceColumns } from './rows.ts'
import { inTurn } from './turn.ts'

/** How long a host has to take an operation. */
export const operationValidMs = 10 * 60_000

/** What is wanted of an instance: by people one of RequestOperation; the server itself asks for consoles. */
export type Wanted = RequestOperation | { kind: 'console'; arguments: { stream: string } }

export interface OperationDeed {
  actor: string
  now: Date
  /** Runs in the transaction of the deed: the audit. */
  record(trx: Db, operation: CloudOperation): Promise<void>
}

/**
 * Asks the host of an instance to do something once. Starting and stopping is wanted from then on as well, so that it stays so.
 * Answers the operation, and the host that has to be woken.
 * @throws AppError not-found | conflict (the instance is on its way out, or its host is fenced)
 */
export async function requestOperation(
  { db, fleet }: { db: Db; fleet: Fleet },
  name: string,
  wanted: Wanted,
  deed: OperationDeed,
): Promise<{ operation: CloudOperation; changedHosts: string[] }> {
  return inTurn(db, async (trx, turn) => {
    const row = await findInstance(trx, name)
    const host = await trx
      .selectFrom('hosts')
      .select(['name', 'fenced_at'])
      .where('id', '=', row.host)
      .executeTakeFirstOrThrow()
    if (row.document.wanted === 'absent') throw new AppError('conflict', `${name} is being removed from ${host.name}`)
    if (row.held)
      throw new AppError('conflict', `${name} is not on ${host.name} yet: it waits until the one before it is gone`)
    if (host.fenced_at !== null)
      throw new AppError(
        'conflict',
        `${name} is on ${host.name}, which is fenced; apply its stack again to make it anew elsewhere`,
      )
    const generation = (await fleet.nextGeneration(trx, [row.host])).get(row.host) ?? 0
    if (wanted.kind === 'start' || wanted.kind === 'stop')
      await want(trx, row, wanted.kind === 'start' ? 'running' : 'stopped', generation)
    const operation = {
      id: newId(),
      turn,
      instance: row.id,
      host: row.host,
      kind: wanted.kind,
      arguments: JSON.stringify(argumentsOf(wanted)),
      state: 'pending',
      result: null,
      problem: null,
      requested_by: deed.actor,
      requested_at: deed.now.toISOString(),
      not_after: new Date(deed.now.getTime() + operationValidMs).toISOString(),
      ended_at: null,
    }
    await trx.insertInto('operations').values(operation).execute()
    const shown = view({ ...operation, name, host_name: host.name })
    await deed.record(trx, shown)
    return { operation: shown, changedHosts: [row.host] }
  })
}

async function want(trx: Db, row: InstanceRow, wanted: 'running' | 'stopped', generation: number): Promise<void> {
  if (row.document.wanted === wanted) return
  const document: DesiredInstance = { ...row.document, wanted, revision: row.document.revision + 1 }
  await trx
    .updateTable('instances')
    .set({ ...instanceColumns(document), generation })
    .where('id', '=', row.id)
    .execute()
}

/** All arguments, with their defaults: the host is told everything. */
function argumentsOf(wanted: Wanted): object {
  switch (wanted.kind) {
    case 'start':
      return {}
    case 'stop':
    case 'reboot':
      return { force: false, ...wanted.arguments }
    case 'snapshot':
      return { memory: false, ...wanted.arguments }
    case 'restore':
      return { discardYounger: false, ...wanted.arguments }
    default:
      return { ...wanted.arguments }
  }
}

/** The operations that a host has not ended yet, the oldest first, as it is told them. */
export async function pendingOperations(db: Db, hosts: readonly string[]): Promise<Map<string, Operation[]>> {
  const rows = await db
    .selectFrom('operations')
    .selectAll()
    .where('host', 'in', hosts)
    .where('state', 'in', ['pending', 'accepted', 'running'])
    .orderBy('turn')
    .execute()
  const operation = ({ id, instance, kind, not_after, arguments: text }: (typeof rows)[number]): Operation => {
    const common = { id, target: instance, notAfter: not_after, kind }
    return (kind === 'start' ? common : { ...common, arguments: JSON.parse(text) }) as Operation
  }
  const byHost = Map.groupBy(rows, ({ host }) => host)
  return new Map([...byHost].map(([host, some]) => [host, some.map(operation)]))
}

/**
 * Takes what a host says of its operations. Answers whether one has ended, so that the host need not be told of it any more. What the host says
 * goes before what was concluded from its silence.
 */
export async function takeOperationReports(
  trx: Db,
  host: string,
  reports: readonly OperationReport[],
  now: Date,
): Promise<boolean> {
  let ended = false
  for (const { id, state, result = null, problem = null } of reports) {
    const { numUpdatedRows } = await trx
      .updateTable('operations')
      .set({ state, result, problem, ended_at: hasEnded({ state }) ? now.toISOString() : null })
      .where('id', '=', id)
      .where('host', '=', host)
      .where('state', 'not in', ['done', 'failed'])
      .where('state', '!=', state)
      .executeTakeFirst()
    if (numUpdatedRows > 0n && hasEnded({ state })) ended = true
  }
  return ended
}

/** How long after its time an operation is still waited for: the host may have taken it in time and told it late. */
const graceMs = 60_000

/** Ends the operations that no host took in time. Answers the hosts that need not be told of them any more. */
export async function expireOperations(db: Db, fleet: Fleet, now: Date): Promise<string[]> {
  const before = new Date(now.getTime() - graceMs).toISOString()
  const isLate = await db
    .selectFrom('operations')
    .select('id')
    .where('state', '=', 'pending')
    .where('not_after', '<', before)
    .limit(1)
    .executeTakeFirst()
  if (!isLate) return []
  return inTurn(db, async (trx) => {
    const rows = await trx
      .updateTable('operations')
      .set({
        state: 'expired',
        problem: 'its host did not take it in time, and will not do it any more',
        ended_at: now.toISOString(),
      })
      .where('state', '=', 'pending')
      .where('not_after', '<', before)
      .returning('host')
      .execute()
    const hosts = [...new Set(rows.map(({ host }) => host))]
    await fleet.nextGeneration(trx, hosts)
    return hosts
  })
}

/** Forgets operations that ended before a time. */
export async function removeOldOperations(db: Db, before: Date): Promise<void> {
  await db.deleteFrom('operations').where('ended_at', '<', before.toISOString()).execute()
}

/** An instance's operations, the newest first. @throws AppError not-found */
export async function listOperations(db: Db, name: string, limit: number): Promise<CloudOperation[]> {
  const { id } = await findInstance(db, name)
  const rows = await select(db)
    .where('operations.instance', '=', id)
    .orderBy('operations.turn', 'desc')
    .limit(limit)
    .execute()
  return rows.map(view)
}

/** @throws AppError not-found */
export async function findOperation(db: Db, name: string, id: string): Promise<CloudOperation> {
  const row = await select(db).where('operations.id', '=', id).where('instances.name', '=', name).executeTakeFirst()
  if (!row) throw new AppError('not-found', `${name} has no operation ${id}; ended ones are kept for 30 days`)
  return view(row)
}

function select(db: Db) {
  return db
    .selectFrom('operations')
    .innerJoin('instances', 'instances.id', 'operations.instance')
    .innerJoin('hosts', 'hosts.id', 'operations.host')
    .selectAll('operations')
    .select(['instances.name', 'hosts.name as host_name'])
}

function view(row: Selectable<OperationsTable> & { name: string; host_name: string }): CloudOperation {
  return {
    id: row.id,
    instance: row.name,
    host: row.host_name,
    kind: row.kind,
    arguments: JSON.parse(row.arguments),
    state: row.state as CloudOperation['state'],
    ...(row.result === null ? {} : { result: row.result }),
    ...(row.problem === null ? {} : { problem: row.problem }),
    requestedBy: row.requested_by,
    requestedAt: row.requested_at,
    notAfter: row.not_after,
    endedAt: row.ended_at,
  }
}
