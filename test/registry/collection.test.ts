import { randomBytes } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { sha256 } from '../../src/platform/digest.ts'
import { makeFolder } from '../../src/platform/files.ts'
import type { Blobs } from '../../src/registry/blobs.ts'
import { claimDigest } from '../../src/registry/claim.ts'
import { collect } from '../../src/registry/collection.ts'
import { ask, imageManifest, pushBytes, putManifest, startUpload } from '../support/oci.ts'
import { openTestRegistry } from '../support/registry.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const dayMs = 86_400_000
const tomorrow = () => new Date(Date.now() + dayMs)
const open = async () => {
  const folder = await temporaryFolder()
  return { folder, ...(await openTestRegistry(folder)) }
}

/** As if everything had come and been promised two days ago. */
async function age({ db }: Awaited<ReturnType<typeof open>>): Promise<void> {
  const at = new Date(Date.now() - 2 * dayMs).toISOString()
  await db.updateTable('blobs').set({ created_at: at }).execute()
  await db.updateTable('repository_blobs').set({ used_at: at }).execute()
}
const yesterday = () => new Date(Date.now() - dayMs)

async function storedBytes(blobs: Blobs): Promise<number> {
  let sum = 0
  for await (const digests of blobs.digests())
    for (const digest of digests) sum += (await blobs.stat(digest))?.sizeBytes ?? 0
  return sum
}

test('O16 what no manifest names is removed with its bytes, in every repository; what one names stays', async () => {
  const { http, db, blobs } = await open()
  const { bytes, digest } = await imageManifest(http, 'a', {}, [Buffer.from('shared'), randomBytes(5000)])
  await putManifest(http, 'a', '1', bytes)
  const alone = await pushBytes(http, 'a', randomBytes(70_000))
  const both = await pushBytes(http, 'a', Buffer.from('in two'))
  for (const layer of [Buffer.from('in two'), Buffer.from('shared')]) await pushBytes(http, 'b', layer)
  const before = await storedBytes(blobs)
  const said = await collect({ db, blobs, before: tomorrow(), dryRun: true })
  expect(await storedBytes(blobs)).toBe(before)
  const done = await collect({ db, blobs, before: tomorrow() })
  expect(done).toMatchObject({ blobs: 2, freedBytes: 70_006, orphans: 0, dryRun: false })
  expect({ ...said, dryRun: false, before: '', startedAt: '', endedAt: '' }).toEqual({
    ...{ ...done, before: '', startedAt: '', endedAt: '' },
  })
  const byDigest = new Map(done.removed.map((one) => [one.digest, one]))
  expect(byDigest.get(alone.digest)).toEqual({ digest: alone.digest, sizeBytes: 70_000, repositories: ['a'] })
  expect(byDigest.get(both.digest)?.repositories.sort()).toEqual(['a', 'b'])
  expect(before - (await storedBytes(blobs))).toBe(70_006)
  expect((await ask(http, 'GET', `/v2/a/blobs/${alone.digest}`)).status).toBe(404)
  // b held it for nothing; a still needs it.
  expect((await ask(http, 'HEAD', `/v2/b/blobs/${sha256('shared')}`)).status).toBe(404)
  expect((await ask(http, 'GET', `/v2/a/blobs/${sha256('shared')}`)).body.toString()).toBe('shared')
  expect(await collect({ db, blobs, before: tomorrow() })).toMatchObject({ blobs: 0, freedBytes: 0 })

  expect((await ask(http, 'DELETE', `/v2/a/manifests/${digest}`)).status).toBe(202)
  const progress: [number, number][] = []
  const rest = await collect({ db, blobs, before: tomorrow(), onProgress: (...at) => progress.push(at) })
  expect(rest).toMatchObject({ blobs: 3, freedBytes: 5008 })
  expect(await storedBytes(blobs)).toBe(0)
  expect(progress.at(-1)).toEqual([3, 3])
})

test('O16 a client that is told that a blob is there has the grace time to name it', async () => {
  const registry = await open()
  const { http, db, blobs } = registry
  const names = ['pushed again', 'asked for', 'mounted', 'forgotten']
  const digests = names.map((name) => sha256(name))
  for (const name of names) await pushBytes(http, 'a', Buffer.from(name))
  await age(registry)
  await pushBytes(http, 'a', Buffer.from('pushed again'))
  expect((await ask(http, 'HEAD', `/v2/a/blobs/${digests[1]}`)).status).toBe(200)
  const mounted = await ask(http, 'POST', `/v2/b/blobs/uploads/?mount=${digests[2]}&from=a`)
  expect(mounted.status).toBe(201)
  const { removed } = await collect({ db, blobs, before: yesterday() })
  expect(removed.map(({ digest }) => digest)).toEqual([digests[3]])
  for (const [repository, at] of [
    ['a', 0],
    ['a', 1],
    ['b', 2],
  ] as const)
    expect((await ask(http, 'GET', `/v2/${repository}/blobs/${digests[at]}`)).body.toString()).toBe(names[at])
})

test('O16 what an upload is about to become is not collected', async () => {
  const registry = await open()
  const { http, db, blobs } = registry
  const { digest } = await pushBytes(http, 'a', Buffer.from('x'))
  await ask(http, 'DELETE', `/v2/a/blobs/${digest}`)
  const id = (await startUpload(http, 'b')).split('/').at(-1) ?? ''
  await claimDigest(db, 'b', id, digest)
  expect(await collect({ db, blobs, before: tomorrow() })).toMatchObject({ blobs: 0 })
  await ask(http, 'DELETE', `/v2/b/blobs/uploads/${id}`)
  expect(await collect({ db, blobs, before: tomorrow() })).toMatchObject({ blobs: 1, freedBytes: 1 })
})

test('O16 a push of a blob whose bytes are just going waits, and is there afterwards', async () => {
  const { http, db, blobs } = await open()
  const bytes = randomBytes(1000)
  const digest = sha256(bytes)
  await pushBytes(http, 'a', bytes)
  const reached = Promise.withResolvers<void>()
  const goOn = Promise.withResolvers<void>()
  const slow = {
    ...blobs,
    async remove(some: readonly string[]) {
      reached.resolve()
      await goOn.promise
      await blobs.remove(some)
    },
  }
  const collecting = collect({ db, blobs: slow, before: tomorrow() })
  await reached.promise
  expect((await ask(http, 'HEAD', `/v2/a/blobs/${digest}`)).status).toBe(404)
  const push = ask(http, 'POST', `/v2/a/blobs/uploads/?digest=${digest}`, { body: bytes })
  const claimed = () => db.selectFrom('uploads').select('id').where('digest', '=', digest).execute()
  await expect.poll(claimed, { interval: 5 }).toHaveLength(1)
  goOn.resolve()
  expect((await collecting).blobs).toBe(1)
  expect((await push).status).toBe(201)
  expect((await ask(http, 'GET', `/v2/a/blobs/${digest}`)).body.equals(bytes)).toBe(true)
})

const steps = ['before its rows are gone', 'when its rows are gone', 'when its bytes are gone'] as const
for (const step of steps)
  test(`O16 a collection that dies ${step}: the next one ends it, and the blob can be pushed again`, async () => {
    const { http, db, blobs } = await open()
    const bytes = randomBytes(1000)
    await pushBytes(http, 'a', bytes)
    const digest = sha256(bytes)
    const dying = new AbortController()
    if (step === steps[0]) dying.abort(new Error('killed'))
    const killed = {
      ...blobs,
      async remove(some: readonly string[]) {
        if (step === steps[2]) await blobs.remove(some)
        throw new Error('killed')
      },
    }
    await expect(collect({ db, blobs: killed, before: tomorrow(), signal: dying.signal })).rejects.toThrow('killed')
    expect((await ask(http, 'HEAD', `/v2/a/blobs/${digest}`)).status).toBe(step === steps[0] ? 200 : 404)
    // One that may still be alive is left alone.
    if (step !== steps[0]) await collect({ db, blobs, before: tomorrow() })
    expect((await blobs.stat(digest))?.sizeBytes).toBe(step === steps[2] ? undefined : 1000)
    const next = await collect({ db, blobs, before: tomorrow(), isAlone: true })
    expect(next).toMatchObject({ freedBytes: step === steps[2] ? 0 : 1000, orphans: 0 })
    expect(await storedBytes(blobs)).toBe(0)
    await pushBytes(http, 'a', bytes)
    expect((await ask(http, 'GET', `/v2/a/blobs/${digest}`)).body.equals(bytes)).toBe(true)
  })

test('O16 bytes that no row knows are found, kept for the grace time, and then removed', async () => {
  const { folder, http, db, blobs } = await open()
  const hex = sha256('lost').slice('sha256:'.length)
  const place = join(folder, 'blobs/sha256', hex.slice(0, 2))
  await makeFolder(place)
  await writeFile(join(place, hex), 'lost')
  await writeFile(join(place, 'README'), 'no blob')
  expect(await collect({ db, blobs, before: yesterday(), dryRun: true })).toMatchObject({ orphans: 1, orphanBytes: 4 })
  expect(await collect({ db, blobs, before: yesterday() })).toMatchObject({ orphans: 1, orphanBytes: 4, blobs: 0 })
  expect(await collect({ db, blobs, before: yesterday() })).toMatchObject({ orphans: 0, blobs: 0 })
  expect((await ask(http, 'GET', `/v2/a/blobs/${sha256('lost')}`)).status).toBe(404)
  expect(await collect({ db, blobs, before: tomorrow() })).toMatchObject({ blobs: 1, freedBytes: 4 })
  expect(await blobs.stat(sha256('lost'))).toBeUndefined()
})
