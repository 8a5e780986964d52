import { DatabaseSync } from 'node:sqlite'
import { Kysely, sql } from 'kysely'
import { migrate } from './migrate.ts'
import { DurableSqliteDialect } from './sqlite-dialect.ts'
import type { Database } from './tables.ts'

/** A connection, or a transaction on one. Inside `transact(db, trx => …)` use `trx` only: SQLite has one connection. */
export type Db = Kysely<Database>

/**
 * Opens the SQLite file, makes it when it is not there, and brings its tables up to date.
 * `onTurn` hears how long each user waited for the connection. Whatever its promises answer is on the disk (see sqlite-dialect.ts); references between tables are enforced.
 * @throws AppError conflict when a newer slipway made it
 */
export async function openSqlite(path: string, onTurn: (waitedSeconds: number) => void = () => {}): Promise<Db> {
  const sqlite = new DatabaseSync(path)
  sqlite.exec(
    'pragma busy_timeout = 10000; pragma journal_mode = WAL; pragma synchronous = NORMAL; pragma foreign_keys = ON',
  )
  const db = new Kysely<Database>({ dialect: new DurableSqliteDialect(sqlite, path, onTurn) })
  try {
    await migrate(db, [sql`begin immediate`])
  } catch (error) {
    await db.destroy()
    throw error
  }
  return db
}
