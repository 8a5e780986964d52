import { setTimeout as delay } from 'node:timers/promises'
import { sql } from 'kysely'
import type { Db } from '../database/open.ts'
import { backoffMs } from '../platform/clock.ts'

const maxTries = 5

/**
 * Runs what allocates or places, alone: a transaction whose first write is the one row that all of them write, so each sees all that those
 * before it did, on whatever server they ran. A transaction that the database refused for the sake of another is tried again; `work`
 * must therefore do nothing but read and write the database.
 */
export async function inTurn<T>(db: Db, work: (trx: Db, turn: number) => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await db.transaction().execute(async (trx) => {
        return work(trx, await takeTurn(trx))
      })
    } catch (error) {
      if (attempt === maxTries || !isCollision(error)) throw error
      await delay(backoffMs(attempt, { firstMs: 20, maxMs: 500 }))
    }
  }
}

/**
 * Waits for those who have the turn, and has it until the transaction ends. Take it before anything else is written. Answers its number, which
 * only grows.
 */
export async function takeTurn(trx: Db): Promise<number> {
  const { turn } = await trx
    .updateTable('cloud_turn')
    .set({ turn: sql`turn + 1` })
    .where('id', '=', 1)
    .returning('turn')
    .executeTakeFirstOrThrow()
  return Number(turn)
}

/** SQLite: SQLITE_BUSY, SQLITE_BUSY_SNAPSHOT, and the constraints UNIQUE and PRIMARYKEY. */
const sqliteCodes = [5, 517, 2067, 1555]
/** PostgreSQL: unique_violation, serialization_failure, deadlock_detected. */
const postgresCodes = ['23505', '40001', '40P01']

/** Whether two wanted the same at once. Whoever comes second finds it taken when it looks again. */
function isCollision(error: unknown): boolean {
  const { errcode, code } = error as { errcode?: number; code?: string }
  return sqliteCodes.includes(errcode ?? 0) || postgresCodes.includes(code ?? '')
}
