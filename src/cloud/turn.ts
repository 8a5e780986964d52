import { sql } from 'kysely'
import type { Db } from '../database/open.ts'
import { transact } from '../database/transact.ts'

/**
 * Runs what allocates or places, alone: a transaction whose first write is the one row that all of them write, so each sees all that those
 * before it did, on whatever server they ran. As every transaction it may be tried again: `work` must do nothing but read and write the database.
 */
export async function inTurn<T>(db: Db, work: (trx: Db, turn: number) => Promise<T>): Promise<T> {
  return transact(db, async (trx) => work(trx, await takeTurn(trx)), 'read committed')
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
