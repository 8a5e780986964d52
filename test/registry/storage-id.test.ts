import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import type { Db } from '../../src/database/open.ts'
import { sha256 } from '../../src/platform/digest.ts'
import type { Blobs } from '../../src/registry/blobs.ts'
import { openFs } from '../../src/registry/blobs-fs.ts'
import { joinStorage, succeedStorage } from '../../src/registry/storage-id.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { openTestDatabase } from '../support/test-database.ts'

async function openDatabase(): Promise<Db> {
  const db = await openTestDatabase(await temporaryFolder())
  onTestFinished(() => db.destroy())
  return db
}

const openStorage = async () => openFs({ folder: join(await temporaryFolder(), 'storage') })

async function addBlob(blobs: Blobs): Promise<void> {
  await blobs.append(
    'one',
    (async function* () {
      yield Buffer.from('abc')
    })(),
    { maxBytes: 3 },
  )
  await blobs.commit('one', sha256('abc'))
}

const refused = { code: 'conflict' }

test('a database and a storage that met once are known to each other', async () => {
  const db = await openDatabase()
  const blobs = await openStorage()
  await joinStorage(db, blobs)
  await addBlob(blobs)
  await joinStorage(db, blobs)
  expect(await db.selectFrom('storage').select('id').execute()).toEqual([{ id: await blobs.id() }])
})

test('blobs from before storages had ids belong to the first database that asks', async () => {
  const db = await openDatabase()
  const blobs = await openStorage()
  await addBlob(blobs)
  await joinStorage(db, blobs)
  expect(await blobs.id()).toMatch(/^[0-9a-f]{16}$/)
})

test('two servers of one new database with a folder each: one of them is refused, as often as it tries', async () => {
  const db = await openDatabase()
  const folders = [await openStorage(), await openStorage()]
  const results = await Promise.allSettled(folders.map((blobs) => joinStorage(db, blobs)))
  expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
  const other = folders[results.findIndex(({ status }) => status === 'rejected')] as Blobs
  await expect(joinStorage(db, other)).rejects.toMatchObject({
    ...refused,
    message: expect.stringMatching(
      /^the database knows a storage [0-9a-f]{16}, and this one has no id: .*storage: s3, in one bucket/,
    ),
  })
  expect(await other.id()).toBeUndefined()
})

test('another database is refused where blobs are, and leaves the storage as it is', async () => {
  const blobs = await openStorage()
  await joinStorage(await openDatabase(), blobs)
  await addBlob(blobs)
  const id = await blobs.id()
  const other = await openDatabase()
  await expect(joinStorage(other, blobs)).rejects.toMatchObject({
    ...refused,
    message: expect.stringContaining(`the storage ${id} holds the blobs of another database`),
  })
  expect(await blobs.id()).toBe(id)
  expect(await other.selectFrom('storage').selectAll().execute()).toEqual([])
})

test('a first start that was killed between storage and database is no obstacle to the next', async () => {
  const db = await openDatabase()
  const blobs = await openStorage()
  await blobs.setId('of-nobody')
  await joinStorage(db, blobs)
  expect(await blobs.id()).not.toBe('of-nobody')
})

test('a storage takes the place of another only when it is empty or was to do so before', async () => {
  const db = await openDatabase()
  const [old, next, strange] = [await openStorage(), await openStorage(), await openStorage()]
  await joinStorage(db, old)
  await addBlob(old)
  await succeedStorage(db, old, next)
  await addBlob(next)
  await succeedStorage(db, old, next)
  await joinStorage(db, next)
  await joinStorage(await openDatabase(), strange)
  await addBlob(strange)
  await expect(succeedStorage(db, old, strange)).rejects.toMatchObject(refused)
  await expect(succeedStorage(db, strange, next)).rejects.toMatchObject(refused)
})
