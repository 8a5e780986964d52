import { Kysely, sql } from 'kysely'
import { migrate } from './migrate.ts'
import type { Db } from './open.ts'
import { SlipwayPostgresDialect } from './postgres-dialect.ts'
import { openPool, type PostgresOptions } from './postgres-pool.ts'
import type { Database } from './tables.ts'

/** What servers that bring the tables up to date wait for: any number that nobody else takes in this database. */
const migrationLock = 7_355_608_400

/**
 * Opens a PostgreSQL database and brings its tables up to date; several servers may do so at once. `onTurn` hears how long each user waited for a
 * connection. Whatever its promises answer is committed as durably as PostgreSQL is told to (`synchronous_commit`, on by default).
 * @throws AppError database-unavailable; conflict when a newer slipway made it
 */
export async function openPostgres(
  options: PostgresOptions,
  onTurn: (waitedSeconds: number) => void = () => {},
): Promise<Db> {
  const db = new Kysely<Database>({ dialect: new SlipwayPostgresDialect({ pool: await openPool(options, onTurn) }) })
  try {
    await migrate(db, [
      sql`begin isolation level read committed`,
      // A table may be large, and another server may be at it.
      sql`set local statement_timeout = 0`,
      sql`select pg_advisory_xact_lock(${sql.lit(migrationLock)})`,
    ])
  } catch (error) {
    await db.destroy()
    throw error
  }
  return db
}
