import { AppError, isAppError } from '../../contract/errors.ts'
import type { Clock } from '../../platform/clock.ts'
import { type Exec, execOk } from '../../platform/exec.ts'
import type { DiskName, DiskSource, DiskStore } from '../disk-store.ts'
import { noDisk, noImage, refuseShrinking } from './refusals.ts'
import { readPool } from './zpool-output.ts'
import { type OurVolume, openDatasets } from './zvol-datasets.ts'
import { openImages } from './zvol-images.ts'
import { shown, storedDisks, youngerThan } from './zvol-listing.ts'
import { memoryProperty, ownerProperty, ownerText } from './zvol-names.ts'

export interface ZvolOptions {
  exec: Exec
  /** A pool or a dataset of one, in which `slipway` is made. */
  pool: string
  /** Where the devices of volumes appear: /dev/zvol. */
  deviceFolder: string
  /** All disks together may take this much; undefined: what the pool has. */
  quotaBytes?: number | undefined
  clock: Clock
}

/**
 * Disks as ZFS volumes: an image is written once and snapshotted, and what is made of it is a clone that shares its blocks. A clone is a volume like
 * any other, so the kernel serves it to the guest: copy-on-write without a qemu process, and without the wait for one at a Linux guest's boot.
 *
 * Decision: volumes are sparse and have `volmode=dev`. Why: what a guest writes into its disk must not be tasted by the host's kernel, and an empty
 * disk should take nothing. Not: reservations; the quota and the pool's free space are looked at instead when a disk is made.
 */
export function openZvol({ exec, pool, deviceFolder, quotaBytes, clock }: ZvolOptions): DiskStore {
  const datasets = openDatasets({ exec, pool, deviceFolder, quotaBytes, clock })
  const { zfs, names, prepare, rows, look, device, destroy, refuseClones } = datasets
  const images = openImages(datasets)

  async function known(name: DiskName): Promise<OurVolume> {
    const found = await look(name)
    if (!found) throw noDisk(name)
    return found
  }

  const store: DiskStore = {
    kind: 'zvol',

    async probe() {
      const reason = await whyNot(exec, pool)
      const capability = reason === undefined ? { available: true } : { available: false, reason }
      return { zvol: capability, 'snapshot.disk': capability, clone: capability }
    },

    async capacity() {
      const line = await zfs.run('list', '-Hp', '-o', 'used,available', names.top).catch((error) => {
        if (isAppError(error, 'not-found')) return zfs.run('list', '-Hp', '-o', 'used,available', pool)
        throw error
      })
      const [used = NaN, available = NaN] = line.trim().split('\t').map(Number)
      return { diskBytes: used + available, freeDiskBytes: available }
    },

    async pool() {
      const [name = ''] = pool.split('/')
      const argv = ['zpool', 'list', '-Hp', '-o', 'size,free,health', name] as const
      return { name, ...readPool((await execOk(exec, argv, { timeoutMs: 10_000 })).stdout) }
    },

    async list() {
      const all = await rows('-t', 'volume,snapshot', '-r', '-s', 'createtxg', names.top).catch((error) => {
        if (isAppError(error, 'not-found')) return []
        throw error
      })
      return storedDisks(all, deviceFolder)
    },

    importImage: images.import,
    removeImage: images.remove,

    async create(disk, source, sizeBytes) {
      await prepare()
      if (await look(disk)) return store.grow(disk, sizeBytes)
      const options = ['-o', `${ownerProperty}=${ownerText(disk)}`]
      const dataset = names.dataset(disk)
      if ('empty' in source) {
        await zfs.change('create', '-s', '-V', String(sizeBytes), ...options, dataset)
        return
      }
      const { snapshot, originBytes } = await origin(source)
      refuseShrinking(disk, originBytes, sizeBytes)
      if (sizeBytes > originBytes) options.push('-o', `volsize=${sizeBytes}`)
      await zfs.change('clone', ...options, snapshot, dataset)
    },

    async grow(disk, sizeBytes) {
      const { volume } = await known(disk)
      refuseShrinking(disk, volume.volsizeBytes, sizeBytes)
      if (volume.volsizeBytes < sizeBytes) await zfs.change('set', `volsize=${sizeBytes}`, names.dataset(disk))
    },

    async remove(disk) {
      if (!(await look(disk))) return
      const dataset = names.dataset(disk)
      await refuseClones(dataset, `the disk of ${ownerText(disk)}`)
      await destroy(dataset)
    },

    async path(disk) {
      await known(disk)
      return device(names.dataset(disk))
    },

    async snapshot(disks, name, { memory }) {
      const have = await Promise.all(disks.map(known))
      const wanted = disks.map((disk) => names.snapshot(disk, name))
      const there = wanted.filter((snapshot, at) => have[at]?.snapshots.some((row) => row.name === snapshot))
      if (there.length === wanted.length) return
      if (there.length > 0)
        throw new AppError('conflict', `a snapshot ${name} is there already, of some of the disks; choose another name`)
      await zfs.change('snapshot', '-o', `${memoryProperty}=${memory ? 'yes' : 'no'}`, ...wanted)
    },

    async rollback(disks, name, { discardYounger }) {
      for (const disk of disks) {
        const { snapshots } = await known(disk)
        const younger = youngerThan(snapshots, names.snapshot(disk, name))
        if (!younger) throw new AppError('not-found', `${ownerText(disk)} has no snapshot ${name}`)
        if (younger.length > 0 && !discardYounger)
          throw new AppError(
            'conflict',
            `younger snapshots of ${ownerText(disk)} stand in the way: ${younger.map(shown).join(', ')}; they would be lost`,
          )
        for (const snapshot of younger) await refuseClones(snapshot.name, `the younger snapshot ${shown(snapshot)}`)
      }
      for (const disk of disks) await zfs.change('rollback', '-r', names.snapshot(disk, name))
    },

    async removeSnapshot(disks, name) {
      for (const disk of disks) {
        const snapshot = names.snapshot(disk, name)
        const found = await look(disk)
        if (!found?.snapshots.some((row) => row.name === snapshot)) continue
        await refuseClones(snapshot, `the snapshot ${name}`)
        await zfs.change('destroy', snapshot)
      }
    },
  }
  return store

  async function origin(
    source: Exclude<DiskSource, { empty: true }>,
  ): Promise<{ snapshot: string; originBytes: number }> {
    const [name, snapshot] =
      'image' in source
        ? [{ kind: 'image', digest: source.image } as const, names.image(source.image)]
        : [source.snapshotOf, names.snapshot(source.snapshotOf, source.snapshot)]
    const found = await look(name)
    const row = found?.snapshots.find((it) => it.name === snapshot)
    if (!row)
      throw 'image' in source
        ? noImage(source.image)
        : new AppError('not-found', `${ownerText(source.snapshotOf)} has no snapshot ${source.snapshot} on this host`)
    return { snapshot, originBytes: row.volsizeBytes }
  }
}

/** Why this host keeps no volumes; undefined when it does. */
async function whyNot(exec: Exec, pool: string): Promise<string | undefined> {
  const [top = ''] = pool.split('/')
  try {
    const health = await exec(['zpool', 'list', '-H', '-o', 'health', top], { timeoutMs: 10_000 })
    if (health.exitCode !== 0)
      return `there is no pool ${top}: ${health.stderr.trim()}; name another in compute.yaml (store.pool)`
    if (!['ONLINE', 'DEGRADED'].includes(health.stdout.trim()))
      return `the pool ${top} is ${health.stdout.trim()}; see \`zpool status ${top}\``
    const dataset = await exec(['zfs', 'list', '-H', '-o', 'name', pool], { timeoutMs: 10_000 })
    return dataset.exitCode === 0 ? undefined : `there is no dataset ${pool}: ${dataset.stderr.trim()}`
  } catch (error) {
    return (error as Error).message
  }
}
