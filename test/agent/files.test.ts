import { lstat, mkdir, readdir, readFile, readlink, rename, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { readCredential } from '../../src/agent/credential.ts'
import { openDesiredState } from '../../src/agent/desired-state.ts'
import { openLinks } from '../../src/agent/links.ts'
import { openNotice } from '../../src/agent/notice.ts'
import { type AgentPaths, agentPaths } from '../../src/agent/paths.ts'
import { openRejections } from '../../src/agent/rejections.ts'
import { type Installed, openReleaseStore } from '../../src/agent/release-store.ts'
import { openStateFiles, type WriteState } from '../../src/agent/state-file.ts'
import type { DesiredDocument } from '../../src/contract/desired.ts'
import type { Rejection } from '../../src/contract/update.ts'
import { systemClock } from '../../src/platform/clock.ts'
import { makeFolder, sizeIfThere } from '../../src/platform/files.ts'
import { openLog } from '../../src/platform/log.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { makeCompute, setOf, type TestRelease } from './support/releases.ts'
import { ref, set } from './support/sets.ts'

const log = openLog('test', 'silent')
const limits = { maxUnpackedBytes: 1_000_000, maxEntries: 100 }

async function openRoot(): Promise<{ paths: AgentPaths; write: WriteState }> {
  const paths = agentPaths(await temporaryFolder())
  for (const folder of [paths.releases, paths.sets]) await makeFolder(folder)
  return { paths, write: openStateFiles(paths).write }
}

/** The bundle of a release as a file. */
async function bundleOf(paths: AgentPaths, { manifest, blobs }: TestRelease): Promise<string> {
  const file = join(paths.database, 'bundle')
  await writeFile(file, blobs.get(JSON.parse(manifest).layers[0].digest) ?? '')
  return file
}

describe('the release store', () => {
  test('a root can be moved: every link inside is relative', async () => {
    const { paths } = await openRoot()
    const store = openReleaseStore(paths, limits)
    const compute = await makeCompute(await temporaryFolder(), '1.0.0')
    await store.install(compute.ref, compute.config, await bundleOf(paths, compute))
    await store.build(setOf(compute))
    await store.point('current', setOf(compute))
    const moved = `${await temporaryFolder()}/moved`
    await rename(paths.root, moved)
    const there = openReleaseStore(agentPaths(moved), limits)
    expect(await there.linked('current')).toEqual(setOf(compute))
    expect(await readFile(join(moved, 'var/db/slipway/current/compute/run.sh'), 'utf8')).toContain('echo 1.0.0')
    expect((await there.open(setOf(compute)))[0]?.config).toEqual(compute.config)
  })

  test('a bundle with more than its config says is refused and leaves nothing', async () => {
    const { paths } = await openRoot()
    const store = openReleaseStore(paths, limits)
    const compute = await makeCompute(await temporaryFolder(), '1.0.0')
    const bundle = await bundleOf(paths, compute)
    for (const changes of [{ unpackedBytes: 10 }, { entries: 1 }]) {
      const install = store.install(compute.ref, { ...compute.config, ...changes }, bundle)
      await expect(install).rejects.toMatchObject({ code: 'bundle-refused' })
    }
    expect(await store.has(compute.ref)).toBe(false)
    expect(await readdir(paths.releasesOf('compute'))).toEqual([])
  })

  test('a release beyond the limits of agent.yaml is refused before a byte of it is unpacked', async () => {
    const { paths } = await openRoot()
    const store = openReleaseStore(paths, { maxUnpackedBytes: 10, maxEntries: 1 })
    const { config } = await makeCompute(await temporaryFolder(), '1.0.0')
    const install = store.install(ref('compute@1.0.0'), config, '/nonexistent')
    await expect(install).rejects.toThrow(`compute@1.0.0 unpacks to ${config.unpackedBytes} bytes, but`)
  })

  test('a link that leads nowhere is no set', async () => {
    const { paths } = await openRoot()
    await symlink('sets/000000000000', paths.current)
    expect(await openReleaseStore(paths, limits).linked('current')).toBeUndefined()
  })
})

describe('links outside', () => {
  const component = (name: string, ...names: string[]): Installed => ({
    ref: ref(`${name}@1.0.0`),
    config: {
      name,
      version: '1.0.0',
      platform: { os: '*', architecture: '*', 'os.version': '*' },
      requires: {},
      services: [],
      links: names.map((it) => ({ path: `/usr/local/etc/rc.d/${it}`, target: `rc.d/${it}` })),
      health: [],
      configuration: [],
      unpackedBytes: 0,
      entries: 1,
    },
  })
  const at = (paths: AgentPaths, name: string) => join(paths.root, 'usr/local/etc/rc.d', name)

  test('they lead through `current`, relative, and survive a switch untouched', async () => {
    const { paths } = await openRoot()
    expect(await openLinks(paths).place([component('rc', 'a')], paths.current)).toEqual([])
    expect(await readlink(at(paths, 'a'))).toBe('../../../../var/db/slipway/current/rc/rc.d/a')
  })

  test('they are right where a folder on their way is itself a link', async () => {
    const { paths } = await openRoot()
    await mkdir(join(paths.root, 'elsewhere/deeper/local'), { recursive: true })
    await mkdir(join(paths.root, 'usr'))
    await symlink('../elsewhere/deeper/local', join(paths.root, 'usr/local'))
    await mkdir(join(paths.current, 'rc/rc.d'), { recursive: true })
    await writeFile(join(paths.current, 'rc/rc.d/a'), 'the script\n')
    await openLinks(paths).place([component('rc', 'a')], paths.current)
    expect(await readFile(at(paths, 'a'), 'utf8')).toBe('the script\n')
  })

  test('a file, a folder, and a link to somewhere else are never replaced, nor removed', async () => {
    const { paths } = await openRoot()
    const links = openLinks(paths)
    await mkdir(at(paths, 'folder'), { recursive: true })
    await writeFile(at(paths, 'file'), 'mine')
    await symlink('/bin/sh', at(paths, 'link'))
    const foreign = component('rc', 'folder', 'file', 'link', 'free')
    expect(await links.conflict(foreign)).toBe('/usr/local/etc/rc.d/folder')
    expect(await links.place([foreign], paths.current)).toHaveLength(3)
    await links.drop([foreign], [])
    expect(await readFile(at(paths, 'file'), 'utf8')).toBe('mine')
    expect(await readlink(at(paths, 'link'))).toBe('/bin/sh')
    expect((await lstat(at(paths, 'folder'))).isDirectory()).toBe(true)
    await expect(lstat(at(paths, 'free'))).rejects.toThrow('ENOENT')
  })

  test('only what no component of the kept set needs is dropped', async () => {
    const { paths } = await openRoot()
    const links = openLinks(paths)
    await links.place([component('rc', 'a', 'b')], paths.current)
    await links.drop([component('rc', 'a', 'b')], [component('other', 'b')])
    await expect(lstat(at(paths, 'a'))).rejects.toThrow('ENOENT')
    expect(await readlink(at(paths, 'b'))).toContain('current/rc/rc.d/b')
  })

  test('a half-made link of ours is tidied away, a temporary file of others is not', async () => {
    const { paths } = await openRoot()
    const links = openLinks(paths)
    await links.place([component('rc', 'a')], paths.current)
    await symlink('../../../../var/db/slipway/current/rc/rc.d/a', at(paths, '.tmp-a-1'))
    await symlink('/bin/sh', at(paths, '.tmp-b-1'))
    await writeFile(at(paths, '.tmp-c-1'), '')
    await links.tidy()
    await expect(lstat(at(paths, '.tmp-a-1'))).rejects.toThrow('ENOENT')
    for (const name of ['a', '.tmp-b-1', '.tmp-c-1']) await lstat(at(paths, name))
  })
})

describe('the desired document', () => {
  const document: DesiredDocument = {
    host: '0123456789abcdef',
    generation: 7,
    releaseSet: set('compute@1.0.0'),
    instances: [],
    network: {},
    operations: [],
  }
  const open = async (root = openRoot()) => {
    const { paths, write } = await root
    const changes = openNotice(systemClock)
    return {
      paths,
      state: await openDesiredState({ path: paths.desired, host: document.host, write, log, changes }),
    }
  }

  test('T24 that of another host is refused', async () => {
    const { state, paths } = await open()
    const take = state.take({ ...document, host: 'ffffffffffffffff' })
    await expect(take).rejects.toThrow('the document of host ffffffffffffffff, but this is host 0123456789abcdef')
    expect(await sizeIfThere(paths.desired)).toBeUndefined()
  })

  test('U36 an older one is refused, the same again is no news, a newer one is taken', async () => {
    const { state } = await open()
    expect(await state.take(document)).toBe(true)
    expect(await state.take(document)).toBe(false)
    await expect(state.take({ ...document, generation: 6 })).rejects.toThrow(
      'sent generation 6, but 7 was here already',
    )
    expect(await state.take({ ...document, generation: 8 })).toBe(true)
    expect(state.current()?.generation).toBe(8)
  })

  test('an agent that starts without the server goes by what was taken last', async () => {
    const root = openRoot()
    await (await open(root)).state.take(document)
    expect((await open(root)).state.current()).toEqual(document)
  })

  test('a damaged file, or that of another host, counts as none', async () => {
    for (const text of ['{', JSON.stringify({ ...document, host: 'ffffffffffffffff' })]) {
      const root = openRoot()
      await writeFile((await root).paths.desired, text)
      expect((await open(root)).state.current()).toBeUndefined()
    }
  })
})

describe('U29 rejections', () => {
  const at = '2026-01-01T00:00:00.000Z'
  const bad = set('compute@2.0.0', 'rc@1.0.0')
  const rejection: Rejection = {
    set: bad.digest,
    component: ref('compute@2.0.0'),
    failure: { reason: 'health-check-failed', message: 'it is sick', state: 'probe', at },
    at,
  }

  test('they hold for the set and for the release to blame, over a restart, until they are cleared', async () => {
    const { paths, write } = await openRoot()
    await (await openRejections(paths.rejected, write, log)).add(rejection)
    const list = await openRejections(paths.rejected, write, log)
    expect(list.against(bad)).toEqual(rejection)
    expect(list.against(set('compute@2.0.0', 'rc@1.1.0'))).toEqual(rejection)
    expect(list.against(set('compute@2.0.1', 'rc@1.0.0'))).toBeUndefined()
    await list.clear()
    expect((await openRejections(paths.rejected, write, log)).all()).toEqual([])
  })

  test('a set that is rolled back twice stands in the list once, with the last reason', async () => {
    const { paths, write } = await openRoot()
    const list = await openRejections(paths.rejected, write, log)
    await list.add(rejection)
    await list.add({ ...rejection, at: '2026-01-02T00:00:00.000Z' })
    expect(list.all().map((it) => it.at)).toEqual(['2026-01-02T00:00:00.000Z'])
  })
})

describe('the credential', () => {
  const host = '0123456789abcdef'
  const rows: readonly [string, string | undefined, string][] = [
    ['a missing one', undefined, 'is missing; enrol this host again with a new join token'],
    ['one of another form', 'secret', "does not hold a host's credential; enrol this host again"],
    [
      'that of another host',
      `slw_ffffffffffffffff_${'a'.repeat(64)}`,
      'is the credential of host ffffffffffffffff, but',
    ],
  ]
  for (const [name, text, message] of rows)
    test(`${name} is refused, and never printed`, async () => {
      const file = join(await temporaryFolder(), 'agent.key')
      if (text !== undefined) await writeFile(file, text)
      const error = await readCredential(file, host).catch((it) => it)
      expect(error.message).toContain(message)
      expect(error.message).not.toContain('aaaa')
    })

  test('the right one is read without its line end', async () => {
    const file = join(await temporaryFolder(), 'agent.key')
    await writeFile(file, `slw_${host}_${'a'.repeat(64)}\n`)
    expect(await readCredential(file, host)).toBe(`slw_${host}_${'a'.repeat(64)}`)
  })
})

test('space is held in reserve for the journal, once', async () => {
  const paths = agentPaths(await temporaryFolder())
  await makeFolder(paths.database)
  const state = openStateFiles(paths)
  await state.reserve()
  const { ino } = await lstat(paths.reserve)
  await state.reserve()
  expect(await lstat(paths.reserve)).toMatchObject({ ino, size: 262_144 })
})
