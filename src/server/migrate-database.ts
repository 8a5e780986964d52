import { AppError } from '../contract/errors.ts'
import type { ServerConfig } from '../contract/server-config.ts'
import { copyDatabase } from '../database/copy.ts'
import { isPostgresInUse, isSqliteInUse } from '../database/in-use.ts'
import { makeFolder, sizeIfThere } from '../platform/files.ts'
import { databaseFile } from './data-folder.ts'
import { openDatabase, serverName } from './database.ts'

type Settings = Pick<ServerConfig, 'data' | 'database' | 'databaseUrl' | 'databasePasswordFile'>

/**
 * Copies the database of a server that is stopped into the other kind, whole or not at all: one that was cut off is run again. The old one is only read.
 * @throws AppError conflict when a server is at work on either, or the new one has rows; not-found; config-invalid; database-unavailable
 */
export async function migrateDatabase(
  config: Readonly<Settings>,
  to: ServerConfig['database'],
  onTable?: (table: string, rows: number) => void,
): Promise<{ tables: number; rows: number }> {
  await makeFolder(config.data, { mode: 0o700 })
  const file = databaseFile(config.data)
  if (to === 'postgres' && (await sizeIfThere(file)) === undefined)
    throw new AppError('not-found', `there is no database at ${file}; is --data right?`)
  if (await isSqliteInUse(file)) throw serverRuns(file)
  const postgres = await openDatabase({ ...config, database: 'postgres' }, { applicationName: 'slipway-migrate' })
  try {
    if (await isPostgresInUse(postgres, serverName)) throw serverRuns('the PostgreSQL database')
    const sqlite = await openDatabase({ ...config, database: 'sqlite' })
    try {
      return await (to === 'postgres'
        ? copyDatabase(sqlite, postgres, onTable)
        : copyDatabase(postgres, sqlite, onTable))
    } finally {
      await sqlite.destroy()
    }
  } finally {
    await postgres.destroy()
  }
}

function serverRuns(database: string): AppError {
  return new AppError(
    'conflict',
    `a server is at work on ${database}; stop every server first, since what they write from now on would be lost`,
  )
}
