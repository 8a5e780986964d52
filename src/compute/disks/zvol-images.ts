import type { Readable } from 'node:stream'
import { isAppError } from '../../contract/errors.ts'
import { writeOver } from '../../platform/sparse-file.ts'
import { refuseOtherLength } from './refusals.ts'
import type { Datasets } from './zvol-datasets.ts'
import { holdTag, ownerProperty, ownerText, type StoredName } from './zvol-names.ts'

const MiB = 1024 * 1024

/** Images as volumes: written once, whole when their snapshot is there, and held so that nobody destroys them by mistake. */
export function openImages({ zfs, names, prepare, look, device, destroy, refuseClones }: Datasets) {
  const writing = new Map<string, Promise<void>>()

  async function writeImage(digest: string, sizeBytes: number, bytes: () => Readable): Promise<void> {
    await prepare()
    const name: StoredName = { kind: 'image', digest }
    const there = await look(name)
    if (there?.snapshots.some((row) => row.name === names.image(digest))) return hold(digest)
    const dataset = names.dataset(name)
    // Whoever wrote it before was killed: nobody knows how far it came.
    if (there) await destroy(dataset)
    const volsize = Math.ceil(sizeBytes / MiB) * MiB
    await zfs.change('create', '-s', '-V', String(volsize), '-o', `${ownerProperty}=${ownerText(name)}`, dataset)
    try {
      const written = await writeOver(await device(dataset), bytes())
      refuseOtherLength(digest, written, sizeBytes)
      await zfs.change('snapshot', names.image(digest))
    } catch (error) {
      await destroy(dataset).catch(() => {})
      throw error
    }
    await hold(digest)
  }

  /** A held snapshot cannot be destroyed by mistake, by us or by the administrator. */
  async function hold(digest: string): Promise<void> {
    await zfs.change('hold', holdTag, names.image(digest)).catch((error) => {
      if (!isAppError(error, 'conflict')) throw error
    })
  }

  return {
    /** As `importImage` of DiskStore. Whoever asks for an image that is being written waits for that. */
    import(digest: string, sizeBytes: number, bytes: () => Readable): Promise<void> {
      const under = writing.get(digest) ?? writeImage(digest, sizeBytes, bytes).finally(() => writing.delete(digest))
      writing.set(digest, under)
      return under
    },

    /** As `removeImage` of DiskStore. */
    async remove(digest: string): Promise<void> {
      if (!(await look({ kind: 'image', digest }))) return
      const dataset = names.dataset({ kind: 'image', digest })
      await refuseClones(dataset, `the image ${digest}`)
      await zfs.change('release', holdTag, names.image(digest)).catch((error) => {
        // A half-written image has no snapshot, and one that was killed early no hold.
        if (!isAppError(error, 'not-found', 'command-failed')) throw error
      })
      await destroy(dataset)
    },
  }
}
