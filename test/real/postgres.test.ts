import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sql } from 'kysely'
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { ServerConfig } from '../../src/contract/server-config.ts'
import type { Db } from '../../src/database/open.ts'
import { openPostgres } from '../../src/database/open-postgres.ts'
import { transact } from '../../src/database/transact.ts'
import { loadConfig } from '../../src/platform/config.ts'
import { demandSqlite } from '../../src/server/backup.ts'
import { openDatabase } from '../../src/server/database.ts'
import { migrateDatabase } from '../../src/server/migrate-database.ts'
import { type Postgres, startPostgres } from '../support/postgres.ts'
import { openTestServer } from '../support/server.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

let postgres: Postgres
let count = 0
let url: string

beforeAll(async () => {
  postgres = await startPostgres()
})
afterAll(() => postgres?.close())
beforeEach(async () => {
  await postgres.sql(`create database d${++count}`)
  url = postgres.url(`d${count}`)
})

async function open(): Promise<Db> {
  const db = await openPostgres({ connectionString: url, applicationName: 'slipway-server' })
  onTestFinished(() => db.destroy())
  return db
}

const run = (statement: string) => postgres.sql(statement, `d${count}`)
const add = (db: Db, name: string) => db.insertInto('channels').values({ name, created_at: 'x' }).execute()
const names = async (db: Db) =>
  (await db.selectFrom('channels').select('name').orderBy('name').execute()).map(({ name }) => name)

/** Ends the connections of all but this one. */
const cutAll = () =>
  run(
    'select count(pg_terminate_backend(pid)) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()',
  )

describe('servers that start at once', () => {
  test('bring a new database up to date together', async () => {
    const all = await Promise.all([open(), open(), open()])
    for (const db of all) expect(await names(db)).toEqual([])
    expect(await run('select count(*) > 3 and count(*) = count(distinct name) from kysely_migration')).toBe('t')
  })

  test('make one admin token, and only one of them has a file of it', async () => {
    const settings = { database: 'postgres', databaseUrl: url } as const
    const folders = await Promise.all([temporaryFolder(), temporaryFolder()])
    const files = await Promise.all(
      folders.map(async (data) => {
        const started = openTestServer({ ...settings, data }).then(
          () => '',
          (error) => error.message,
        )
        return [await started, await readFile(join(data, 'admin-token'), 'utf8').catch(() => undefined)]
      }),
    )
    expect(await run('select count(*) from tokens')).toBe('1')
    expect(files.filter(([, token]) => token?.startsWith('slw_'))).toHaveLength(1)
  })
})

describe('transactions that get in each other’s way', () => {
  test('on two servers are tried again, and count as if one came after the other', async () => {
    const servers = [await open(), await open()]
    await (servers[0] as Db).insertInto('blobs').values({ digest: 'd', size: 0, created_at: 'x' }).execute()
    let tries = 0
    const increment = (db: Db) =>
      transact(db, async (trx) => {
        tries += 1
        const { size } = await trx.selectFrom('blobs').select('size').executeTakeFirstOrThrow()
        await trx
          .updateTable('blobs')
          .set({ size: size + 1 })
          .execute()
      })
    await Promise.all(servers.flatMap((db) => Array.from({ length: 6 }, () => increment(db))))
    expect(await run('select size from blobs')).toBe('12')
    expect(tries).toBeGreaterThan(12)
  })

  test('none decides by what another is changing: of two that must not both be there, one comes', async () => {
    const servers = [await open(), await open()]
    const bothLooked = Promise.withResolvers<void>()
    let looked = 0
    const addIfAlone = (db: Db, name: string) =>
      transact(db, async (trx) => {
        const isAlone = (await names(trx)).length === 0
        if (++looked === 2) bothLooked.resolve()
        await bothLooked.promise
        if (isAlone) await add(trx, name)
      })
    await Promise.all(servers.map((db, at) => addIfAlone(db, `${at}`)))
    expect(await names(servers[0] as Db)).toHaveLength(1)
    expect(looked).toBe(3)
  })

  test('two servers that make the same thing: the second finds it when it looks again', async () => {
    const servers = [await open(), await open()]
    const bothLooked = Promise.withResolvers<void>()
    let looked = 0
    const make = (db: Db) =>
      transact(db, async (trx) => {
        if ((await names(trx)).includes('one')) return 'found'
        if (++looked === 2) bothLooked.resolve()
        await bothLooked.promise
        await add(trx, 'one')
        return 'made'
      })
    expect((await Promise.all(servers.map(make))).toSorted()).toEqual(['found', 'made'])
  })
})

describe('a connection that is lost', () => {
  test('in the middle of a transaction: it is done again from the beginning, once', async () => {
    const db = await open()
    let tries = 0
    await transact(db, async (trx) => {
      await add(trx, `try ${++tries}`)
      if (tries === 1) await cutAll()
      await add(trx, 'rest')
    })
    expect(await names(db)).toEqual(['rest', 'try 2'])
  })

  test('between two statements, while nobody asks anything: the same', async () => {
    const db = await open()
    let tries = 0
    await transact(db, async (trx) => {
      await add(trx, 'a')
      if (++tries > 1) return
      await cutAll()
      // The end of the connection arrives meanwhile.
      await run('select pg_sleep(0.2)')
    }).catch((error) => expect(error.code).toBe('outcome-unknown'))
    expect(tries).toBeLessThanOrEqual(2)
    expect((await names(db)).length).toBeLessThanOrEqual(1)
  })

  test('at the commit: nobody knows, so it is told and not done again', async () => {
    const db = await open()
    await run(`create function cut() returns trigger language plpgsql as
      'begin perform pg_terminate_backend(pg_backend_pid()); return null; end'`)
    await run(
      'create constraint trigger cut after insert on channels deferrable initially deferred for each row execute function cut()',
    )
    let tries = 0
    const lost = transact(db, async (trx) => {
      tries += 1
      await add(trx, 'a')
    })
    await expect(lost).rejects.toMatchObject({ code: 'outcome-unknown', status: 503 })
    expect(tries).toBe(1)
    await run('drop trigger cut on channels')
    expect(await names(db)).toEqual([])
    await add(db, 'b')
  })

  test('at a single change: nobody knows, so it is told; what only reads is asked again', async () => {
    const db = await open()
    await run(`create function cut() returns trigger language plpgsql as
      'begin perform pg_terminate_backend(pg_backend_pid()); return new; end'`)
    await run('create trigger cut before insert on channels for each row execute function cut()')
    await expect(add(db, 'a')).rejects.toMatchObject({ code: 'outcome-unknown' })
    await run('drop trigger cut on channels')
    for (let time = 0; time < 3; time++) {
      await Promise.all([names(db), names(db), names(db)])
      await cutAll()
      expect(await names(db)).toEqual([])
    }
  })
})

test('a PostgreSQL that is killed in the middle of a transaction and comes back: done once', async () => {
  const db = await open()
  let tries = 0
  await transact(db, async (trx) => {
    await add(trx, `try ${++tries}`)
    if (tries === 1) {
      await postgres.kill()
      await postgres.start()
    }
    await add(trx, 'rest')
  })
  expect(await names(db)).toEqual(['rest', `try ${tries}`])
})

test('while PostgreSQL is away the server says so, with 503 and when to come again, and goes on when it is back', async () => {
  const server = await openTestServer({ database: 'postgres', databaseUrl: url })
  await server.publish('compute', '1.0.0')
  const ready = () => fetch(`${server.url}/readyz`)
  expect((await ready()).status).toBe(200)
  await postgres.kill()
  const away = await ready()
  expect([away.status, away.headers.get('retry-after')]).toEqual([503, '30'])
  expect(await away.json()).toMatchObject({ code: 'database-unavailable' })
  const push = await fetch(`${server.url}/v2/tools/blobs/uploads/`, {
    method: 'POST',
    headers: { authorization: `Bearer ${server.adminToken}` },
  })
  expect(push.status).toBe(503)
  await postgres.start()
  expect((await ready()).status).toBe(200)
  await server.publish('compute', '1.1.0')
})

test('what PostgreSQL cannot keep is refused as the input that it is', async () => {
  const db = await open()
  await expect(add(db, 'a\0b')).rejects.toMatchObject({ code: 'input-invalid' })
  await expect(transact(db, (trx) => add(trx, 'a\0b'))).rejects.toMatchObject({ code: 'input-invalid' })
})

describe('the password', () => {
  const config = async (settings: Partial<ServerConfig>) =>
    loadConfig(ServerConfig, { flags: { data: await temporaryFolder(), database: 'postgres', ...settings } })

  test('stands in a file: with it the database opens, with another one it is told what PostgreSQL said', async () => {
    await postgres.sql(
      `create role guarded login password 'a b&c=d%e'; grant create on schema public to guarded`,
      `d${count}`,
    )
    const databaseUrl = url.replace('slipway@', 'guarded@')
    const databasePasswordFile = join(await temporaryFolder(), 'password')
    await writeFile(databasePasswordFile, 'a b&c=d%e\n')
    const right = await config({ databaseUrl, databasePasswordFile })
    await (await openDatabase(right)).destroy()
    await writeFile(databasePasswordFile, 'wrong\n')
    await expect(openDatabase(right)).rejects.toThrow(
      /cannot be reached: password authentication failed for user "guarded"/,
    )
    await postgres.sql('drop owned by guarded cascade; drop role guarded', `d${count}`)
  })

  test('does not stand in the address, which others could read', async () => {
    for (const databaseUrl of ['postgres://slipway:secret@db/slipway', 'postgres://slipway@db/slipway?password=secret'])
      await expect(openDatabase(await config({ databaseUrl }))).rejects.toThrow('name that in databasePasswordFile')
  })
})

describe('an installation', () => {
  let data: string
  beforeEach(async () => {
    data = await mkdtemp(join(tmpdir(), 'slw-'))
  })
  const moving = async () => loadConfig(ServerConfig, { flags: { data, databaseUrl: url } })

  test('moves to PostgreSQL and back, whole, and only from a server that is stopped to a database that is empty', async () => {
    onTestFinished(() => rm(data, { recursive: true, force: true }))
    const server = await openTestServer({ data })
    await server.publish('compute', '1.0.0')
    await server.publish('compute', '1.1.0', { mark: 'other' })
    await expect(migrateDatabase(await moving(), 'postgres')).rejects.toThrow(/a server is at work on .*slipway.sqlite/)
    const { body: before } = await server.api('GET', '/audit')
    const filling = await server.openDatabase()
    // More than are copied at once, and every kind of value.
    const many = Array.from({ length: 1234 }, (_, at) => ({
      digest: `d${at}`,
      size: 2 ** 53 - 1,
      created_at: 'é\u{1f600}',
    }))
    for (let at = 0; at < many.length; at += 500)
      await filling
        .insertInto('blobs')
        .values(many.slice(at, at + 500))
        .execute()
    await filling.destroy()
    await server.close()

    const tables: string[] = []
    const there = await migrateDatabase(await moving(), 'postgres', (table) => tables.push(table))
    expect(tables).toContain('host_history')
    expect(there.rows).toBeGreaterThan(1234)
    await expect(migrateDatabase(await moving(), 'postgres')).rejects.toThrow(
      /is not empty \(it has rows in repositories\)/,
    )

    const moved = await openTestServer({ data, database: 'postgres', databaseUrl: url })
    expect((await moved.api('GET', '/audit')).body).toEqual(before)
    await moved.publish('compute', '1.2.0', { mark: 'new' })
    expect((await moved.api('GET', '/artifacts/components/compute')).body.releases).toHaveLength(3)
    await rm(join(data, 'slipway.sqlite'))
    await expect(migrateDatabase(await moving(), 'sqlite')).rejects.toThrow(
      'a server is at work on the PostgreSQL database',
    )
    await moved.close()

    const back = await migrateDatabase(await moving(), 'sqlite')
    expect(back.rows).toBeGreaterThan(there.rows)
    const again = await openTestServer({ data })
    expect((await again.api('GET', '/artifacts/components/compute')).body.releases).toHaveLength(3)
    expect((await again.api('GET', '/audit')).body).toHaveLength(before.length + 1)
  })

  test('whose move is cut off leaves nothing behind, and moves when it is run again', async () => {
    onTestFinished(() => rm(data, { recursive: true, force: true }))
    const server = await openTestServer({ data })
    await server.publish('compute', '1.0.0')
    await server.close()
    const cutOff = migrateDatabase(await moving(), 'postgres', (table) => {
      if (table === 'tags') throw new Error('cut off')
    })
    await expect(cutOff).rejects.toThrow('cut off')
    expect(await run('select count(*) from blobs')).toBe('0')
    expect((await migrateDatabase(await moving(), 'postgres')).rows).toBeGreaterThan(5)
  })

  test('on PostgreSQL is backed up by pg_dump, and says so', async () => {
    expect(() => demandSqlite({ database: 'postgres' })).toThrow(/pg_dump/)
  })
})

test('a database keeps the order of bytes, whatever it was made with', async () => {
  expect(await run("select 'b' < 'B', 'B' < 'a'")).toBe('t|f')
  const db = await open()
  for (const name of ['b', 'B', 'a', '_']) await add(db, name)
  expect(await names(db)).toEqual(['B', '_', 'a', 'b'])
  expect((await sql<{ now: number }>`select count(*) as now from channels`.execute(db)).rows).toEqual([{ now: 4 }])
})
