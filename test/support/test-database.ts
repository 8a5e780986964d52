import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import type { ServerConfig } from '../../src/contract/server-config.ts'
import { type Db, openSqlite } from '../../src/database/open.ts'
import { sha256 } from '../../src/platform/digest.ts'
import { openDatabase } from '../../src/server/database.ts'

/*
 * Tests that need a database ask here for it. It is SQLite, unless the environment names a PostgreSQL: then the same tests run on that
 * (the project `postgres` of `npm run test:real`).
 */

/** The address of a database of that server, without the name: the setup of the project puts it here. */
const variable = 'SLIPWAY_TEST_POSTGRES'
/** What new databases are copies of: it has the tables, and no rows. */
export const templateName = 'slipway_template'

const made = new Set<string>()

export const onPostgres = () => process.env[variable] !== undefined

export function runOnPostgres(url: string): void {
  process.env[variable] = url
}

/** The settings of a server whose database belongs to a folder: whoever asks for the same folder gets the same database. */
export async function databaseSettings(folder: string): Promise<Pick<ServerConfig, 'database' | 'databaseUrl'>> {
  const server = process.env[variable]
  if (server === undefined) return { database: 'sqlite' }
  const name = `t_${sha256(folder).slice(7, 27)}`
  if (!made.has(name)) await ask(server, `create database ${name} template ${templateName}`, ['42P04'])
  made.add(name)
  return { database: 'postgres', databaseUrl: server.replace('/postgres?', `/${name}?`) }
}

/** A database that belongs to a folder. A new one begins as a copy of an empty one: making its tables takes longer than most tests. */
export async function openTestDatabase(folder: string): Promise<Db> {
  const settings = await databaseSettings(folder)
  if (settings.database === 'sqlite') await copyEmpty(join(folder, 'slipway.sqlite'))
  return openDatabase({ ...settings, data: folder })
}

/** Removes the databases that this process made, whoever is connected to them. */
export async function dropTestDatabases(): Promise<void> {
  const server = process.env[variable]
  if (server === undefined) return
  for (const name of made) await ask(server, `drop database if exists ${name} with (force)`)
  made.clear()
}

async function ask(url: string, statement: string, fine: string[] = []): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    await client.query(statement).catch((error) => {
      if (!fine.includes(error.code)) throw error
    })
  } finally {
    await client.end()
  }
}

let emptyDatabase: Promise<Buffer> | undefined

async function copyEmpty(path: string): Promise<void> {
  emptyDatabase ??= makeEmptyDatabase()
  await writeFile(path, await emptyDatabase, { flag: 'wx' }).catch((error) => {
    if (error.code !== 'EEXIST') throw error
  })
}

async function makeEmptyDatabase(): Promise<Buffer> {
  const folder = await mkdtemp(join(tmpdir(), 'slw-'))
  const path = join(folder, 'empty.sqlite')
  await (await openSqlite(path)).destroy()
  const bytes = await readFile(path)
  await rm(folder, { recursive: true })
  return bytes
}
