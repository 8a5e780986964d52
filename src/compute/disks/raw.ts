import { createReadStream } from 'node:fs'
import { stat, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { type Digest, hex, isDigest } from '../../contract/digest.ts'
import { AppError } from '../../contract/errors.ts'
import {
  asStorageError,
  listFolder,
  makeFolder,
  moveInto,
  remove,
  removeTemporaries,
  sizeIfThere,
  temporaryBeside,
} from '../../platform/files.ts'
import { lengthen, writeNew } from '../../platform/sparse-file.ts'
import type { DiskName, DiskStore, StoredDisk } from '../disk-store.ts'
import { noDisk, noImage, refuseOtherLength, refuseShrinking } from './refusals.ts'

type FileName = DiskName | { kind: 'image'; digest: string }

const noSnapshots = 'raw files have no snapshots; keep the disks in ZFS (compute.yaml, store.kind: zvol)'
const sectorBytes = 512

/**
 * Disks as plain files with holes, for hosts without ZFS:
 *
 *     <folder>/images/<64 hex>   <folder>/instances/<uuid>   <folder>/volumes/<id>
 *
 * A disk is a copy of its image, not a clone: it takes the image's room and the time to write it. The kernel serves a raw file to a guest as it
 * serves a volume. Everything appears in one rename, when it is whole.
 */
export function openRaw({ folder, quotaBytes }: { folder: string; quotaBytes?: number | undefined }): DiskStore {
  const folders = { image: 'images', instance: 'instances', volume: 'volumes' } as const
  const pathOf = (name: FileName) =>
    join(folder, folders[name.kind], name.kind === 'image' ? hex(name.digest as Digest) : name.id)
  const importing = new Map<string, Promise<void>>()
  let prepared: Promise<void> | undefined

  function prepare(): Promise<void> {
    prepared ??= (async () => {
      for (const name of Object.values(folders)) {
        await makeFolder(join(folder, name), { mode: 0o700 })
        await removeTemporaries(join(folder, name))
      }
    })().catch((error) => {
      prepared = undefined
      throw error
    })
    return prepared
  }

  /** Writes a disk of `sizeBytes` that begins with these bytes; an image has no more and no less. */
  async function write(name: FileName, sizeBytes: number, bytes: Readable | undefined): Promise<void> {
    const path = pathOf(name)
    const temporary = temporaryBeside(path)
    try {
      const written = await writeNew(temporary, sizeBytes, bytes)
      if (name.kind === 'image') refuseOtherLength(name.digest, written, sizeBytes)
      await moveInto(temporary, path)
    } catch (error) {
      await remove(temporary).catch(() => {})
      throw asStorageError(error, path)
    } finally {
      bytes?.destroy()
    }
  }

  async function usedBytes(): Promise<number> {
    return (await store.list()).reduce((sum, disk) => sum + disk.usedBytes, 0)
  }

  async function refuseQuota(moreBytes: number): Promise<void> {
    if (quotaBytes !== undefined && (await usedBytes()) + moreBytes > quotaBytes)
      throw new AppError(
        'storage-full',
        `the disks of this host may take ${quotaBytes} bytes (compute.yaml, quotaBytes)`,
      )
  }

  async function sizeOf(disk: DiskName): Promise<number> {
    const size = await sizeIfThere(pathOf(disk))
    if (size === undefined) throw noDisk(disk)
    return size
  }

  const store: DiskStore = {
    kind: 'raw',

    async probe() {
      const missing = { available: false, reason: noSnapshots }
      const raw = await prepare().then(
        () => ({ available: true }),
        (error) => ({ available: false, reason: (error as Error).message }),
      )
      return { raw, 'snapshot.disk': missing, clone: missing }
    },

    async capacity() {
      await prepare()
      const { bsize, bavail } = await statfs(folder)
      const used = await usedBytes()
      const free = Math.min(bsize * bavail, quotaBytes === undefined ? Infinity : Math.max(0, quotaBytes - used))
      return { diskBytes: used + free, freeDiskBytes: free }
    },

    async pool() {
      await prepare()
      const { bsize, blocks, bavail } = await statfs(folder)
      return { name: folder, room: { sizeBytes: bsize * blocks, freeBytes: bsize * bavail } }
    },

    async list() {
      const found: StoredDisk[] = []
      for (const [kind, name] of Object.entries(folders))
        for (const id of await listFolder(join(folder, name))) {
          if (id.startsWith('.')) continue
          const disk = kind === 'image' ? { kind, digest: `sha256:${id}` } : { kind: kind as 'instance' | 'volume', id }
          if (disk.kind === 'image' && !('digest' in disk && isDigest(disk.digest))) continue
          const { size, blocks } = await stat(join(folder, name, id))
          found.push({
            name: disk as StoredDisk['name'],
            path: join(folder, name, id),
            sizeBytes: size,
            usedBytes: blocks * sectorBytes,
            referencedBytes: blocks * sectorBytes,
            snapshots: [],
          })
        }
      return found
    },

    importImage(digest, sizeBytes, bytes) {
      const writeOnce = async () => {
        await prepare()
        const name: FileName = { kind: 'image', digest }
        if ((await sizeIfThere(pathOf(name))) === undefined) await write(name, sizeBytes, bytes())
      }
      const writing = importing.get(digest) ?? writeOnce().finally(() => importing.delete(digest))
      importing.set(digest, writing)
      return writing
    },

    removeImage: (digest) => remove(pathOf({ kind: 'image', digest })),

    async create(disk, source, sizeBytes) {
      await prepare()
      if ((await sizeIfThere(pathOf(disk))) !== undefined) return store.grow(disk, sizeBytes)
      if ('snapshotOf' in source) throw new AppError('conflict', noSnapshots)
      if ('empty' in source) return write(disk, sizeBytes, undefined)
      const image = pathOf({ kind: 'image', digest: source.image })
      const imageBytes = await sizeIfThere(image)
      if (imageBytes === undefined) throw noImage(source.image)
      refuseShrinking(disk, imageBytes, sizeBytes)
      await refuseQuota((await stat(image)).blocks * sectorBytes)
      await write(disk, sizeBytes, createReadStream(image, { highWaterMark: 1024 * 1024 }))
    },

    async grow(disk, sizeBytes) {
      const before = await sizeOf(disk)
      refuseShrinking(disk, before, sizeBytes)
      if (before < sizeBytes) await lengthen(pathOf(disk), sizeBytes)
    },

    remove: (disk) => remove(pathOf(disk)),

    async path(disk) {
      await sizeOf(disk)
      return pathOf(disk)
    },

    async snapshot() {
      throw new AppError('conflict', noSnapshots)
    },
    async rollback() {
      throw new AppError('conflict', noSnapshots)
    },
    async removeSnapshot() {
      // There is none, so it is gone already.
    },
  }
  return store
}
