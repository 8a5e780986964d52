import { open as openHandle, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { sql } from 'kysely'
import { beforeEach, expect, onTestFinished, test, vi } from 'vitest'
import { type Db, openSqlite } from '../../src/database/open.ts'
import { effectOf } from '../../src/database/statement-effect.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

/** What a sync of a file does in these tests; it may wait, or fail. */
let onSync: () => Promise<void> = async () => {}
let syncs = 0

beforeEach(async () => {
  const handle = await openHandle(import.meta.filename)
  const prototype = Object.getPrototypeOf(handle) as typeof handle
  await handle.close()
  const { datasync } = prototype
  const spy = vi.spyOn(prototype, 'datasync').mockImplementation(async function (this: typeof handle) {
    syncs += 1
    await onSync()
    await datasync.call(this)
  })
  onSync = async () => {}
  return () => spy.mockRestore()
})

async function openDatabase() {
  const path = join(await temporaryFolder(), 'slipway.sqlite')
  const db = await openSqlite(path)
  const other = new DatabaseSync(path)
  onTestFinished(async () => {
    other.close()
    await db.destroy()
  })
  syncs = 0
  return { db, other, log: `${path}-wal` }
}

const add = (db: Db, name: string) => db.insertInto('channels').values({ name, created_at: 'x' }).execute()
const names = async (db: Db) => (await db.selectFrom('channels').select('name').execute()).map(({ name }) => name)

/** Syncs that wait until they are let go, one after the other. */
function holdSyncs() {
  const held: (() => void)[] = []
  onSync = () => new Promise((resolve) => held.push(resolve))
  return {
    started: (count: number) => vi.waitFor(() => expect(held.length).toBe(count), { timeout: 10_000, interval: 1 }),
    letGo: (index: number) => held[index]?.(),
  }
}

/** The order in which promises are answered. */
function answers(promises: Record<string, Promise<unknown>>): { order: string[]; all: Promise<unknown> } {
  const order: string[] = []
  const all = Promise.all(Object.entries(promises).map(([name, promise]) => promise.then(() => order.push(name))))
  return { order, all }
}

test('a write is answered only after a sync that began after its commit, and others commit meanwhile', async () => {
  const { db, other } = await openDatabase()
  const disk = holdSyncs()
  const first = add(db, 'first')
  await disk.started(1)
  const second = add(db, 'second')
  const { order, all } = answers({ first, second })
  await vi.waitFor(() => expect(other.prepare('select name from channels').all()).toHaveLength(2))
  expect(order).toEqual([])
  disk.letGo(0)
  await disk.started(2)
  expect(order).toEqual(['first'])
  disk.letGo(1)
  await all
  expect(order).toEqual(['first', 'second'])
})

test('many writers share one sync', async () => {
  const { db, other } = await openDatabase()
  const disk = holdSyncs()
  const writes = [add(db, 'first')]
  await disk.started(1)
  writes.push(db.transaction().execute((trx) => add(trx, 'in a transaction')))
  for (let index = 0; index < 50; index++) writes.push(add(db, `${index}`))
  await vi.waitFor(() => expect(other.prepare('select name from channels').all()).toHaveLength(52))
  disk.letGo(0)
  await disk.started(2)
  disk.letGo(1)
  await Promise.all(writes)
  expect(syncs).toBe(2)
})

test('a read is answered when what it saw is on the disk', async () => {
  const { db } = await openDatabase()
  const disk = holdSyncs()
  const write = add(db, 'new')
  await disk.started(1)
  const read = names(db)
  const { order, all } = answers({ read })
  // Whatever the read could do without the disk is done by then.
  for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate)
  expect(order).toEqual([])
  disk.letGo(0)
  await Promise.all([write, all])
  expect(await read).toEqual(['new'])
})

test('who only reads asks nothing of the disk, nor does a transaction that only reads', async () => {
  const { db } = await openDatabase()
  await add(db, 'old')
  syncs = 0
  expect(await names(db)).toEqual(['old'])
  expect(await db.transaction().execute(names)).toEqual(['old'])
  expect(syncs).toBe(0)
})

test('nobody waits for upload sessions, and a transaction that changes more waits', async () => {
  const { db } = await openDatabase()
  const session = { repository: 'a', created_at: 'x', updated_at: 'x' }
  const begin = (on: Db, id: string) =>
    on
      .insertInto('uploads')
      .values({ id, ...session })
      .execute()
  const disk = holdSyncs()
  await begin(db, '1')
  await db.updateTable('uploads').set({ updated_at: 'y' }).where('id', '=', '1').execute()
  expect(await db.selectFrom('uploads').select('updated_at').where('id', '=', '1').execute()).toHaveLength(1)
  await db.deleteFrom('uploads').where('id', '=', '1').execute()
  expect(syncs).toBe(0)
  const both = db.transaction().execute(async (trx) => {
    await add(trx, 'new')
    await begin(trx, '2')
  })
  await disk.started(1)
  disk.letGo(0)
  await both
})

const effects = {
  'select "id" from "uploads" where "id" = ?': 'none',
  'select count(*) as "open" from "uploads" where "repository" = ?': 'none',
  'begin immediate': 'none',
  'select * from "tokens" where "id" = ?': 'none',
  'select * from "tokens" order by "name"': 'reads',
  'select "name", "key_hash" from "hosts" where "id" = ?': 'none',
  'select "name" from "hosts" where "id" = ?': 'reads',
  'update "tokens" set "last_used_at" = ? where "id" = ?': 'none',
  'update "tokens" set "last_used_at" = ?, "role" = ? where "id" = ?': 'writes',
  'select * from "tags" where "name" in (select "id" from "uploads" where true)': 'reads',
  'select "id" from "uploads" inner join "tags" on true': 'reads',
  'insert into "uploads" select * from "tags"': 'writes',
  'insert into "tags" ("name") values (?)': 'writes',
  'with "x" as (select 1) select * from "x"': 'writes',
}
for (const [statement, effect] of Object.entries(effects))
  test(`${statement}: ${effect}`, () => expect(effectOf(statement)).toBe(effect))

test('a write is not answered when its sync fails; the next one empties the log first, and is', async () => {
  const { db, log } = await openDatabase()
  onSync = async () => {
    throw Object.assign(new Error('the disk lost something'), { code: 'EIO' })
  }
  await expect(add(db, 'first')).rejects.toThrow('the disk lost something')
  await expect(names(db)).rejects.toThrow('the disk lost something')
  const sizes: number[] = []
  onSync = async () => void sizes.push((await stat(log)).size)
  await add(db, 'second')
  expect(await names(db)).toEqual(['first', 'second'])
  expect(sizes).toEqual([0])
  await add(db, 'third')
  expect(sizes).toEqual([0, expect.any(Number)])
  expect(sizes[1]).toBeGreaterThan(0)
})

test('a disk that is full when it is synced is said to be full', async () => {
  const { db } = await openDatabase()
  onSync = async () => {
    throw Object.assign(new Error('no space'), { code: 'ENOSPC' })
  }
  await expect(add(db, 'first')).rejects.toMatchObject({ code: 'storage-full' })
})

test('while others read from a log that is in doubt, nothing is answered', async () => {
  const { db, other } = await openDatabase()
  await add(db, 'old')
  other.exec('begin')
  other.prepare('select * from channels').all()
  onSync = async () => {
    throw new Error('the disk lost something')
  }
  await expect(add(db, 'first')).rejects.toThrow('the disk lost something')
  onSync = async () => {}
  await expect(add(db, 'second')).rejects.toThrow('the log of the database is in use by another process')
  other.exec('commit')
  expect(await names(db)).toEqual(['first', 'old', 'second'])
  const { rows } = await sql`pragma busy_timeout`.execute(db)
  expect(rows).toMatchObject([{ timeout: 10_000 }])
})
