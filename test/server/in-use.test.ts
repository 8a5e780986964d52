import { expect, onTestFinished, test } from 'vitest'
import { inTurn } from '../../src/cloud/turn.ts'
import { isAppError } from '../../src/contract/errors.ts'
import type { HostReport } from '../../src/contract/report.ts'
import type { Db } from '../../src/database/open.ts'
import type { Database } from '../../src/database/tables.ts'
import { transact } from '../../src/database/transact.ts'
import { promote } from '../../src/fleet/channels.ts'
import { releaseSet } from '../../src/fleet/desired.ts'
import { sha256 } from '../../src/platform/digest.ts'
import { neverMovesBy } from '../../src/registry/release-rules.ts'
import { checkRelease } from '../../src/registry/releases.ts'
import { retire } from '../../src/registry/retention/retention.ts'
import { checkImages } from '../../src/server/images.ts'
import { manifestsOfHosts, readUses } from '../../src/server/in-use.ts'
import { report } from '../fleet/test-fleet.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { openTestDatabase } from '../support/test-database.ts'

const at = '2026-11-01T00:00:00.000Z'
const digestOf = (name: string, version: string) => sha256(`${name}@${version}`)
const ref = (name: string, version: string) => ({ name, version, digest: digestOf(name, version) })

async function open(): Promise<Db> {
  const db = await openTestDatabase(await temporaryFolder())
  onTestFinished(() => db.destroy())
  return db
}

async function addHost(db: Db, name: string, told: string, reported: Partial<HostReport> | null): Promise<void> {
  const row: Omit<Database['hosts'], 'fenced_at'> = {
    ...{ id: sha256(name).slice(7, 23), name, key_hash: name, channel: 'stable', labels: '{}', platform: '{}' },
    ...{ enrolled_at: at, generation: 1, set_problem: null, last_seen_at: at },
    release_set: told === '' ? null : JSON.stringify(releaseSet([ref('compute', told)])),
    report: reported && JSON.stringify(report(reported)),
  }
  await db
    .insertInto('hosts')
    .values({ ...row, fenced_at: null })
    .execute()
}

async function addImages(db: Db): Promise<void> {
  const by = { promoted_at: at, promoted_by: 'token test' }
  await db
    .insertInto('image_pointers')
    .values({ image: 'debian', channel: 'stable', version: '1.0.0', ...by })
    .execute()
  await db
    .insertInto('image_pointers')
    .values({ image: 'other', channel: 'stable', version: '9.0.0', ...by })
    .execute()
  await db.insertInto('stacks').values({ name: 'web', revision: 2, removing: 0 }).execute()
  for (const [revision, version] of [
    [1, '2.0.0'],
    [2, '3.0.0'],
  ] as const) {
    const images = JSON.stringify([ref('debian', version)])
    const row = { stack: 'web', revision, text: '', images, note: '', applied_at: at, applied_by: 'token test' }
    await db.insertInto('stack_revisions').values(row).execute()
  }
  const instance = { stack: 'web', wanted: 'running', held: 0, revision: 1, generation: 1, placement: '{}' }
  for (const [id, host, source] of [
    ['a', 'host1', { image: ref('debian', '4.0.0') }],
    ['b', 'host2', { empty: true }],
  ] as const) {
    const row = {
      id,
      name: `web.${id}`,
      member: id,
      host: sha256(host).slice(7, 23),
      document: JSON.stringify({ root: { source } }),
    }
    await db
      .insertInto('instances')
      .values({ ...instance, ...row })
      .execute()
  }
}

test('in use is what channels point to, hosts begin with, are told, run and would go back to, and what stacks and instances name', async () => {
  const db = await open()
  await db.insertInto('channels').values({ name: 'stable', created_at: at }).execute()
  const pointer = { channel: 'stable', version: '1.0.0', promoted_at: at, promoted_by: 'token test' }
  await db
    .insertInto('channel_pointers')
    .values({ ...pointer, component: 'compute' })
    .execute()
  await db
    .insertInto('channel_pointers')
    .values({ ...pointer, component: 'network' })
    .execute()
  const token = {
    id: 't',
    secret_hash: '',
    channel: 'stable',
    labels: '{}',
    uses_left: 0,
    created_at: at,
    expires_at: at,
  }
  const agent = JSON.stringify({ release: ref('compute', '2.0.0'), bundle: sha256('bundle') })
  await db
    .insertInto('join_tokens')
    .values({ ...token, agent })
    .execute()
  const sets = { current: releaseSet([ref('compute', '4.0.0')]), previous: releaseSet([ref('compute', '5.0.0')]) }
  await addHost(db, 'host1', '3.0.0', sets)
  await addHost(db, 'host2', '', { current: null })
  await addHost(db, 'host3', '3.0.0', null)
  await addImages(db)

  expect(await readUses(db, 'components/compute')).toEqual({
    versions: new Set(['1.0.0', '2.0.0', '3.0.0', '4.0.0', '5.0.0']),
    manifests: new Set(['2.0.0', '3.0.0', '4.0.0', '5.0.0'].map((version) => digestOf('compute', version))),
  })
  expect(await readUses(db, 'components/network')).toEqual({ versions: new Set(['1.0.0']), manifests: new Set() })
  expect(await readUses(db, 'images/debian')).toEqual({
    versions: new Set(['1.0.0', '3.0.0', '4.0.0']),
    manifests: new Set(['3.0.0', '4.0.0'].map((version) => digestOf('debian', version))),
  })
  for (const repository of ['ci/compute', 'components/debian', 'images/compute', 'stable'])
    expect(await readUses(db, repository)).toEqual({ versions: new Set(), manifests: new Set() })
  const hosts = await manifestsOfHosts(db)
  expect([...hosts.keys()]).toEqual(['host1', 'host2', 'host3'])
  expect([...(hosts.get('host1') ?? [])].sort()).toEqual(
    [...['3.0.0', '4.0.0', '5.0.0'].map((version) => digestOf('compute', version)), digestOf('debian', '4.0.0')].sort(),
  )
  expect(hosts.get('host2')?.size).toBe(0)
})

/** Makes a repository with versions 1.0.0 to 1.0.<count - 1>, of which retention keeps the last. */
async function addReleases(db: Db, repository: string, count: number): Promise<string[]> {
  const versions = Array.from({ length: count }, (_, patch) => `1.0.${patch}`)
  const name = repository.split('/')[1] ?? ''
  await db.insertInto('repositories').values({ name: repository, created_at: at }).execute()
  const row = {
    repository,
    media_type: '',
    artifact_type: null,
    subject: null,
    content: Buffer.from('{}'),
    created_at: at,
  }
  await db
    .insertInto('manifests')
    .values(versions.map((version) => ({ ...row, digest: digestOf(name, version) })))
    .execute()
  const tags = versions.map((version) => ({
    repository,
    name: version,
    manifest: digestOf(name, version),
    updated_at: at,
  }))
  await db.insertInto('tags').values(tags).execute()
  return versions
}

function retireAllButTheLast(db: Db) {
  const now = new Date()
  return retire({
    ...{ db, readUses, neverMoves: neverMovesBy() },
    rules: [{ repositories: '*', keepLast: 1 }],
    before: now,
    clock: { now: () => now, sleep: async () => {} },
  })
}

/** Begins to use some versions while retention removes them; answers which of them were refused. */
async function race(versions: string[], begin: (version: string) => Promise<unknown>, db: Db): Promise<Set<string>> {
  const refused = new Set<string>()
  // The ones that retention comes to first and last, and some in between.
  const wanted = versions.filter((_, at) => at % 8 === 0)
  const all = wanted.map((version) =>
    begin(version).catch((error) => {
      if (!isAppError(error, 'release-unknown')) throw error
      expect(error.message).toContain('removed by retention at ')
      refused.add(version)
    }),
  )
  await Promise.all([retireAllButTheLast(db), ...all])
  return refused
}

test('a promotion that races with retention finds the release gone, or keeps it', async () => {
  const db = await open()
  const versions = await addReleases(db, 'components/compute', 120)
  const releases = {
    check: checkRelease,
    resolve: async (_db: Db, name: string, version: string) => ref(name, version),
  }
  const refused = await race(
    versions,
    (version) =>
      transact(db, (trx) =>
        promote(trx, releases, {
          ...{ channel: `c${version.replaceAll('.', '-')}`, actor: 'token test', now: new Date() },
          releases: [{ component: 'compute', version }],
        }),
      ),
    db,
  )
  const promoted = (await db.selectFrom('channel_pointers').select('version').execute()).map(({ version }) => version)
  const tags = (await db.selectFrom('tags').select('name').execute()).map(({ name }) => name)
  expect(tags.sort()).toEqual([...promoted, '1.0.119'].sort())
  for (const version of refused) expect(promoted).not.toContain(version)
  expect(promoted.length + refused.size).toBe(15)
})

test('a stack that is applied while retention goes over its image finds it gone, or keeps it', async () => {
  const db = await open()
  const versions = await addReleases(db, 'images/debian', 120)
  const refused = await race(
    versions,
    (version) =>
      inTurn(db, async (trx) => {
        const pinned = [ref('debian', version)]
        await checkImages(trx, pinned)
        const stack = `s${version.replaceAll('.', '-')}`
        await trx.insertInto('stacks').values({ name: stack, revision: 1, removing: 0 }).execute()
        const row = { revision: 1, text: '', note: '', applied_at: at, applied_by: 'token test' }
        await trx
          .insertInto('stack_revisions')
          .values({ ...row, stack, images: JSON.stringify(pinned) })
          .execute()
      }),
    db,
  )
  const applied = await db.selectFrom('stacks').select('name').execute()
  const tags = (await db.selectFrom('tags').select('name').execute()).map(({ name }) => name)
  expect(tags.sort()).toEqual([...applied.map(({ name }) => name.slice(1).replaceAll('-', '.')), '1.0.119'].sort())
  expect(applied.length + refused.size).toBe(15)
})
