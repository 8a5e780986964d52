import { expect, test } from 'vitest'
import { mediaTypes } from '../../../src/contract/oci.ts'
import type { RetentionRule } from '../../../src/contract/server-config.ts'
import { sha256 } from '../../../src/platform/digest.ts'
import { collect } from '../../../src/registry/collection.ts'
import { neverMovesBy } from '../../../src/registry/release-rules.ts'
import { type RetentionOptions, retire } from '../../../src/registry/retention/retention.ts'
import { ask, imageManifest, putManifest } from '../../support/oci.ts'
import { openTestRegistry } from '../../support/registry.ts'
import { usesOf } from '../../support/retention-facts.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

const dayMs = 86_400_000
const immutableTags = 'release-*'
const nobody = async () => usesOf()

/** A registry, in which `retire` decides as it would in so many days. */
async function open() {
  const registry = await openTestRegistry(await temporaryFolder(), { immutableTags })
  const { http, db } = registry

  /** As if all that is there had come so many days ago. */
  async function age(days: number) {
    const at = new Date(Date.now() - days * dayMs).toISOString()
    await db.updateTable('manifests').set({ created_at: at }).execute()
    await db.updateTable('tags').set({ updated_at: at }).execute()
  }

  /** Pushes a manifest whose content is `word`, under tags or none, and answers its digest and its bytes. */
  async function push(repository: string, word: string, tags: string[] = [], extra: object = {}) {
    const { bytes, digest } = await imageManifest(http, repository, { annotations: { word }, ...extra })
    for (const reference of tags.length > 0 ? tags : [digest])
      expect((await putManifest(http, repository, reference, bytes)).status).toBe(201)
    return { digest, size: bytes.length, bytes }
  }

  return {
    ...registry,
    age,
    push,
    retire(rules: RetentionRule[], { days = 100, ...options }: Partial<RetentionOptions> & { days?: number } = {}) {
      const now = new Date(Date.now() + days * dayMs)
      return retire({
        ...{ db, rules, readUses: nobody, neverMoves: neverMovesBy(immutableTags) },
        before: new Date(now.getTime() - dayMs),
        clock: { now: () => now, sleep: async () => {} },
        ...options,
      })
    },
    /** As if so many builds had come ten days ago: the tags pr-0, pr-1, … of ci/a, each with a manifest. Another one has the tag main. */
    async pushMany(count: number) {
      const { digest } = await push('ci/a', 'x', ['main'])
      const row = await db.selectFrom('manifests').selectAll().where('digest', '=', digest).executeTakeFirstOrThrow()
      const digests = Array.from({ length: count }, (_, at) => sha256(`${at}`))
      const manifests = digests.map((digest) => ({ ...row, digest }))
      await db.insertInto('manifests').values(manifests).execute()
      const tags = digests.map((manifest, at) => ({ repository: 'ci/a', name: `pr-${at}`, manifest, updated_at: '' }))
      await db.insertInto('tags').values(tags).execute()
      await age(10)
    },
    pushIndex(repository: string, reference: string, members: { digest: string; size: number }[]) {
      const manifests = members.map(({ digest, size }) => ({ mediaType: mediaTypes.manifest, digest, size }))
      const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.index, manifests }))
      return putManifest(http, repository, reference === '' ? sha256(bytes) : reference, bytes, mediaTypes.index)
    },
    status: async (repository: string, reference: string) =>
      (await ask(http, 'GET', `/v2/${repository}/manifests/${reference}`)).status,
  }
}

const old: RetentionRule[] = [{ repositories: '*', keepDays: 7 }]

test('tags go with their manifests and what refers to these; what is named elsewhere stays; blobs go when nothing needs them', async () => {
  const { http, db, blobs, push, pushIndex, retire, status } = await open()
  const [amd64, arm64] = [await push('ci/a', 'amd64'), await push('ci/a', 'arm64')]
  await pushIndex('ci/a', 'pr-1', [amd64, arm64])
  await pushIndex('ci/a', 'main', [amd64])
  const subject = { mediaType: mediaTypes.manifest, ...arm64 }
  const sbom = await push('ci/a', 'sbom', [], { subject })
  const signature = await push('ci/a', 'signature', [`${arm64.digest.replace(':', '-')}.sig`])
  await push('ci/b', 'other', ['pr-1'])
  const rules: RetentionRule[] = [{ repositories: 'ci/a', tags: 'pr-*', keepDays: 7 }]

  const said = await retire(rules, { dryRun: true })
  const progress: [number, number][] = []
  const done = await retire(rules, { onProgress: (...at) => progress.push(at) })
  expect(said).toEqual(done)
  expect(progress).toEqual([[6, 6]])
  const tie = `${arm64.digest.replace(':', '-')}.sig`
  expect(done.removedTags).toEqual([
    expect.objectContaining({ repository: 'ci/a', tag: 'pr-1', reason: 'ci/a pr-*: keepDays 7' }),
    { repository: 'ci/a', tag: tie, digest: signature.digest, reason: `belongs to ${arm64.digest}` },
  ])
  expect(done).toMatchObject({ tags: 2, manifests: 4 })
  const gone = ['pr-1', arm64.digest, sbom.digest, signature.digest, tie]
  for (const reference of gone) expect(await status('ci/a', reference)).toBe(404)
  for (const reference of ['main', amd64.digest]) expect(await status('ci/a', reference)).toBe(200)
  expect(await status('ci/b', 'pr-1')).toBe(200)
  expect(await retire(rules)).toMatchObject({ tags: 0, manifests: 0 })

  const layer = sha256('only here')
  const { digest } = await imageManifest(http, 'ci/a', {}, [Buffer.from('only here')])
  expect(digest).not.toBe(amd64.digest)
  await push('ci/a', 'x', ['pr-2'], { layers: [{ mediaType: 'a/b', digest: layer, size: 9 }] })
  await retire(rules)
  expect((await collect({ db, blobs, before: new Date(Date.now() - dayMs) })).blobs).toBe(0)
  const { removed } = await collect({ db, blobs, before: new Date(Date.now() + dayMs) })
  expect(removed.map((blob) => blob.digest)).toContain(layer)
})

test('a tag that never moves and was removed comes back with the same manifest only; whoever asks for it is told', async () => {
  const { http, push, retire, status } = await open()
  const first = await push('ci/a', 'first', ['1.0.0', 'release-1', 'pr-1'])
  expect(await retire(old)).toMatchObject({ tags: 3, manifests: 1 })
  const said = await ask(http, 'GET', '/v2/ci/a/manifests/1.0.0')
  const removed = /ci\/a has no manifest 1\.0\.0: it was removed by retention at 20\d\d-\d\d-\d\dT/
  expect(said.json.errors[0]).toMatchObject({ code: 'MANIFEST_UNKNOWN', message: expect.stringMatching(removed) })
  expect((await ask(http, 'GET', '/files/ci/a/1.0.0')).json.errors[0].message).toContain('removed by retention at 20')
  expect((await ask(http, 'GET', '/v2/ci/a/manifests/pr-1')).json.errors[0].message).toBe('ci/a has no manifest pr-1')

  const { bytes } = await imageManifest(http, 'ci/a', { annotations: { word: 'second' } })
  for (const tag of ['1.0.0', 'release-1']) {
    const refused = await putManifest(http, 'ci/a', tag, bytes)
    expect(refused).toMatchObject({ status: 409, json: { errors: [{ code: 'DENIED' }] } })
    expect(refused.json.errors[0].message).toMatch(`ci/a:${tag} was ${first.digest} until retention removed it at 20`)
  }
  expect((await putManifest(http, 'ci/a', 'pr-1', bytes)).status).toBe(201)
  expect((await putManifest(http, 'ci/a', '1.0.0', first.bytes)).status).toBe(201)
  expect(await status('ci/a', '1.0.0')).toBe(200)
  expect((await putManifest(http, 'ci/a', '1.0.0', bytes)).json.errors[0].message).toContain(`is ${first.digest}`)
  expect(await retire(old)).toMatchObject({ tags: 2 })
  expect((await putManifest(http, 'ci/a', '1.0.0', bytes)).status).toBe(409)
})

test('what changes between the decision and the removal is seen', async () => {
  const { http, pulls, push, pushIndex, age, retire, status } = await open()
  const names = ['moved', 'pushed', 'named', 'referred', 'pulled', 'told', 'used', 'left']
  const pushed = new Map<string, Awaited<ReturnType<typeof push>>>()
  for (const name of names) pushed.set(name, await push('ci/a', name, [name]))
  await age(10)
  const of = (name: string) => pushed.get(name) ?? expect.fail(name)
  // The decision is of what was read before this is asked.
  let asked = 0
  async function meanwhile() {
    if (asked++ > 0) return { ...usesOf(), manifests: new Set([of('used').digest]) }
    await putManifest(http, 'ci/a', 'moved', of('left').bytes)
    await putManifest(http, 'ci/a', 'another', of('pushed').bytes)
    await pushIndex('ci/a', 'index', [of('named')])
    await push('ci/a', 'signature', [], { subject: { mediaType: mediaTypes.manifest, ...of('referred') } })
    await ask(http, 'GET', '/v2/ci/a/manifests/pulled')
    await pulls.flush()
    await ask(http, 'HEAD', `/v2/ci/a/manifests/${of('told').digest}`)
    return usesOf()
  }
  const { removedTags, removedManifests } = await retire(old, { days: 0, readUses: meanwhile })
  // A tag that goes leaves what somebody has named meanwhile; what refers to a manifest goes with it, as it would have a moment before.
  expect(removedTags.map(({ tag }) => tag).sort()).toEqual(['left', 'named', 'pushed', 'referred'])
  expect(removedManifests).toHaveLength(2)
  for (const name of names) expect(await status('ci/a', of(name).digest)).toBe(name === 'referred' ? 404 : 200)
  for (const tag of ['moved', 'another', 'index', 'pulled', 'told', 'used']) expect(await status('ci/a', tag)).toBe(200)
})

test('what is left in the last moment keeps its members, though another index goes that names them too', async () => {
  const { http, push, pushIndex, age, retire, status } = await open()
  const parts = [await push('ci/a', 'amd64'), await push('ci/a', 'arm64')] as const
  const left = await push('ci/a', 'left', ['left'])
  const digestOf = async (reference: string, members: Parameters<typeof pushIndex>[2]) =>
    String((await pushIndex('ci/a', reference, members)).headers['docker-content-digest'])
  // Indexes differ by their members.
  const [moved, goes] = [await digestOf('moved', [parts[0]]), await digestOf('goes', [parts[0], left])]
  const [told, expired] = [await digestOf('', [parts[1]]), await digestOf('', [parts[1], left])]
  await age(10)
  let asked = 0
  async function meanwhile() {
    if (asked++ > 0) return usesOf()
    await putManifest(http, 'ci/a', 'moved', left.bytes)
    await ask(http, 'HEAD', `/v2/ci/a/manifests/${told}`)
    return usesOf()
  }
  const rules: RetentionRule[] = [{ repositories: '*', tags: 'moved,goes', keepDays: 7, untaggedDays: 7 }]
  const { removedManifests } = await retire(rules, { days: 0, readUses: meanwhile })
  expect(removedManifests.map(({ digest }) => digest).sort()).toEqual([goes, expired].sort())
  for (const digest of [moved, told, parts[0].digest, parts[1].digest]) expect(await status('ci/a', digest)).toBe(200)
})

test('a manifest without a tag has its days from when it lost that, and stays while a client may name it in an index', async () => {
  const { http, push, pushIndex, age, retire, status } = await open()
  const [told, again, lost] = [await push('ci/a', 'told'), await push('ci/a', 'again'), await push('ci/a', 'lost')]
  const [was, deleted] = [await push('ci/a', 'was main', ['main']), await push('ci/a', 'deleted', ['x', 'y'])]
  await age(10)
  expect((await ask(http, 'HEAD', `/v2/ci/a/manifests/${told.digest}`)).status).toBe(200)
  expect((await ask(http, 'HEAD', '/v2/ci/a/manifests/y')).status).toBe(200)
  expect((await putManifest(http, 'ci/a', again.digest, again.bytes)).status).toBe(201)
  await push('ci/a', 'is main', ['main'])
  for (const tag of ['x', 'y']) await ask(http, 'DELETE', `/v2/ci/a/manifests/${tag}`)
  const untagged: RetentionRule[] = [{ repositories: '*', untaggedDays: 7 }]
  expect((await retire(untagged, { days: 0 })).removedManifests.map(({ digest }) => digest)).toEqual([lost.digest])
  expect((await pushIndex('ci/a', 'index', [told, again])).headers.warning).toBeUndefined()
  const later = await retire(untagged, { days: 8 })
  expect(later.removedManifests.map(({ digest }) => digest).sort()).toEqual([was.digest, deleted.digest].sort())
  for (const { digest } of [told, again]) expect(await status('ci/a', digest)).toBe(200)
})

test('pulls are noted at most once an hour and written together: by tag, by digest, as a file, but not what only asks', async () => {
  const { http, db, pulls, push, age, retire } = await open()
  const names = ['tag', 'digest', 'file', 'head', 'idle']
  const pushed = new Map<string, string>()
  for (const name of names) pushed.set(name, (await push('ci/a', name, [name])).digest)
  await age(10)
  const pulled = async () => {
    const rows = await db.selectFrom('manifests').select(['digest', 'pulled_at']).where('pulled_at', '!=', '').execute()
    return new Map(rows.map(({ digest, pulled_at }) => [names.find((name) => pushed.get(name) === digest), pulled_at]))
  }
  async function pull(...paths: string[]) {
    for (const path of paths) expect((await ask(http, 'GET', path)).status).toBe(200)
  }
  await pull('/v2/ci/a/manifests/tag', `/v2/ci/a/manifests/${pushed.get('digest')}`, '/files/ci/a/file')
  expect((await ask(http, 'HEAD', '/v2/ci/a/manifests/head')).status).toBe(200)
  expect((await ask(http, 'HEAD', '/files/ci/a/head')).status).toBe(200)
  expect((await pulled()).size).toBe(0)
  await pulls.flush()
  const first = await pulled()
  expect([...first.keys()].sort()).toEqual(['digest', 'file', 'tag'])
  await pull('/v2/ci/a/manifests/tag')
  await pulls.flush()
  expect(await pulled()).toEqual(first)
  const longAgo = new Date(Date.now() - 2 * 3_600_000).toISOString()
  await db.updateTable('manifests').set({ pulled_at: longAgo }).where('pulled_at', '!=', '').execute()
  await pull('/v2/ci/a/manifests/tag')
  await pulls.close()
  const second = await pulled()
  expect([second.get('tag') !== longAgo, second.get('digest')]).toEqual([true, longAgo])

  const { removedTags } = await retire([{ repositories: '*', keepPulledDays: 7 }], { days: 0 })
  expect(removedTags.map(({ tag }) => tag).sort()).toEqual(['head', 'idle'])
})

test('a retention that is killed leaves nothing half removed, the next one goes on, and two at once remove each tag once', async () => {
  const { db, pushMany, retire } = await open()
  const count = 120
  await pushMany(count)
  const rules: RetentionRule[] = [{ repositories: '*', tags: 'pr-*', keepDays: 7 }]
  const counts = async () => {
    const [tags, manifests] = [
      await db.selectFrom('tags').select('name').execute(),
      await db.selectFrom('manifests').select('digest').execute(),
    ]
    return [tags.length, manifests.length]
  }
  let batches = 0
  const killed = retire(rules, {
    days: 0,
    onRetired: async () => {
      if (++batches === 2) throw new Error('killed')
    },
  })
  await expect(killed).rejects.toThrow('killed')
  expect(await counts()).toEqual([count + 1 - 50, count + 1 - 50])
  const both = await Promise.all([retire(rules, { days: 0 }), retire(rules, { days: 0 })])
  expect(both.map(({ tags }) => tags).reduce((a, b) => a + b)).toBe(count - 50)
  expect(await counts()).toEqual([1, 1])
})

test('a manifest that is pushed or named again while it goes stays whole, or comes anew', async () => {
  const { http, push, pushIndex, age, retire, status } = await open()
  const { manifest } = await imageManifest(http, 'ci/a')
  const words = Array.from({ length: 24 }, (_, at) => `${at}`)
  const all = words.map((word) => Buffer.from(JSON.stringify({ ...manifest, annotations: { word } })))
  for (const [at, bytes] of all.entries()) await putManifest(http, 'ci/a', `pr-${at}`, bytes)
  await push('ci/a', 'main', ['main'])
  await age(10)
  const rules: RetentionRule[] = [{ repositories: '*', tags: 'pr-*', keepDays: 7 }]
  const named = (at: number) => ({ digest: sha256(all[at] ?? ''), size: all[at]?.length ?? 0 })
  const [{ tags }, ...answers] = await Promise.all([
    retire(rules, { days: 0 }),
    ...all.map((bytes, at) =>
      at % 2 === 0 ? putManifest(http, 'ci/a', `again-${at}`, bytes) : pushIndex('ci/a', `index-${at}`, [named(at)]),
    ),
  ])
  expect(tags).toBe(words.length)
  expect(answers.map((answer) => answer.status)).toEqual(words.map(() => 201))
  // An index that came too late is told that its member is not there.
  for (const [at, { headers }] of answers.entries())
    expect([at, await status('ci/a', named(at).digest)]).toEqual([at, headers.warning === undefined ? 200 : 404])
})

test('beside a steady load of pushes retention comes to its end, and no push fails', async () => {
  const { db, push, pushMany, retire } = await open()
  await pushMany(120)
  let isOver = false
  const clients = Array.from({ length: 4 }, async (_, client) => {
    let count = 0
    for (; !isOver || count === 0; count++) await push('ci/a', `${client} ${count}`, [`new-${client}-${count}`])
    return count
  })
  const { tags } = await retire([{ repositories: '*', tags: 'pr-*', keepDays: 7 }], { days: 0 })
  isOver = true
  const pushed = (await Promise.all(clients)).reduce((a, b) => a + b)
  expect(tags).toBe(120)
  expect(await db.selectFrom('tags').select('name').execute()).toHaveLength(pushed + 1)
})

test('an index whose subject is its own member goes with it when both are old, and not before', async () => {
  const { http, push, age, retire } = await open()
  const { digest, size } = await push('ci/a', 'a')
  const descriptor = { mediaType: mediaTypes.manifest, digest, size }
  await age(10)
  const index = { schemaVersion: 2, mediaType: mediaTypes.index, manifests: [descriptor], subject: descriptor }
  const bytes = Buffer.from(JSON.stringify(index))
  expect((await putManifest(http, 'ci/a', sha256(bytes), bytes, mediaTypes.index)).status).toBe(201)
  const rules: RetentionRule[] = [{ repositories: '*', untaggedDays: 7 }]
  expect(await retire(rules, { days: 1 })).toMatchObject({ manifests: 0 })
  expect(await retire(rules, { days: 8 })).toMatchObject({ manifests: 2 })
})

test('a tag that is pushed again as it was is as young as that, to the hour', async () => {
  const { push, age, retire } = await open()
  for (const word of ['again', 'not again']) await push('ci/a', word, [word.replace(' ', '-')])
  await age(10)
  await push('ci/a', 'again', ['again'])
  expect((await retire(old, { days: 0 })).removedTags.map(({ tag }) => tag)).toEqual(['not-again'])
})
