import { isAppError } from '../contract/errors.ts'
import type { DesiredInstance } from '../contract/instance.ts'
import type { Log } from '../platform/log.ts'
import type { DiskStore, StoredDisk } from './disk-store.ts'

/** How long an image is kept that no instance names: the next apply may name it again. */
const keepMs = 60 * 60_000

export interface ImageCollection {
  /** Removes the images that nobody has named for a while and nobody is a clone of. */
  collect(disks: readonly StoredDisk[], desired: Iterable<DesiredInstance>, now: Date): Promise<void>
}

/** Gives back the room of images that are not used any more. Since when is kept in memory only: a daemon that starts waits anew. */
export function openImageCollection(store: Pick<DiskStore, 'removeImage'>, log: Log): ImageCollection {
  const unusedSince = new Map<string, Date>()
  return {
    async collect(disks, desired, now) {
      const used = new Set(
        [...desired].flatMap(({ root }) => ('image' in root.source ? root.source.image.layer.digest : [])),
      )
      const images = disks.flatMap(({ name }) => (name.kind === 'image' ? name.digest : []))
      for (const digest of unusedSince.keys())
        if (used.has(digest) || !images.includes(digest)) unusedSince.delete(digest)
      for (const digest of images) {
        if (used.has(digest)) continue
        const since = unusedSince.get(digest)
        if (since && now.getTime() - since.getTime() < keepMs) continue
        // Whatever comes of this try, the next one is a while away.
        unusedSince.set(digest, now)
        if (!since) continue
        try {
          await store.removeImage(digest)
          log.info({ digest }, 'unused image removed')
        } catch (error) {
          // Something is a clone of it: an instance that is being removed, or left.
          if (!isAppError(error, 'conflict')) throw error
        }
      }
    },
  }
}
