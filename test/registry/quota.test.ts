import { randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import { expect, test } from 'vitest'
import { sha256 } from '../../src/platform/digest.ts'
import { ask, pushBytes, startUpload } from '../support/oci.ts'
import { openTestRegistry } from '../support/registry.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const quotas = [
  { repositories: 'ci/large', bytes: 1000 },
  { repositories: 'ci/*', bytes: 100 },
]
const open = async () => openTestRegistry(await temporaryFolder(), { quotas })
const denied = (message: string) => ({
  status: 403,
  json: { errors: [{ code: 'DENIED', message: expect.stringContaining(message) }] },
})

test('an upload that does not fit is refused with the numbers, in a repository that has a quota, and leaves nothing', async () => {
  const { http, db, blobs } = await open()
  await pushBytes(http, 'ci/a', randomBytes(60))
  const bytes = randomBytes(50)
  const push = (repository: string) =>
    ask(http, 'POST', `/v2/${repository}/blobs/uploads/?digest=${sha256(bytes)}`, { body: bytes })
  expect(await push('ci/a')).toMatchObject(
    denied('ci/a may hold 100 bytes and has room for 40, and not for this upload of 50'),
  )
  expect(await blobs.uploads()).toEqual([])
  expect(await db.selectFrom('uploads').select('id').execute()).toEqual([])
  for (const repository of ['ci/b', 'ci/large', 'other']) expect((await push(repository)).status).toBe(201)
  // What is deleted makes room.
  const [held] = await db.selectFrom('repository_blobs').select('digest').where('repository', '=', 'ci/a').execute()
  await ask(http, 'DELETE', `/v2/ci/a/blobs/${held?.digest}`)
  expect((await push('ci/a')).status).toBe(201)
  await pushBytes(http, 'ci/a', randomBytes(50))
  const full = await ask(http, 'POST', '/v2/ci/a/blobs/uploads/')
  expect(full).toMatchObject(denied('has room for 0, so no upload can begin'))
})

test('what an upload under way has reserved is not there for another; it is again when the first is cancelled', async () => {
  const { http } = await open()
  const [one, two] = [await startUpload(http, 'ci/a'), await startUpload(http, 'ci/a')]
  const send = (location: string, bytes: Buffer) => ask(http, 'PATCH', location, { body: bytes })
  expect((await send(one, randomBytes(30))).status).toBe(202)
  expect((await send(one, randomBytes(30))).status).toBe(202)
  expect(await send(two, randomBytes(60))).toMatchObject(denied('room for 40, and not for this upload of 60'))
  expect((await send(two, randomBytes(40))).status).toBe(202)
  expect(await send(two, randomBytes(1))).toMatchObject(denied('room for 40, and not for this upload of 41'))
  expect((await ask(http, 'DELETE', one)).status).toBe(204)
  expect((await send(two, randomBytes(60))).status).toBe(202)
})

test('an upload that does not say how long it is ends at the quota', async () => {
  const { http } = await open()
  const location = await startUpload(http, 'ci/a')
  const send = (...sizes: number[]) =>
    ask(http, 'PATCH', location, { body: Readable.from(sizes.map((size) => randomBytes(size))) })
  expect((await send(30, 30)).status).toBe(202)
  expect(await send(30, 30)).toMatchObject(denied('has room for 100, less than this upload needs'))
  const other = await startUpload(http, 'ci/a')
  expect(await ask(http, 'PATCH', other, { body: randomBytes(50) })).toMatchObject(
    denied('and not for this upload of 50'),
  )
})

test('a blob of another repository is mounted where it fits, and where it is held already', async () => {
  const { http } = await open()
  const { digest } = await pushBytes(http, 'other', randomBytes(80))
  const mount = () => ask(http, 'POST', `/v2/ci/a/blobs/uploads/?mount=${digest}&from=other`)
  expect((await mount()).status).toBe(201)
  expect((await mount()).status).toBe(201)
  const more = await pushBytes(http, 'other', randomBytes(21))
  const refused = await ask(http, 'POST', `/v2/ci/a/blobs/uploads/?mount=${more.digest}&from=other`)
  expect(refused).toMatchObject(denied('room for 20, and not for this blob of 21'))
})
