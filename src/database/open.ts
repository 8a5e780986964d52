import { DatabaseSync } from 'node:sqlite'
import { Kysely, sql } from 'kysely'
import { Migrator } from 'kysely/migration'
import { first } from './migrations/001-first.ts'
import { cloud } from './migrations/002-cloud.ts'
import { network } from './migrations/003-network.ts'
import { history } from './migrations/004-history.ts'
import { DurableSqliteDialect } from './sqlite-dialect.ts'
import type { Database } from './tables.ts'

/** A connection, or a transaction on one. Inside `transaction().execute(trx => …)` use `trx` only: SQLite has one connection. */
export type Db = Kysely<Database>

/** In the order in which they run; the key is what the database remembers. */
const migrations = { '001-first': first, '002-cloud': cloud, '003-network': network, '004-history': history }

/**
 * Opens the SQLite file, makes it when it is not there, and brings its tables up to date.
 * `onTurn` hears how long each user waited for the connection. Whatever its promises answer is on the disk (see sqlite-dialect.ts); references between tables are enforced.
 */
export async function openSqlite(path: string, onTurn: (waitedSeconds: number) => void = () => {}): Promise<Db> {
  const sqlite = new DatabaseSync(path)
  sqlite.exec(
    'pragma busy_timeout = 10000; pragma journal_mode = WAL; pragma synchronous = NORMAL; pragma foreign_keys = ON',
  )
  const db = new Kysely<Database>({ dialect: new DurableSqliteDialect(sqlite, path, onTurn) })
  try {
    await migrate(db)
  } catch (error) {
    await db.destroy()
    throw error
  }
  return db
}

/**
 * All migrations in one transaction (Kysely uses none on SQLite): a process that is killed in the middle leaves the old tables. Of two
 * that start at once, the second waits for the first and finds the work done.
 */
async function migrate(db: Db): Promise<void> {
  await db.connection().execute(async (connection) => {
    await sql`begin immediate`.execute(connection)
    const migrator = new Migrator({ db: connection, provider: { getMigrations: async () => migrations } })
    const { error } = await migrator.migrateToLatest()
    await (error === undefined ? sql`commit` : sql`rollback`).execute(connection)
    if (error !== undefined) throw error
  })
}
