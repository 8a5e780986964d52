import { readFile, writeFile } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { describe, expect, test } from 'vitest'
import type { DiskName, DiskStore } from '../../src/compute/disk-store.ts'
import { sha256 } from '../../src/platform/digest.ts'

const MiB = 1024 * 1024
/** A disk with something at both ends and a hole between. */
const image = Buffer.alloc(3 * MiB)
image.write('boot', 0)
image.write('end', image.length - 3)
const digest = sha256(image)

const web: DiskName = { kind: 'instance', id: '6f1b6c0e-0000-4000-8000-000000000001' }
const db: DiskName = { kind: 'instance', id: '6f1b6c0e-0000-4000-8000-000000000002' }
const data: DiskName = { kind: 'volume', id: '0123456789abcdef' }

const from = (bytes: Buffer, pieceBytes = 100_000) =>
  Readable.from(
    (function* () {
      for (let at = 0; at < bytes.length; at += pieceBytes) yield bytes.subarray(at, at + pieceBytes)
    })(),
  )

export interface DisksUnderTest {
  store: DiskStore
  /** The same disks under a daemon that has just started. */
  again(): DiskStore
  snapshots: boolean
}

/** What every store of disks has to do. */
export function disksSuite(name: string, open: () => Promise<DisksUnderTest>): void {
  const withImage = async () => {
    const disks = await open()
    await disks.store.importImage(digest, image.length, () => from(image))
    return disks
  }
  const start = async (store: DiskStore, disk: DiskName) => (await readFile(await store.path(disk))).subarray(0, 8)

  describe(`${name}: images and disks`, () => {
    test('an image is written once, to the last byte, and is listed when it is whole', async () => {
      const { store } = await withImage()
      expect((await store.list()).map((disk) => disk.name)).toEqual([{ kind: 'image', digest }])
      await store.importImage(digest, image.length, () => {
        throw new Error('it is there already')
      })
      await store.create(web, { image: digest }, image.length)
      expect(await readFile(await store.path(web))).toEqual(image)
    })

    test('two that want one image at the same moment get one image', async () => {
      const { store } = await open()
      let reads = 0
      const bytes = () => {
        reads += 1
        return from(image)
      }
      await Promise.all([
        store.importImage(digest, image.length, bytes),
        store.importImage(digest, image.length, bytes),
      ])
      expect(reads).toBe(1)
    })

    test.each([
      ['ends early', image.subarray(0, -MiB)],
      ['is longer than announced', Buffer.concat([image, image])],
    ])('an image that %s is refused and leaves nothing', async (_what, bytes) => {
      const { store } = await open()
      await expect(store.importImage(digest, image.length, () => from(bytes))).rejects.toThrow()
      expect(await store.list()).toEqual([])
    })

    test('an image whose source breaks leaves nothing, and comes whole the next time', async () => {
      const { store } = await open()
      const broken = () =>
        Readable.from(
          (async function* () {
            yield image.subarray(0, MiB)
            throw new Error('the cache is gone')
          })(),
        )
      await expect(store.importImage(digest, image.length, broken)).rejects.toThrow('the cache is gone')
      expect(await store.list()).toEqual([])
      await store.importImage(digest, image.length, () => from(image))
      expect(await store.list()).toHaveLength(1)
    })

    test('X1 what an instance writes is seen by nobody else', async () => {
      const { store } = await withImage()
      await store.create(web, { image: digest }, image.length)
      await store.create(db, { image: digest }, image.length)
      await writeFile(await store.path(web), 'mine', { flag: 'r+' })
      expect((await start(store, web)).toString()).toMatch(/^mine/)
      expect((await start(store, db)).toString()).toMatch(/^boot/)
    })

    test('a disk is made as large as it is asked for, and grows, and never shrinks', async () => {
      const { store } = await withImage()
      await store.create(web, { image: digest }, 5 * MiB)
      expect((await readFile(await store.path(web))).length).toBe(5 * MiB)
      await store.create(web, { image: digest }, 6 * MiB)
      await store.grow(web, 7 * MiB)
      expect((await readFile(await store.path(web))).length).toBe(7 * MiB)
      await expect(store.grow(web, 4 * MiB)).rejects.toMatchObject({ code: 'conflict' })
      await expect(store.create(web, { image: digest }, 4 * MiB)).rejects.toThrow(
        `the disk of instance ${web.id} would shrink from ${7 * MiB} to ${4 * MiB} bytes`,
      )
      await expect(store.create(db, { image: digest }, MiB)).rejects.toThrow('disks only grow')
      expect((await store.list()).map(({ name }) => name)).not.toContainEqual(db)
    })

    test('an empty disk reads as zeros', async () => {
      const { store } = await open()
      await store.create(data, { empty: true }, 2 * MiB)
      expect((await readFile(await store.path(data))).equals(Buffer.alloc(2 * MiB))).toBe(true)
    })

    test('a disk of an image that is not there is not made', async () => {
      const { store } = await open()
      await expect(store.create(web, { image: digest }, MiB)).rejects.toThrow(
        `the image ${digest} is not ready on this host`,
      )
      expect(await store.list()).toEqual([])
    })

    test('a daemon that starts finds everything; what is removed is gone, and may be gone already', async () => {
      const { store, again } = await withImage()
      await store.create(web, { image: digest }, image.length)
      await store.create(data, { empty: true }, MiB)
      const found = (await again().list()).map((disk) => ({ ...disk.name, sizeBytes: disk.sizeBytes }))
      expect(found).toHaveLength(3)
      expect(found).toContainEqual({ ...data, sizeBytes: MiB })
      for (const disk of [web, data, web]) await again().remove(disk)
      expect((await store.list()).map(({ name }) => name)).toEqual([{ kind: 'image', digest }])
      await expect(store.path(web)).rejects.toMatchObject({ code: 'not-found' })
      await again().removeImage(digest)
      await again().removeImage(digest)
      expect(await store.list()).toEqual([])
    })

    test('there is room, and it says how much', async () => {
      const { store } = await withImage()
      const { diskBytes, freeDiskBytes } = await store.capacity()
      expect(freeDiskBytes).toBeGreaterThan(0)
      expect(diskBytes).toBeGreaterThanOrEqual(freeDiskBytes)
      expect(Object.values(await store.probe()).some(({ available }) => available)).toBe(true)
    })
  })

  describe(`${name}: snapshots`, () => {
    test('they are taken of all disks, listed, and put back; or refused where there are none', async () => {
      const { store, snapshots } = await withImage()
      await store.create(web, { image: digest }, image.length)
      await store.create(data, { empty: true }, MiB)
      const taken = store.snapshot([web, data], 'nightly', { memory: true })
      if (!snapshots) {
        await expect(taken).rejects.toMatchObject({ code: 'conflict' })
        return
      }
      await taken
      await store.snapshot([web, data], 'nightly', { memory: true })
      const listed = (await store.list()).flatMap((disk) => disk.snapshots)
      expect(listed).toHaveLength(2)
      expect(listed[0]).toMatchObject({ name: 'nightly', memory: true })
      await writeFile(await store.path(web), 'mine', { flag: 'r+' })
      await writeFile(await store.path(data), 'mine', { flag: 'r+' })
      await store.rollback([web, data], 'nightly', { discardYounger: false })
      expect((await start(store, web)).toString()).toMatch(/^boot/)
      expect((await start(store, data))[0]).toBe(0)
    })

    test('one that is not there is not put back', async () => {
      const { store } = await withImage()
      await store.create(web, { image: digest }, image.length)
      await expect(store.rollback([web], 'never', { discardYounger: true })).rejects.toThrow()
      expect((await start(store, web)).toString()).toMatch(/^boot/)
    })
  })
}
