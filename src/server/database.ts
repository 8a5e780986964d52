import { readFile } from 'node:fs/promises'
import { AppError } from '../contract/errors.ts'
import type { ServerConfig } from '../contract/server-config.ts'
import { type Db, openSqlite } from '../database/open.ts'
import type { PostgresOptions } from '../database/postgres-pool.ts'
import { databaseFile } from './data-folder.ts'

type Settings = Pick<ServerConfig, 'data' | 'database' | 'databaseUrl' | 'databasePasswordFile'>

/** What servers call themselves to PostgreSQL. */
export const serverName = 'slipway-server'

interface Opening {
  /** Hears how long each user waited for a connection. */
  onTurn?: (waitedSeconds: number) => void
  /** By this name PostgreSQL knows who is connected. */
  applicationName?: string
}

/**
 * The database that the configuration means, with its tables up to date.
 * @throws AppError config-invalid | database-unavailable; conflict when a newer slipway made it
 */
export async function openDatabase(
  config: Readonly<Settings>,
  { onTurn = () => {}, applicationName = serverName }: Opening = {},
): Promise<Db> {
  if (config.database === 'sqlite') return openSqlite(databaseFile(config.data), onTurn)
  // Only who needs PostgreSQL pays for its memory.
  const { openPostgres } = await import('../database/open-postgres.ts')
  return openPostgres(await postgresOptions(config, applicationName), onTurn)
}

/** How the configuration says that PostgreSQL is reached. @throws AppError config-invalid */
export async function postgresOptions(
  config: Readonly<Settings>,
  applicationName = serverName,
): Promise<PostgresOptions> {
  return { connectionString: await connectionString(config), applicationName }
}

async function connectionString({ databaseUrl, databasePasswordFile }: Readonly<Settings>): Promise<string> {
  if (databaseUrl === undefined)
    throw new AppError('config-invalid', 'database is postgres, but databaseUrl is not set')
  if (/^[^?]*:\/\/[^/?@]*:[^/?]*@/.test(databaseUrl) || /[?&]password=/.test(databaseUrl))
    throw new AppError(
      'config-invalid',
      'databaseUrl holds a password, which others could read; put it alone into a file and name that in databasePasswordFile',
    )
  if (databasePasswordFile === undefined) return databaseUrl
  const password = await readFile(databasePasswordFile, 'utf8').catch((cause) => {
    throw new AppError(
      'config-invalid',
      `the password of the database cannot be read from ${databasePasswordFile}: ${cause.message}`,
      { cause },
    )
  })
  const word = `password=${encodeURIComponent(password.trim())}`
  return `${databaseUrl}${databaseUrl.includes('?') ? '&' : '?'}${word}`
}
