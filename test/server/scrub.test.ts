import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { expect, test } from 'vitest'
import { command } from '../../src/cli/commands/scrub-run.ts'
import { sha256 } from '../../src/platform/digest.ts'
import { openHttp } from '../../src/platform/http.ts'
import { openLog } from '../../src/platform/log.ts'
import { newSecret } from '../../src/platform/secret.ts'
import { openFs } from '../../src/registry/blobs-fs.ts'
import { scrub } from '../../src/registry/scrub.ts'
import { openScrubber } from '../../src/server/scrubbing.ts'
import { amd64 } from '../fleet/test-fleet.ts'
import { ask, pushBytes } from '../support/oci.ts'
import { runCommand } from '../support/run-command.ts'
import { openTestServer, type TestServer } from '../support/server.ts'

const pathOf = (server: TestServer, digest: string) => {
  const hex = digest.slice('sha256:'.length)
  return join(server.data, 'blobs/sha256', hex.slice(0, 2), hex)
}

test('a damaged blob is found, served no more, named with the releases and hosts that it harms, and healed by a push', async () => {
  const server = await openTestServer()
  const { digest: manifest } = await server.publish('agent', '1.0.0')
  const releases = [{ component: 'agent', version: '1.0.0' }]
  await server.api('POST', '/channels/stable/promotions', { body: { releases } })
  const { body: join } = await server.api('POST', '/join-tokens', { body: { channel: 'stable' } })
  const enrol = { name: 'host1', platform: amd64, key: newSecret() }
  await server.api('POST', '/enrol', { as: join.token.split('@')[0], body: enrol })
  const http = openHttp({ url: server.url, authorization: `Bearer ${server.adminToken}` })
  const { json } = await ask(http, 'GET', `/v2/components/agent/manifests/${manifest}`)
  const bundle = json.layers[0].digest
  const address = `/v2/components/agent/blobs/${bundle}`
  const { body: bytes } = await ask(http, 'GET', address)
  const lost = await pushBytes(http, 'some/where', Buffer.from('lost'))
  await pushBytes(http, 'some/where', Buffer.from('fine'))
  await writeFile(pathOf(server, bundle), Buffer.from(bytes).fill(0, 10, 20))
  await rm(pathOf(server, lost.digest))

  const db = await server.openDatabase()
  const options = { db, blobs: await openFs({ folder: server.data }), log: openLog('scrub', 'silent') }
  const closing = new AbortController().signal
  const run = openScrubber({ ...options, scrubDays: 30, scrubBytesPerSecond: 1e12, closing }).scrubOld
  await run()
  // Just pushed: their bytes were compared with their digests when they came.
  expect((await server.api('GET', '/scrub')).body).toMatchObject({ blobs: 4, neverVerified: 0, damaged: [] })
  await db.updateTable('blobs').set({ verified_at: '' }).execute()
  expect((await server.api('GET', '/scrub')).body).toMatchObject({ neverVerified: 4, oldestVerifiedAt: null })
  await run()
  const { body: status } = await server.api('GET', '/scrub')
  expect(status.oldestVerifiedAt).toMatch(/^20/)
  const damagedAt = expect.stringMatching(/^20/)
  const found = [
    {
      ...{ digest: bundle, sizeBytes: bytes.length, damagedAt, repositories: ['components/agent'] },
      ...{ releases: [{ repository: 'components/agent', tag: '1.0.0' }], hosts: ['host1'] },
    },
    { digest: lost.digest, sizeBytes: 4, damagedAt, repositories: ['some/where'], releases: [], hosts: [] },
  ]
  expect(status.damaged).toEqual(found.sort((a, b) => (a.digest < b.digest ? -1 : 1)))
  const metric = async () =>
    /^slipway_scrub_damaged_blobs (\d+)$/m.exec(await (await fetch(`${server.url}/metrics`)).text())?.[1]
  expect(await metric()).toBe('2')

  const refused = await ask(http, 'GET', address)
  expect(refused).toMatchObject({ status: 404, json: { errors: [{ code: 'BLOB_UNKNOWN' }] } })
  expect(refused.json.errors[0].message).toMatch(
    /^the blob sha256:\S+ of components\/agent was found damaged at 20.*; push it again$/,
  )
  expect((await ask(http, 'HEAD', address)).status).toBe(404)
  const mount = await ask(http, 'POST', `/v2/other/blobs/uploads/?mount=${bundle}&from=components/agent`)
  expect(mount.status).toBe(202)
  await pushBytes(http, 'components/agent', bytes)
  expect((await ask(http, 'GET', address)).body.equals(bytes)).toBe(true)
  await pushBytes(http, 'some/where', Buffer.from('lost'))
  expect(await metric()).toBe('0')
  await http.close()
})

test('slipway scrub run reads all blobs now, however lately they were read; one at a time, by admins only, audited', async () => {
  const server = await openTestServer({ scrubBytesPerSecond: 5000 })
  const http = openHttp({ url: server.url, authorization: `Bearer ${server.adminToken}` })
  const good = await pushBytes(http, 'a', Buffer.alloc(500, 'good'))
  await pushBytes(http, 'a', Buffer.alloc(500, 'fine'))
  expect(await runCommand(server, command)).toMatchObject({
    exitCode: 0,
    printed: expect.stringContaining('2 blobs read again; 0 of them damaged\n'),
  })
  const lastLine = async () =>
    (await ask(http, 'POST', '/api/v1/scrubs')).body.toString().trim().split('\n').at(-1) ?? ''
  const ends = (await Promise.all([lastLine(), lastLine()])).map((line) => JSON.parse(line))
  expect(ends).toContainEqual({ result: expect.objectContaining({ blobs: 2, damaged: 0 }) })
  expect(ends).toContainEqual({ problem: expect.objectContaining({ code: 'conflict' }) })
  await writeFile(pathOf(server, good.digest), Buffer.alloc(500, 'evil'))
  const { exitCode, printed } = await runCommand(server, command, '--json')
  expect(exitCode).toBe(1)
  const status = { damaged: [{ digest: good.digest, repositories: ['a'] }] }
  expect(JSON.parse(printed)).toMatchObject({ blobs: 2, damaged: 1, status })
  const { body: viewer } = await server.api('POST', '/tokens', { body: { name: 'v', role: 'viewer' } })
  expect(await server.api('POST', '/scrubs', { as: viewer.secret })).toMatchObject({ status: 403 })
  const { body: entries } = await server.api('GET', '/audit')
  expect(entries.map(({ action }: { action: string }) => action)).toContain('registry.scrub')
  await http.close()
})

test('a blob that is pushed again while it is read is not called damaged', async () => {
  const server = await openTestServer()
  const http = openHttp({ url: server.url, authorization: `Bearer ${server.adminToken}` })
  const { digest } = await pushBytes(http, 'a', Buffer.from('good'))
  await writeFile(pathOf(server, digest), 'evil')
  const db = await server.openDatabase()
  await db.updateTable('blobs').set({ verified_at: '' }).execute()
  const blobs = await openFs({ folder: server.data })
  const damaged: string[] = []
  const read = async (one: string) => {
    const bytes = Buffer.concat(await (await blobs.read(one)).toArray())
    await pushBytes(http, 'a', Buffer.from('good'))
    return Readable.from([bytes])
  }
  const before = new Date(Date.now() - 1000)
  await scrub({ db, blobs: { read }, before, bytesPerSecond: 1e12, onDamaged: (one) => void damaged.push(one) })
  expect(damaged).toEqual([])
  expect((await ask(http, 'GET', `/v2/a/blobs/${digest}`)).body.toString()).toBe('good')
  expect(sha256('good')).toBe(digest)
  await http.close()
})

test('reading keeps to its rate, and begins with what was read longest ago', async () => {
  const server = await openTestServer()
  const http = openHttp({ url: server.url, authorization: `Bearer ${server.adminToken}` })
  const db = await server.openDatabase()
  const times = ['2026-01-02T00:00:00.000Z', '', '2026-01-01T00:00:00.000Z', new Date().toISOString()]
  const digests: string[] = []
  for (const [at, verified_at] of times.entries()) {
    const { digest } = await pushBytes(http, 'a', Buffer.alloc(1000, at))
    digests.push(digest)
    await db.updateTable('blobs').set({ verified_at }).where('digest', '=', digest).execute()
  }
  await http.close()
  const blobs = await openFs({ folder: server.data })
  const read: string[] = []
  let sleptMs = 0
  const clock = {
    now: () => new Date(),
    sleep: async (ms: number) => {
      sleptMs += ms
    },
  }
  const count = await scrub({
    ...{ db, clock, bytesPerSecond: 500, before: new Date('2026-06-01') },
    blobs: {
      read(digest) {
        read.push(digest)
        return blobs.read(digest)
      },
    },
    onDamaged: (digest) => expect.fail(digest),
  })
  expect(read).toEqual([digests[1], digests[2], digests[0]])
  expect([count, sleptMs]).toEqual([3, 6000])
})
