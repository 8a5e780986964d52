import { sql } from 'kysely'
import { expect, onTestFinished, test } from 'vitest'
import type { Db } from '../../src/database/open.ts'
import { tableNames } from '../../src/database/table-order.ts'
import { transact } from '../../src/database/transact.ts'
import { openDatabase } from '../../src/server/database.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { databaseSettings } from '../support/test-database.ts'

async function open(data?: string): Promise<Db> {
  const folder = data ?? (await temporaryFolder())
  const db = await openDatabase({ ...(await databaseSettings(folder)), data: folder })
  onTestFinished(() => db.destroy())
  return db
}

const at = '2026-01-02T03:04:05.678Z'

test('a second start changes nothing', async () => {
  const folder = await temporaryFolder()
  const db = await open(folder)
  await db.insertInto('channels').values({ name: 'stable', created_at: at }).execute()
  await db.destroy()
  const again = await open(folder)
  expect(await again.selectFrom('channels').select('name').execute()).toMatchObject([{ name: 'stable' }])
  const { rows } = await sql<{ name: string }>`select name from kysely_migration order by name`.execute(again)
  expect(rows.map(({ name }) => name).slice(0, 4)).toEqual(['001-first', '002-cloud', '003-network', '004-history'])
})

test('a database of a newer slipway is refused, and left as it was', async () => {
  const folder = await temporaryFolder()
  const db = await open(folder)
  await sql`insert into kysely_migration values ('999-later', ${at})`.execute(db)
  await expect(open(folder)).rejects.toThrow(
    'the database was made by a newer slipway (it has 999-later, which this one does not know); install that version here',
  )
  await sql`delete from kysely_migration where name = '999-later'`.execute(db)
  await (await open(folder)).selectFrom('hosts').selectAll().execute()
})

test('texts are compared by their bytes', async () => {
  const db = await open()
  const names = ['b', 'a', 'B', 'é', '_', 'a-b', 'a.b', 'ab', '1', 'Z', 'z', '10', '2']
  await db
    .insertInto('channels')
    .values(names.map((name) => ({ name, created_at: at })))
    .execute()
  const bytewise = names.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
  const ordered = await db.selectFrom('channels').select('name').orderBy('name').execute()
  expect(ordered.map(({ name }) => name)).toEqual(bytewise)
  const after = await db.selectFrom('channels').select('name').where('name', '>', 'Z').execute()
  expect(after.map(({ name }) => name).toSorted()).toEqual(bytewise.filter((name) => name > 'Z').toSorted())
})

test('every table of the type is there', async () => {
  const db = await open()
  for (const table of tableNames)
    expect(await db.selectFrom(table).selectAll().execute()).toHaveLength(table === 'cloud_turn' ? 1 : 0)
})

test('a row that refers to nothing is refused', async () => {
  const db = await open()
  const pointer = { channel: 'none', component: 'rc', version: '1.0.0', promoted_at: at, promoted_by: 'x' }
  await expect(db.insertInto('channel_pointers').values(pointer).execute()).rejects.toThrow(/foreign key/i)
})

test('with a manifest go its tags and references', async () => {
  const db = await open()
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
  const db = await open()
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
  const db = await open()
  const failing = transact(db, async (trx) => {
    await trx.insertInto('channels').values({ name: 'a', created_at: at }).execute()
    throw new Error('changed my mind')
  })
  await expect(failing).rejects.toThrow('changed my mind')
  expect(await db.selectFrom('channels').selectAll().execute()).toEqual([])
})

test('transactions that one server starts at once run one after the other, and none is broken off by another', async () => {
  const db = await open()
  await db.insertInto('blobs').values({ digest: 'd', size: 0, created_at: at }).execute()
  let runs = 0
  const increment = () =>
    transact(db, async (trx) => {
      runs += 1
      const { size } = await trx.selectFrom('blobs').select('size').executeTakeFirstOrThrow()
      await trx
        .updateTable('blobs')
        .set({ size: size + 1 })
        .execute()
    })
  await Promise.all(Array.from({ length: 20 }, increment))
  expect((await db.selectFrom('blobs').select('size').executeTakeFirstOrThrow()).size).toBe(20)
  expect(runs).toBe(20)
})

test('returning answers the rows, an update how many it changed', async () => {
  const db = await open()
  const inserted = db.insertInto('channels').values({ name: 'a', created_at: at }).returning('name')
  expect({ ...(await inserted.executeTakeFirstOrThrow()) }).toEqual({ name: 'a' })
  const result = await db.updateTable('channels').set({ created_at: at }).executeTakeFirst()
  expect(result.numUpdatedRows).toBe(1n)
})
