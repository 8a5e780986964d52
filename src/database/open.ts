import { DatabaseSync } from 'node:sqlite'
import { Kysely, SqliteDialect } from 'kysely'
import { Migrator } from 'kysely/migration'
import { first } from './migrations/001-first.ts'
import { nodeSqlite } from './node-sqlite.ts'
import type { Database } from './tables.ts'

/** A connection, or a transaction on one. Inside `transaction().execute(trx => …)` use `trx` only: SQLite has one connection. */
export type Db = Kysely<Database>

/** In the order in which they run; the key is what the database remembers. */
const migrations = { '001-first': first }

/**
 * Opens the SQLite file, makes it when it is not there, and brings its tables up to date.
 * A committed transaction is on the disk (WAL, synchronous FULL); references between tables are enforced.
 */
export async function openSqlite(path: string): Promise<Db> {
  const sqlite = new DatabaseSync(path)
  sqlite.exec(
    'pragma journal_mode = WAL; pragma synchronous = FULL; pragma foreign_keys = ON; pragma busy_timeout = 10000',
  )
  const db = new Kysely<Database>({ dialect: new SqliteDialect({ database: nodeSqlite(sqlite) }) })
  const migrator = new Migrator({ db, provider: { getMigrations: async () => migrations } })
  const { error } = await migrator.migrateToLatest()
  if (error !== undefined) {
    await db.destroy()
    throw error
  }
  return db
}
