import { setTimeout as delay } from 'node:timers/promises'
import type { SelectQueryBuilder } from 'kysely'
import { AppError, isAppError } from '../contract/errors.ts'
import { backoffMs } from '../platform/clock.ts'
import type { Db } from './open.ts'
import { isPostgres } from './postgres-dialect.ts'
import type { Database } from './tables.ts'
import { Turns } from './turns.ts'

/** How often a transaction is tried that others get in the way of. */
const maxTries = 12
/** How often one is that lost its connection. */
const maxConnections = 3

/**
 * Runs `work` in a transaction, all of it or nothing, as if no other ran at the same time. One that others got in the way of, or whose connection
 * was lost before the end, is tried again: `work` runs again, from the beginning, and must therefore do nothing but read and write the database, or what
 * may be done twice.
 *
 * Decision: on PostgreSQL transactions are SERIALIZABLE, so that code which is right for the one connection of SQLite is right for many. Not: locks in each
 * place that reads before it writes; the one that is forgotten is seen in no test. READ COMMITTED is for those who keep each other out by a lock that they
 * take first: they are not tried again for the sake of what else changes all the time.
 *
 * Decision: the SERIALIZABLE transactions of one server take turns. Why: PostgreSQL watches over whole pages of what they read, and over whole small tables, so
 * those that come at the same time mostly break each other off: of sixteen that put manifests into three repositories, some failed twelve times in a row. What
 * is left are those of other servers, which are few. Not: more tries; nor a lock in the database, for which connections would wait.
 * @throws AppError database-unavailable when nothing was changed; outcome-unknown when the connection was lost at the very end; what `work` throws
 */
export async function transact<T>(
  db: Db,
  work: (trx: Db) => Promise<T>,
  isolation: 'serializable' | 'read committed' = 'serializable',
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await inTurn(db, isolation, () => db.transaction().setIsolationLevel(isolation).execute(work))
    } catch (error) {
      if (attempt === maxTries && isCollision(error))
        throw new AppError('database-unavailable', 'too many others change the same things just now; try again', {
          cause: error,
        })
      const mayRepeat = isAppError(error, 'database-unavailable') ? attempt < maxConnections : isCollision(error)
      if (!mayRepeat) throw error
      await delay(backoffMs(attempt, { firstMs: 4, maxMs: 250 }))
    }
  }
}

/** One for each database that is PostgreSQL. SQLite has one connection, which is had in turns. */
const allTurns = new WeakMap<Db, Turns>()

async function inTurn<T>(db: Db, isolation: 'serializable' | 'read committed', work: () => Promise<T>): Promise<T> {
  if (isolation !== 'serializable' || !isPostgres(db)) return work()
  const turns = allTurns.get(db) ?? new Turns()
  allTurns.set(db, turns)
  await turns.take()
  try {
    return await work()
  } finally {
    turns.pass()
  }
}

/** Runs what only reads, and needs all of it as it was at one moment. It gets in nobody's way. */
export async function readAtOnce<T>(db: Db, read: (trx: Db) => Promise<T>): Promise<T> {
  return db.transaction().setIsolationLevel('repeatable read').setAccessMode('read only').execute(read)
}

/**
 * The rows of a query, which nobody else changes until the transaction ends: begin with it when a transaction is going to change many rows that others
 * change all the time, each for itself. SQLite needs no such thing.
 */
export function held<TB extends keyof Database, Row>(
  trx: Db,
  rows: SelectQueryBuilder<Database, TB, Row>,
): Promise<Row[]> {
  return (isPostgres(trx) ? rows.forUpdate() : rows).execute()
}

/**
 * The rows of a query, which nobody removes until the transaction ends; others may ask for the same at once. Whoever removes some begins with `held`, and then
 * looks again who needs them: so each sees the other, also where it is not serializable.
 */
export function kept<TB extends keyof Database, Row>(
  trx: Db,
  rows: SelectQueryBuilder<Database, TB, Row>,
): Promise<Row[]> {
  return (isPostgres(trx) ? rows.forKeyShare() : rows).execute()
}

/** SQLite: SQLITE_BUSY, SQLITE_BUSY_SNAPSHOT, and the constraints UNIQUE and PRIMARYKEY. */
const sqliteCodes = [5, 517, 2067, 1555]
/** PostgreSQL: serialization_failure, deadlock_detected, unique_violation. */
const postgresCodes = ['40001', '40P01', '23505']

/** Whether two wanted the same at once. Whoever comes second finds it taken when it looks again. */
function isCollision(error: unknown): boolean {
  const { errcode, code } = error as { errcode?: number; code?: string }
  return sqliteCodes.includes(errcode ?? 0) || postgresCodes.includes(code ?? '')
}
