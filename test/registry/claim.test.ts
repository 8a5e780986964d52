import { expect, test } from 'vitest'
import type { Db } from '../../src/database/open.ts'
import { sha256 } from '../../src/platform/digest.ts'
import type { Blobs } from '../../src/registry/blobs.ts'
import { openFs } from '../../src/registry/blobs-fs.ts'
import { addBlob } from '../../src/registry/catalog.ts'
import { collect } from '../../src/registry/collection.ts'
import { ask, pushBytes, startUpload } from '../support/oci.ts'
import { openTestRegistry } from '../support/registry.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const tomorrow = () => new Date(Date.now() + 86_400_000)
const bytes = Buffer.from('abc')
const digest = sha256(bytes)

/** `atCommit`: what happens on another server just when an upload becomes a blob. */
async function pushWhile(atCommit: (db: Db, blobs: Blobs, id: string) => Promise<unknown>) {
  const folder = await temporaryFolder()
  const blobs = await openFs({ folder })
  const registry = await openTestRegistry(folder, {
    blobs: {
      ...blobs,
      async commit(upload, digest, record) {
        await atCommit(registry.db, blobs, upload)
        return blobs.commit(upload, digest, record)
      },
    },
  })
  const location = await startUpload(registry.http, 'a')
  const answer = await ask(registry.http, 'PUT', `${location}?digest=${digest}`, { body: bytes })
  const pulled = await ask(registry.http, 'GET', `/v2/a/blobs/${digest}`)
  return { answer, pulled }
}

const endSession = (db: Db, id: string) => db.deleteFrom('uploads').where('id', '=', id).execute()
const codeOf = (answer: { json: { errors: { code: string }[] } }) => answer.json.errors[0]?.code

const addRows = (db: Db, id: string) =>
  db.transaction().execute(async (trx) => {
    await addBlob(trx, 'a', digest, bytes.length, new Date().toISOString())
    await endSession(trx, id)
  })

test('O16 an upload that another server ends while it becomes a blob is 404, and no blob', async () => {
  const { answer, pulled } = await pushWhile((db, _blobs, id) => endSession(db, id))
  expect([answer.status, codeOf(answer)]).toEqual([404, 'BLOB_UPLOAD_UNKNOWN'])
  expect(pulled.status).toBe(404)
})

test('O14 an upload that another server has just made the blob is 201, as there', async () => {
  const { answer, pulled } = await pushWhile((db, blobs, id) => blobs.commit(id, digest, () => addRows(db, id)))
  expect(answer.status).toBe(201)
  expect(pulled.body.equals(bytes)).toBe(true)
})

test('a session without bytes cannot become the blob of somebody else', async () => {
  const { http } = await openTestRegistry(await temporaryFolder())
  await pushBytes(http, 'a', bytes)
  const location = await startUpload(http, 'b')
  for (let time = 0; time < 2; time++) {
    const answer = await ask(http, 'PUT', `${location}?digest=${digest}`)
    expect(codeOf(answer)).toBe(time === 0 ? 'DIGEST_INVALID' : 'BLOB_UPLOAD_UNKNOWN')
  }
  expect((await ask(http, 'GET', `/v2/b/blobs/${digest}`)).status).toBe(404)
})

const cases = {
  'is pushed again': async (db: Db, id: string) => {
    await db.updateTable('uploads').set({ digest }).where('id', '=', id).execute()
  },
  'was pushed again': (db: Db) => addBlob(db, 'a', digest, bytes.length, new Date().toISOString()),
}
for (const [what, push] of Object.entries(cases))
  test(`O16 what a collection was removing, and ${what} before it came to the bytes, keeps them`, async () => {
    const { http, db, blobs } = await openTestRegistry(await temporaryFolder())
    const id = (await startUpload(http, 'a')).split('/').at(-1) ?? ''
    await blobs.append(
      'other',
      (async function* () {
        yield bytes
      })(),
      { maxBytes: 100 },
    )
    await blobs.commit('other', digest)
    await db.insertInto('blob_removals').values({ digest, since: '2000-01-01T00:00:00.000Z' }).execute()
    await push(db, id)
    expect(await collect({ db, blobs, before: new Date(0) })).toMatchObject({ blobs: 0, freedBytes: 0 })
    expect(await blobs.stat(digest)).toEqual({ sizeBytes: bytes.length })
    expect(await db.selectFrom('blob_removals').selectAll().execute()).toEqual([])
    await db.deleteFrom('repository_blobs').execute()
    await endSession(db, id)
    // Nobody needs it any more: then it goes, with its row or without one.
    await collect({ db, blobs, before: tomorrow() })
    await collect({ db, blobs, before: tomorrow() })
    expect(await blobs.stat(digest)).toBeUndefined()
  })
