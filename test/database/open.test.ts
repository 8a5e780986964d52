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

const at = '2026-01-02T03:04:05.678Z'

test('a new file gets every table, and a second start changes nothing', async () => {
  const path = await freshPath()
  const db = await open(path)
  await db.insertInto('channels').values({ name: 'stable', created_at: at }).execute()
  await db.destroy()
  const again = await open(path)
  expect(await again.selectFrom('channels').select('name').execute()).toEqual([{ name: 'stable' }])
  const { rows } = await sql<{ name: string }>`select name from kysely_migration order by name`.execute(again)
  expect(rows.map(({ name }) => name)).toEqual(['001-first', '002-cloud', '003-network', '004-history'])
})

test('every table of the type is there', async () => {
  const db = await open(await freshPath())
  const tables = [
    'repositories',
    'blobs',
    'repository_blobs',
    'manifests',
    'manifest_references',
    'tags',
    'uploads',
    'channels',
    'channel_pointers',
    'join_tokens',
    'hosts',
    'host_updates',
    'host_history',
    'tokens',
    'signing_keys',
    'audit',
  ] as const
  for (const table of tables) expect(await db.selectFrom(table).selectAll().execute()).toEqual([])
})

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

test('a row that refers to nothing is refused', async () => {
  const db = await open(await freshPath())
  const pointer = { channel: 'none', component: 'rc', version: '1.0.0', promoted_at: at, promoted_by: 'x' }
  await expect(db.insertInto('channel_pointers').values(pointer).execute()).rejects.toThrow(/FOREIGN KEY/)
})

test('with a manifest go its tags and references', async () => {
  const db = await open(await freshPath())
  await db.insertInto('repositories').values({ name: 'a', created_at: at }).execute()
  const manifest = { repository: 'a', digest: 'sha256:1', media_type: 'm', content: Buffer.from('{}'), created_at: at }
  await db
    .insertInto('manifests')
    .values({ ...manifest, artifact_type: null, subject: null })
    .execute()
  await db.insertInto('tags').values({ repository: 'a', name: '1', manifest: 'sha256:1', updated_at: at }).execute()
  const reference = { repository: 'a', manifest: 'sha256:1', kind: 'blob', digest: 'sha256:2', size: 3 } as const
  await db.insertInto('manifest_references').values(reference).execute()
  await db.deleteFrom('manifests').execute()
  expect(await db.selectFrom('tags').selectAll().execute()).toEqual([])
  expect(await db.selectFrom('manifest_references').selectAll().execute()).toEqual([])
})

test('bytes come back byte for byte, and large sizes as they were', async () => {
  const db = await open(await freshPath())
  const content = Buffer.from([0, 255, 10, 13, 128])
  await db.insertInto('repositories').values({ name: 'a', created_at: at }).execute()
  const manifest = { repository: 'a', digest: 'd', media_type: 'm', artifact_type: null, subject: null, created_at: at }
  await db
    .insertInto('manifests')
    .values({ ...manifest, content })
    .execute()
  const read = await db.selectFrom('manifests').select('content').executeTakeFirstOrThrow()
  expect(Buffer.from(read.content).equals(content)).toBe(true)
  const size = 9_007_199_254_740_991
  await db.insertInto('blobs').values({ digest: 'd', size, created_at: at }).execute()
  expect((await db.selectFrom('blobs').select('size').executeTakeFirstOrThrow()).size).toBe(size)
})

test('a transaction that fails leaves nothing, and the next one works', async () => {
  const db = await open(await freshPath())
  const failing = db.transaction().execute(async (trx) => {
    await trx.insertInto('channels').values({ name: 'a', created_at: at }).execute()
    throw new Error('changed my mind')
  })
  await expect(failing).rejects.toThrow('changed my mind')
  expect(await db.selectFrom('channels').selectAll().execute()).toEqual([])
})

test('transactions that are started at once run one after the other', async () => {
  const db = await open(await freshPath())
  await db.insertInto('blobs').values({ digest: 'd', size: 0, created_at: at }).execute()
  const increment = () =>
    db.transaction().execute(async (trx) => {
      const { size } = await trx.selectFrom('blobs').select('size').executeTakeFirstOrThrow()
      await trx
        .updateTable('blobs')
        .set({ size: size + 1 })
        .execute()
    })
  await Promise.all(Array.from({ length: 20 }, increment))
  expect((await db.selectFrom('blobs').select('size').executeTakeFirstOrThrow()).size).toBe(20)
})

test('returning answers the rows, an update how many it changed', async () => {
  const db = await open(await freshPath())
  const inserted = db.insertInto('channels').values({ name: 'a', created_at: at }).returning('name')
  expect({ ...(await inserted.executeTakeFirstOrThrow()) }).toEqual({ name: 'a' })
  const result = await db.updateTable('channels').set({ created_at: at }).executeTakeFirst()
  expect(result.numUpdatedRows).toBe(1n)
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
