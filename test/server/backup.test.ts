import { cp, readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openFs } from '../../src/registry/blobs-fs.ts'
import { backupServer, restoreServer } from '../../src/server/backup.ts'
import { openTestServer } from '../support/server.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

test('a server restored into an empty folder knows and serves all that it had, and lets in who could enter', async () => {
  const folder = await temporaryFolder()
  const server = await openTestServer()
  const published = await server.publish('compute', '1.0.0')
  await server.api('POST', '/channels/stable/promotions', {
    body: { releases: [{ component: 'compute', version: '1.0.0' }] },
  })
  const file = join(folder, 'backup.tar')
  // While it runs: the backup is of one moment.
  const made = await backupServer({ data: server.data, file })
  expect(made.blobs).toBe(2)
  await server.publish('compute', '1.1.0')
  await server.close()

  const data = join(folder, 'restored')
  await cp(join(server.data, 'blobs'), join(data, 'blobs'), { recursive: true })
  expect(await restoreServer({ data, file, blobs: () => openFs({ folder: data }) })).toMatchObject({
    blobs: 2,
    missing: [],
  })
  // The admin's token was handed over; its file is not part of a backup.
  await writeFile(join(data, 'admin-token'), server.adminToken)
  const again = await openTestServer({ data })
  expect((await again.api('GET', '/channels/stable')).body.pointers).toMatchObject([
    { component: 'compute', version: '1.0.0' },
  ])
  expect((await again.api('GET', '/artifacts/components/compute')).body.releases).toMatchObject([
    { tag: '1.0.0', digest: published.digest },
  ])
  expect((await again.publish('compute', '1.0.0')).digest).toBe(published.digest)
})

test('a restore names the blobs that are missing', async () => {
  const folder = await temporaryFolder()
  const server = await openTestServer()
  await server.publish('compute', '1.0.0')
  const file = join(folder, 'backup.tar')
  await backupServer({ data: server.data, file })
  const { missing } = await restoreServer({
    data: join(folder, 'restored'),
    file,
    blobs: () => openFs({ folder: join(folder, 'restored') }),
  })
  expect(missing).toHaveLength(2)
  expect(missing[0]).toMatch(/^sha256:/)
})

test('a restore over a database is refused and changes nothing', async () => {
  const folder = await temporaryFolder()
  const server = await openTestServer()
  const file = join(folder, 'backup.tar')
  await backupServer({ data: server.data, file })
  await expect(
    restoreServer({ data: server.data, file, blobs: () => openFs({ folder: server.data }) }),
  ).rejects.toMatchObject({ code: 'conflict' })
  expect((await server.api('GET', '/whoami')).status).toBe(200)
})

test.each([
  ['no archive', 'this is no archive'],
  ['an empty file', ''],
])('a restore from %s is refused and leaves nothing behind', async (_name, content) => {
  const folder = await temporaryFolder()
  const file = join(folder, 'wrong.tar')
  await writeFile(file, content)
  const data = join(folder, 'restored')
  await expect(restoreServer({ data, file, blobs: () => openFs({ folder: data }) })).rejects.toMatchObject({
    code: 'input-invalid',
  })
  await rm(join(data, 'blobs'), { recursive: true, force: true })
  expect((await readdir(data)).filter((name) => name.startsWith('slipway'))).toEqual([])
})

test('a backup of a folder without a database says so and makes no file', async () => {
  const folder = await temporaryFolder()
  await expect(backupServer({ data: folder, file: join(folder, 'backup.tar') })).rejects.toThrow('is --data right?')
  expect(await readdir(folder)).toEqual([])
})
