import { execFile } from 'node:child_process'
import { type FileHandle, open, stat, truncate } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { promisify } from 'node:util'
import { listFolder, makeFolder, remove, replaceLink } from '../../platform/files.ts'

/**
 * The bytes of volumes and of their snapshots: sparse files in `.simulator/zfs`, and below `dev/zvol` one symbolic link for each volume,
 * which programs open like the device that a host has there.
 */
export interface VolumeFiles {
  path(file: string): string
  /** The path of a volume's device. */
  device(dataset: string): string
  create(file: string, sizeBytes: number): Promise<void>
  /** Makes `to` what `from` is, holes included. A file that is there is written in place: whoever has it open sees the new bytes. */
  copy(from: string, to: string): Promise<void>
  resize(file: string, sizeBytes: number): Promise<void>
  remove(file: string): Promise<void>
  /** What a file takes up on the disk. */
  allocatedBytes(file: string): Promise<number>
  changedAtMs(file: string): Promise<number>
  showDevice(dataset: string, file: string): Promise<void>
  hideDevice(dataset: string): Promise<void>
  /** Removes all devices, as a boot does. */
  hideAll(): Promise<void>
}

export function openVolumeFiles(root: string): VolumeFiles {
  const folder = join(root, '.simulator/zfs')
  const devices = join(root, 'dev/zvol')
  const path = (file: string) => join(folder, file)
  const device = (dataset: string) => join(devices, dataset)

  return {
    path,
    device,
    async create(file, sizeBytes) {
      await makeFolder(folder)
      const made: FileHandle = await open(path(file), 'w')
      try {
        await made.truncate(sizeBytes)
      } finally {
        await made.close()
      }
    },
    // cp(1) of every system keeps holes, which nothing in Node does.
    copy: async (from, to) => void (await promisify(execFile)('/bin/cp', [path(from), path(to)])),
    resize: (file, sizeBytes) => truncate(path(file), sizeBytes),
    remove: (file) => remove(path(file)),
    allocatedBytes: async (file) => (await stat(path(file))).blocks * 512,
    changedAtMs: async (file) => (await stat(path(file))).mtimeMs,
    async showDevice(dataset, file) {
      await makeFolder(dirname(device(dataset)))
      await replaceLink(device(dataset), relative(dirname(device(dataset)), path(file)))
    },
    async hideDevice(dataset) {
      await remove(device(dataset))
      // devfs has no empty folders.
      for (let above = dirname(device(dataset)); above.startsWith(`${devices}/`); above = dirname(above)) {
        if ((await listFolder(above)).length > 0) break
        await remove(above)
      }
    },
    hideAll: () => remove(devices),
  }
}
