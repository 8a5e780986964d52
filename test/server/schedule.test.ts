import { expect, onTestFinished, test } from 'vitest'
import type { Db } from '../../src/database/open.ts'
import { ended, plan, takeDue } from '../../src/server/schedule.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { openTestDatabase } from '../support/test-database.ts'

const minuteMs = 60_000
const nightly = '47 2 * * *'

async function open(): Promise<Db> {
  const db = await openTestDatabase(await temporaryFolder())
  onTestFinished(() => db.destroy())
  return db
}

async function dueIn(db: Db, task: string): Promise<number> {
  const { due_at } = await db.selectFrom('jobs').select('due_at').where('task', '=', task).executeTakeFirstOrThrow()
  return Date.parse(due_at) - Date.now()
}

const makeDue = (db: Db, task: string) =>
  db.updateTable('jobs').set({ due_at: '2026-01-01T00:00:00.000Z' }).where('task', '=', task).execute()

test('a job is due by its line of cron, first after it became known', async () => {
  const db = await open()
  await plan(db, { sweep: '* * * * *', collect: nightly })
  expect(await takeDue(db, new Date())).toEqual([])
  expect(await takeDue(db, new Date(Date.now() + minuteMs))).toEqual(['sweep'])
  expect((await takeDue(db, new Date(Date.now() + 24 * 60 * minuteMs))).sort()).toEqual(['collect', 'sweep'])
})

test('what was due while no server ran is due when one begins; a start alone makes nothing due and forgets nothing', async () => {
  const db = await open()
  await plan(db, { collect: nightly })
  await makeDue(db, 'collect')
  await plan(db, { collect: nightly })
  expect(await takeDue(db, new Date())).toEqual(['collect'])
})

test('a run that is not heard of again is repeated after a quarter of an hour, and not at once', async () => {
  const db = await open()
  await plan(db, { collect: nightly })
  await makeDue(db, 'collect')
  expect(await takeDue(db, new Date())).toEqual(['collect'])
  expect(await takeDue(db, new Date())).toEqual([])
  expect(await takeDue(db, new Date(Date.now() + 16 * minuteMs))).toEqual(['collect'])
})

test('a run that ended is due by its line of cron again, whether it succeeded or not', async () => {
  const db = await open()
  await plan(db, { collect: nightly })
  const succeeded = async () =>
    (await db.selectFrom('jobs').select('succeeded_at').where('task', '=', 'collect').executeTakeFirstOrThrow())
      .succeeded_at
  await makeDue(db, 'collect')
  await takeDue(db, new Date())
  await ended(db, 'collect', nightly)
  expect(await succeeded()).toBeNull()
  const untilNight = await dueIn(db, 'collect')
  expect(new Date(Date.now() + untilNight).getMinutes()).toBe(47)
  const at = new Date('2026-02-03T04:05:06.000Z')
  await ended(db, 'collect', nightly, at)
  expect(await succeeded()).toBe(at.toISOString())
})

test('a new line of cron counts at once, a job that is no more is forgotten, and two servers may take what is due at once', async () => {
  const db = await open()
  await plan(db, { collect: nightly, scrub: '37 * * * *' })
  await makeDue(db, 'collect')
  await plan(db, { collect: '13 4 * * *' })
  expect(await dueIn(db, 'collect')).toBeGreaterThan(0)
  expect(await db.selectFrom('jobs').select('task').execute()).toEqual([{ task: 'collect' }])
  await makeDue(db, 'collect')
  const taken = await Promise.all([takeDue(db, new Date()), takeDue(db, new Date())])
  expect(taken.flat()).toEqual(['collect'])
})
