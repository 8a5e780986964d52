import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { describe, expect, test } from 'vitest'
import type { DiskName } from '../../src/compute/disk-store.ts'
import { openRaw } from '../../src/compute/disks/raw.ts'
import { readZfsList } from '../../src/compute/disks/zfs-output.ts'
import { readPool } from '../../src/compute/disks/zpool-output.ts'
import { openZvol } from '../../src/compute/disks/zvol.ts'
import { systemClock } from '../../src/platform/clock.ts'
import { sha256 } from '../../src/platform/digest.ts'
import { listFolder } from '../../src/platform/files.ts'
import { disksSuite } from '../suites/disks.ts'
import { simulatedZfs } from '../support/simulated-zfs.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const MiB = 1024 * 1024
const web: DiskName = { kind: 'instance', id: '6f1b6c0e-0000-4000-8000-000000000001' }
const db: DiskName = { kind: 'instance', id: '6f1b6c0e-0000-4000-8000-000000000002' }

async function openZfs(options: { deviceDelayMs?: number } = {}) {
  const root = await temporaryFolder()
  const simulated = await simulatedZfs(root, options)
  const again = () =>
    openZvol({ exec: simulated.exec, pool: 'zroot', deviceFolder: join(root, 'dev/zvol'), clock: systemClock })
  return { ...simulated, root, store: again(), again, snapshots: true }
}

disksSuite('zvol', () => openZfs())
disksSuite('raw', async () => {
  const folder = join(await temporaryFolder(), 'disks')
  const again = () => openRaw({ folder })
  return { store: again(), again, snapshots: false }
})

const image = Buffer.alloc(2 * MiB, 'image')
const digest = sha256(image)

async function withInstance() {
  const zfs = await openZfs()
  await zfs.store.importImage(digest, image.length, () => Readable.from([image]))
  await zfs.store.create(web, { image: digest }, image.length)
  return zfs
}
const instance = `zroot/slipway/instances/${web.id}`

describe('what the disks lie on', () => {
  test('is the pool, with all that is in it', async () => {
    const { store } = await openZfs()
    const { name, room, health } = await store.pool()
    expect([name, health]).toEqual(['zroot', 'ONLINE'])
    expect(room?.freeBytes).toBeGreaterThan(0)
    expect(room?.freeBytes).toBeLessThan(room?.sizeBytes as number)
  })

  test('is the file system of the folder', async () => {
    const folder = join(await temporaryFolder(), 'disks')
    const { name, room, health } = await openRaw({ folder }).pool()
    expect([name, health]).toEqual([folder, undefined])
    expect(room?.sizeBytes).toBeGreaterThan(0)
  })

  test('has no size while the pool cannot be opened', () => {
    expect(readPool('-\t-\tFAULTED\n')).toEqual({ health: 'FAULTED' })
    expect(readPool('10\t4\tDEGRADED\n')).toEqual({ room: { sizeBytes: 10, freeBytes: 4 }, health: 'DEGRADED' })
    expect(() => readPool('10G\t4G\tONLINE\n')).toThrow('a line that is not understood: "10G\\t4G\\tONLINE\\n"')
  })
})

describe('volumes', () => {
  test('an instance costs one clone, however large its image is', async () => {
    const { store, ran } = await withInstance()
    ran.length = 0
    await store.create(db, { image: digest }, 2 * image.length)
    expect(ran.filter((line) => !line.startsWith('zfs list'))).toEqual([
      `zfs clone -o org.slipway:owner=instance ${db.id} -o volsize=${2 * image.length} zroot/slipway/images/${digest.slice(7)}@image zroot/slipway/instances/${db.id}`,
    ])
  })

  test('guests see plain devices: nothing of what they write is tasted by the host', async () => {
    const { exec } = await withInstance()
    const mode = await exec(['zfs', 'get', '-H', '-o', 'value', 'volmode', instance], { timeoutMs: 1000 })
    expect(mode.stdout).toBe('dev\n')
  })

  test('a device that appears a while after its volume is waited for', async () => {
    const { store } = await openZfs({ deviceDelayMs: 50 })
    await store.importImage(digest, image.length, () => Readable.from([image]))
    await store.create(web, { image: digest }, image.length)
    expect((await readFile(await store.path(web))).equals(image)).toBe(true)
  })

  test('a write of an image that was killed is begun anew', async () => {
    const { store, exec } = await openZfs()
    await store.create(db, { empty: true }, MiB)
    const half = `zroot/slipway/images/${digest.slice(7)}`
    const made = ['create', '-s', '-V', String(MiB), '-o', `org.slipway:owner=image ${digest}`, half]
    expect(await exec(['zfs', ...made], { timeoutMs: 1000 })).toMatchObject({ exitCode: 0 })
    expect(await store.list()).toHaveLength(1)
    await store.importImage(digest, image.length, () => Readable.from([image]))
    expect(await store.list()).toHaveLength(2)
  })

  test('X4 all disks are taken by one command', async () => {
    const { store, ran } = await withInstance()
    await store.create(db, { empty: true }, MiB)
    await store.snapshot([web, db], 'now', { memory: false })
    expect(ran.filter((line) => line.startsWith('zfs snapshot') && line.includes('now'))).toEqual([
      `zfs snapshot -o org.slipway:memory=no ${instance}@slipway-now zroot/slipway/instances/${db.id}@slipway-now`,
    ])
  })

  test('younger snapshots are named and stand in the way until they may be lost', async () => {
    const { store, exec } = await withInstance()
    await store.snapshot([web], 'old', { memory: false })
    await store.snapshot([web], 'new', { memory: false })
    await exec(['zfs', 'snapshot', `${instance}@by-hand`], { timeoutMs: 1000 })
    await expect(store.rollback([web], 'old', { discardYounger: false })).rejects.toThrow(
      `younger snapshots of instance ${web.id} stand in the way: new, ${instance}@by-hand; they would be lost`,
    )
    await store.rollback([web], 'old', { discardYounger: true })
    expect((await store.list()).flatMap((disk) => disk.snapshots.map(({ name }) => name))).toEqual(['old'])
  })

  test('what has clones does not go, and the clones are named', async () => {
    const { store } = await withInstance()
    await store.snapshot([web], 'base', { memory: false })
    await store.create(db, { snapshotOf: web, snapshot: 'base' }, image.length)
    const clone = `instance ${db.id} is a clone of it`
    await expect(store.remove(web)).rejects.toThrow(clone)
    await expect(store.removeSnapshot([web], 'base')).rejects.toThrow(clone)
    await expect(store.removeImage(digest)).rejects.toThrow(`instance ${web.id} is a clone of it`)
    await store.snapshot([web], 'later', { memory: false })
    await store.remove(db)
    await store.removeSnapshot([web], 'base')
    await store.removeSnapshot([web], 'base')
    await store.remove(web)
    await store.removeImage(digest)
    expect(await store.list()).toEqual([])
  })

  test('a disk that a guest has open is not removed', async () => {
    const { store, open } = await withInstance()
    open.add(await store.path(web))
    await expect(store.remove(web)).rejects.toMatchObject({ code: 'conflict' })
    expect(await store.list()).toHaveLength(2)
  })

  test('what lacks our mark is not listed, not taken, and not removed', async () => {
    const { store, exec } = await openZfs()
    await store.create(db, { empty: true }, MiB)
    await exec(['zfs', 'create', '-s', '-V', String(MiB), instance], { timeoutMs: 1000 })
    expect(await store.list()).toHaveLength(1)
    await expect(store.create(web, { empty: true }, MiB)).rejects.toThrow(
      `${instance} is there but was not made by Slipway`,
    )
    await expect(store.remove(web)).rejects.toMatchObject({ code: 'conflict' })
  })

  test('the quota of compute.yaml is that of all disks', async () => {
    const { exec, root } = await openZfs()
    const deviceFolder = join(root, 'dev/zvol')
    const store = openZvol({ exec, pool: 'zroot', deviceFolder, quotaBytes: 16 * MiB, clock: systemClock })
    await store.create(web, { empty: true }, MiB)
    expect((await store.capacity()).diskBytes).toBeLessThanOrEqual(16 * MiB)
  })

  test('a pool that is not there is told with the way out', async () => {
    const { exec, root } = await openZfs()
    const store = openZvol({ exec, pool: 'tank/vm', deviceFolder: join(root, 'dev/zvol'), clock: systemClock })
    expect((await store.probe()).zvol).toMatchObject({
      available: false,
      reason: expect.stringMatching(/^there is no pool tank: .*; name another in compute.yaml/),
    })
    await expect(store.create(web, { empty: true }, MiB)).rejects.toMatchObject({ code: 'not-found' })
  })

  test('a line of zfs that is not understood is an error, never a wrong number', () => {
    const line = 'zroot/slipway/volumes/a\tvolume\t1700000000\t1.5G\t1048576\t-\tvolume a\t-'
    expect(() => readZfsList(line)).toThrow(`zfs list printed a line that is not understood: ${JSON.stringify(line)}`)
    expect(() => readZfsList('zroot\tvolume')).toThrow('not understood')
  })
})

describe('raw files', () => {
  test('what a writer that was killed left is cleared away, and never taken for a disk', async () => {
    const folder = await temporaryFolder()
    await mkdir(join(folder, 'instances'), { recursive: true })
    await writeFile(join(folder, 'instances', '.tmp-half'), 'half')
    const store = openRaw({ folder })
    expect(await store.list()).toEqual([])
    await store.create(web, { empty: true }, MiB)
    expect(await listFolder(join(folder, 'instances'))).toEqual([web.id])
  })

  test('a disk beyond the quota is refused', async () => {
    const store = openRaw({ folder: await temporaryFolder(), quotaBytes: 3 * MiB })
    await store.importImage(digest, image.length, () => Readable.from([image]))
    await expect(store.create(web, { image: digest }, image.length)).rejects.toMatchObject({ code: 'storage-full' })
  })
})
