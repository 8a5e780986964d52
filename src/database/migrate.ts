import { type Kysely, type RawBuilder, sql } from 'kysely'
import { Migrator } from 'kysely/migration'
import { AppError } from '../contract/errors.ts'
import { first } from './migrations/001-first.ts'
import { cloud } from './migrations/002-cloud.ts'
import { network } from './migrations/003-network.ts'
import { history } from './migrations/004-history.ts'
import { collection } from './migrations/005-collection.ts'
import { quotas } from './migrations/006-quotas.ts'
import { scrub } from './migrations/007-scrub.ts'
import { replicas } from './migrations/008-replicas.ts'
import { retention } from './migrations/009-retention.ts'
import { largeRepositories } from './migrations/010-large-repositories.ts'
import type { Database } from './tables.ts'

/** In the order in which they run; the key is what the database remembers. */
const migrations = {
  '001-first': first,
  '002-cloud': cloud,
  '003-network': network,
  '004-history': history,
  '005-collection': collection,
  '006-quotas': quotas,
  '007-scrub': scrub,
  '008-replicas': replicas,
  '009-retention': retention,
  '010-large-repositories': largeRepositories,
}

/**
 * Brings the tables up to date: all migrations in one transaction, so a process that is killed in the middle leaves the old tables. `begin` are the
 * statements that begin it, and wait for whoever is at it already: of two that start at once, the second finds the work done.
 * @throws AppError conflict when the database is newer than this program
 */
export async function migrate(db: Kysely<Database>, begin: readonly RawBuilder<unknown>[]): Promise<void> {
  await db.connection().execute(async (connection) => {
    for (const statement of begin) await statement.execute(connection)
    const error = await migrateToLatest(connection)
    await (error === undefined ? sql`commit` : sql`rollback`).execute(connection)
    if (error !== undefined) throw error
  })
}

/** Answers what went wrong. */
async function migrateToLatest(connection: Kysely<Database>): Promise<unknown> {
  try {
    await refuseNewer(connection)
    return (await migratorOf(connection).migrateToLatest()).error
  } catch (error) {
    return error
  }
}

async function refuseNewer(connection: Kysely<Database>): Promise<void> {
  const tables = await connection.introspection.getTables({ withInternalKyselyTables: true })
  if (!tables.some(({ name }) => name === 'kysely_migration')) return
  const { rows } = await sql<{ name: string }>`select name from kysely_migration order by name`.execute(connection)
  const unknown = rows.map(({ name }) => name).filter((name) => !Object.hasOwn(migrations, name))
  if (unknown.length > 0)
    throw new AppError(
      'conflict',
      `the database was made by a newer slipway (it has ${unknown.join(', ')}, which this one does not know); install that version here`,
    )
}

/** Both databases change their tables within the transaction that is open. */
function migratorOf(connection: Kysely<Database>): Migrator {
  return new Migrator({ db: connection, provider: { getMigrations: async () => migrations } })
}
