import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { sql } from 'kysely'
import { expect, onTestFinished, test } from 'vitest'
import { type Db, openSqlite } from '../../src/database/open.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

async function freshPath(): Promise<string> {
  return join(await temporaryFolder(), 'slipway.sqlite')
}

async function open(path: string): Promise<Db> {
  const db = await openSqlite(path)
  onTestFinished(() => db.destroy())
  return db
}

const opener = join(import.meta.dirname, '../../src/database/open.ts')

/** Runs statements in a process of its own, which has `openSqlite` and the `path` of a database. */
function run(path: string, statements: string) {
  const script = `import { openSqlite } from ${JSON.stringify(opener)}; const path = ${JSON.stringify(path)}; ${statements}`
  return once(spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: 'inherit' }), 'exit')
}

test('several processes that open a new file at once all find it whole', async () => {
  const path = await freshPath()
  const first =
    "const db = await openSqlite(path); await db.selectFrom('audit').selectAll().execute(); await db.destroy()"
  expect(await Promise.all([1, 2, 3].map(() => run(path, first)))).toEqual([1, 2, 3].map(() => [0, null]))
})

test('a process that is killed while it makes the tables leaves a file that the next one can open', async () => {
  const path = await freshPath()
  const killed = `
    const { DatabaseSync } = await import('node:sqlite')
    const { prepare } = DatabaseSync.prototype
    DatabaseSync.prototype.prepare = function (text) {
      if (text.startsWith('create table "hosts"')) process.kill(process.pid, 'SIGKILL')
      return prepare.call(this, text)
    }
    await openSqlite(path)`
  expect(await run(path, killed)).toEqual([null, 'SIGKILL'])
  expect(await (await open(path)).selectFrom('hosts').selectAll().execute()).toEqual([])
})

test('the database is in WAL mode, synchronous NORMAL, with foreign keys on and a busy timeout', async () => {
  const db = await open(await freshPath())
  const pragma = async (name: string) =>
    Object.values((await sql`pragma ${sql.raw(name)}`.execute(db)).rows[0] as object)[0]
  expect(await pragma('journal_mode')).toBe('wal')
  expect(await pragma('synchronous')).toBe(1)
  expect(await pragma('foreign_keys')).toBe(1)
  expect(await pragma('busy_timeout')).toBe(10_000)
})

test('what was committed is there after the process was killed', async () => {
  const path = await freshPath()
  const killed = `
    const db = await openSqlite(path)
    await db.insertInto('channels').values({ name: 'kept', created_at: 'x' }).execute()
    await db.transaction().execute(async (trx) => {
      await trx.insertInto('channels').values({ name: 'lost', created_at: 'x' }).execute()
      process.kill(process.pid, 'SIGKILL')
    })`
  expect(await run(path, killed)).toEqual([null, 'SIGKILL'])
  expect(await (await open(path)).selectFrom('channels').select('name').execute()).toEqual([{ name: 'kept' }])
})

test('a file that is no database is refused and left as it was', async () => {
  const path = await freshPath()
  await writeFile(path, 'this is text, and a good deal of it'.repeat(100))
  await expect(openSqlite(path)).rejects.toThrow('file is not a database')
})

test('a migration that fails is an error, and the database can be opened by others', async () => {
  const path = await freshPath()
  const other = new DatabaseSync(path)
  other.exec('create table channels (x text)')
  await expect(openSqlite(path)).rejects.toThrow('table "channels" already exists')
  other.exec('insert into channels values (1)')
  expect(other.prepare('select count(*) as n from sqlite_master where name = ?').get('blobs')).toMatchObject({ n: 0 })
  other.close()
})
