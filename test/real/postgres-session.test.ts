import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest'
import { openSession, type PostgresSession } from '../../src/database/postgres-session.ts'
import { type Postgres, startPostgres } from '../support/postgres.ts'
import { openTestServer } from '../support/server.ts'

let postgres: Postgres
let count = 0

beforeAll(async () => {
  postgres = await startPostgres()
})
afterAll(() => postgres?.close())

/** A session on a database, with what it was told. */
function open(database: string) {
  const heard: string[] = []
  const locks: boolean[] = []
  const seen = { connected: 0, lost: 0 }
  const session: PostgresSession = openSession({
    connectionString: postgres.url(database),
    applicationName: 'session',
    channel: 'news',
    lock: 7,
    onPayload: (payload) => heard.push(payload),
    onConnected: () => void seen.connected++,
    onLost: () => void seen.lost++,
    onLock: (holds) => locks.push(holds),
  })
  onTestFinished(session.close)
  return { ...session, heard, locks, seen }
}

async function openTwo() {
  const database = `session${++count}`
  await postgres.sql(`create database ${database}`)
  const sessions = [open(database), open(database)] as const
  await vi.waitFor(() => expect(sessions.map(({ seen }) => seen.connected)).toEqual([1, 1]), patience)
  return { database, sessions }
}

const patience = { timeout: 30_000, interval: 20 }
const holders = (sessions: readonly PostgresSession[]) => sessions.filter((session) => session.holdsLock())
const oneHolds = (sessions: readonly PostgresSession[]) =>
  vi.waitFor(() => expect(holders(sessions)).toHaveLength(1), patience)

const cut = (database: string) =>
  postgres.sql(
    `select count(pg_terminate_backend(pid)) from pg_stat_activity where datname = '${database}' and application_name <> 'psql'`,
    database,
  )

test('what one tells, all hear, in its order; one holds the lock, and gives it to another when it closes', async () => {
  const { sessions } = await openTwo()
  const [one, two] = sessions
  await one.notify(['a', 'b'])
  await two.notify(['c'.repeat(7999)])
  for (const { heard } of sessions)
    await vi.waitFor(() => expect(heard).toEqual(['a', 'b', 'c'.repeat(7999)]), patience)
  await oneHolds(sessions)
  const [holder] = holders(sessions)
  await holder?.close()
  const other = sessions.find((session) => session.notify !== holder?.notify) as PostgresSession
  await vi.waitFor(() => expect(other.holdsLock()).toBe(true), patience)
})

test('sessions whose connection is cut come back, hear again and still only one holds the lock', async () => {
  const { database, sessions } = await openTwo()
  await oneHolds(sessions)
  await cut(database)
  for (const { seen } of sessions) await vi.waitFor(() => expect(seen).toEqual({ connected: 2, lost: 1 }), patience)
  await sessions[0].notify(['again'])
  for (const { heard } of sessions) await vi.waitFor(() => expect(heard).toEqual(['again']), patience)
  await oneHolds(sessions)
  // Whoever lost it was told so.
  for (const { locks } of sessions) expect(locks).toEqual(locks.map((_, at) => at % 2 === 0))
})

test('what is told while there is no connection is refused, and nothing hangs when PostgreSQL is away and comes back', async () => {
  const { sessions } = await openTwo()
  await oneHolds(sessions)
  await postgres.kill()
  await vi.waitFor(() => expect(holders(sessions)).toHaveLength(0), patience)
  await expect(sessions[0].notify(['x'])).rejects.toThrow()
  await postgres.start()
  await oneHolds(sessions)
})

test('who holds the lock lets it go when PostgreSQL says nothing any more', async () => {
  const { sessions } = await openTwo()
  await oneHolds(sessions)
  await postgres.signal('SIGSTOP')
  try {
    await vi.waitFor(() => expect(holders(sessions)).toHaveLength(0), patience)
  } finally {
    await postgres.signal('SIGCONT')
  }
  await oneHolds(sessions)
})

test('who reads the events of a server that may have missed some is sent away, and comes back', async () => {
  const database = `events${++count}`
  await postgres.sql(`create database ${database}`)
  const server = await openTestServer({ database: 'postgres', databaseUrl: postgres.url(database) })
  const read = async () => {
    const { body } = await fetch(`${server.url}/api/v1/events`, {
      headers: { authorization: `Bearer ${server.adminToken}` },
    })
    return body?.getReader() as ReadableStreamDefaultReader<Uint8Array>
  }
  const isJoined = async () =>
    (await postgres.sql(
      `select count(*) from pg_stat_activity where query like '%pg_try_advisory_lock%' or query = 'select 1'`,
      database,
    )) !== '0'
  await vi.waitFor(async () => expect(await isJoined()).toBe(true), patience)
  const reader = await read()
  expect(Buffer.from((await reader.read()).value ?? []).toString()).toContain('connected')
  await cut(database)
  expect((await reader.read()).done).toBe(true)
  expect(Buffer.from((await (await read()).read()).value ?? []).toString()).toContain('connected')
})
