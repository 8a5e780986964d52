import { expect, onTestFinished, test } from 'vitest'
import { fixedQuery } from '../../src/database/fixed-query.ts'
import type { Db } from '../../src/database/open.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { openTestDatabase } from '../support/test-database.ts'

async function openDatabase(): Promise<Db> {
  const db = await openTestDatabase(await temporaryFolder())
  onTestFinished(() => db.destroy())
  return db
}

let built = 0
const add = fixedQuery((db, { name, now }: { name: string; now: string }) => {
  built += 1
  return db
    .insertInto('channels')
    .values({ name, created_at: now })
    .onConflict((conflict) => conflict.column('name').doUpdateSet({ created_at: now }))
})
const find = fixedQuery((db, { name, now }: { name: string; now: string }) =>
  db.selectFrom('channels').select(['name', 'created_at']).where('created_at', '=', now).where('name', '=', name),
)

test('each caller gets the rows of the values that it gave, wherever they stand in the query', async () => {
  const db = await openDatabase()
  await add(db, { name: 'a', now: '1' })
  await add(db, { now: '2', name: 'b' })
  await add(db, { name: 'a', now: '3' })
  expect(await find(db, { name: 'a', now: '3' })).toMatchObject([{ name: 'a', created_at: '3' }])
  expect(await find(db, { now: '2', name: 'b' })).toMatchObject([{ name: 'b', created_at: '2' }])
  expect(await find(db, { name: 'a', now: '1' })).toEqual([])
})

test('it is built once for a database, and belongs to the transaction in which it runs', async () => {
  const db = await openDatabase()
  built = 0
  await add(db, { name: 'kept', now: '1' })
  const undone = db.transaction().execute(async (trx) => {
    await add(trx, { name: 'undone', now: '1' })
    expect(await find(trx, { name: 'undone', now: '1' })).toHaveLength(1)
    throw new Error('undo it')
  })
  await expect(undone).rejects.toThrow('undo it')
  expect(await find(db, { name: 'undone', now: '1' })).toEqual([])
  expect(await find(db, { name: 'kept', now: '1' })).toHaveLength(1)
  expect(built).toBe(1)
})

test('a query that depends on a value of its first caller is refused', async () => {
  const db = await openDatabase()
  const wrong = fixedQuery((on, { name }: { name: string }) =>
    on.selectFrom('channels').select('name').where('name', '=', `${name}!`),
  )
  await expect(wrong(db, { name: 'a' })).rejects.toThrow(
    'the value name of a fixed query is not known while the query is built',
  )
})
