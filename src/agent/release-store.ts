import { basename, join } from 'node:path'
import { unpackBundle } from '../artifact/unpack-bundle.ts'
import { ComponentConfig } from '../contract/component.ts'
import { AppError } from '../contract/errors.ts'
import { parseJson } from '../contract/parse.ts'
import { releaseFileName } from '../contract/release-file.ts'
import { type ReleaseRef, ReleaseSet } from '../contract/release-set.ts'
import {
  asStorageError,
  listFolder,
  makeFolder,
  moveInto,
  readTextIfThere,
  remove,
  removeTemporaries,
  replaceFile,
  replaceLink,
  sizeIfThere,
  syncFolder,
  temporaryBeside,
} from '../platform/files.ts'
import { type AgentPaths, linkToRelease, linkToSet } from './paths.ts'
import { inStartOrder } from './start-order.ts'

/** A release of a set as it stands on the disk. */
export interface Installed {
  ref: ReleaseRef
  config: ComponentConfig
}

/**
 * Unpacked releases, the sets built of them, and the two links to sets. A folder with its proper name is whole: it was made under
 * another name, put on the disk, and renamed.
 */
export interface ReleaseStore {
  has(ref: ReleaseRef): Promise<boolean>
  /** Unpacks a verified bundle; nothing to do when the release is there. @throws AppError bundle-refused | storage-full */
  install(ref: ReleaseRef, config: ComponentConfig, bundle: string): Promise<void>
  config(ref: ReleaseRef): Promise<ComponentConfig>
  /** Builds the folder of a set whose releases are installed. @throws AppError storage-full */
  build(set: ReleaseSet): Promise<void>
  /** The releases of a set, in the order in which they are started. */
  open(set: ReleaseSet): Promise<Installed[]>
  /** The set that a link points to, read without the server; undefined when it leads nowhere. */
  linked(link: 'current' | 'previous'): Promise<ReleaseSet | undefined>
  /** Points a link to a set that was built, in one rename. */
  point(link: 'current' | 'previous', to: ReleaseSet): Promise<void>
  /** Takes `current` away: what a host without any set returns to. */
  unlinkCurrent(): Promise<void>
  /** Removes what a crash left half made. */
  tidy(): Promise<void>
  /** Removes all sets and releases that no set of `keep` needs. */
  collect(keep: readonly ReleaseSet[]): Promise<void>
}

export interface ReleaseLimits {
  maxUnpackedBytes: number
  maxEntries: number
}

export function openReleaseStore(paths: AgentPaths, limits: ReleaseLimits): ReleaseStore {
  const releaseFile = (ref: ReleaseRef) => join(paths.release(ref), releaseFileName)

  async function has(ref: ReleaseRef): Promise<boolean> {
    return (await sizeIfThere(releaseFile(ref))) !== undefined
  }

  async function config(ref: ReleaseRef): Promise<ComponentConfig> {
    const text = await readTextIfThere(releaseFile(ref))
    if (text === undefined) throw new AppError('not-found', `${ref.name}@${ref.version} is not unpacked on this host`)
    return parseJson(ComponentConfig, text, releaseFile(ref), 'release-invalid')
  }

  return {
    has,
    config,
    async install(ref, config, bundle) {
      if (await has(ref)) return
      refuseMoreThan(limits, config)
      const place = paths.release(ref)
      await makeFolder(paths.releasesOf(ref.name))
      await syncFolder(paths.releases)
      const temporary = temporaryBeside(place)
      try {
        await unpackBundle(bundle, temporary, { maxBytes: config.unpackedBytes, maxEntries: config.entries })
        await replaceFile(join(temporary, releaseFileName), `${JSON.stringify(config, undefined, 2)}\n`)
        await moveInto(temporary, place)
      } catch (error) {
        await remove(temporary)
        throw error
      }
    },
    async build(set) {
      const place = paths.set(set)
      if ((await sizeIfThere(paths.setFile(place))) !== undefined) return
      const temporary = temporaryBeside(place)
      try {
        await makeFolder(temporary)
        for (const ref of set.components) await replaceLink(join(temporary, ref.name), linkToRelease(ref))
        await replaceFile(paths.setFile(temporary), `${JSON.stringify(set, undefined, 2)}\n`)
        await moveInto(temporary, place)
      } catch (error) {
        await remove(temporary)
        throw asStorageError(error, place)
      }
    },
    async open(set) {
      return inStartOrder(await Promise.all(set.components.map(async (ref) => ({ ref, config: await config(ref) }))))
    },
    async linked(link) {
      const text = await readTextIfThere(paths.setFile(paths[link]))
      return text === undefined ? undefined : parseJson(ReleaseSet, text, paths.setFile(paths[link]), 'release-invalid')
    },
    point: (link, to) => replaceLink(paths[link], linkToSet(to)),
    async unlinkCurrent() {
      await remove(paths.current)
      await syncFolder(paths.database)
    },
    async tidy() {
      for (const folder of [paths.database, paths.sets, paths.releases]) await removeTemporaries(folder)
      for (const component of await listFolder(paths.releases)) await removeTemporaries(paths.releasesOf(component))
    },
    async collect(keep) {
      const sets = new Set(keep.map((set) => basename(paths.set(set))))
      const releases = new Set(keep.flatMap(({ components }) => components.map((ref) => paths.release(ref))))
      for (const name of await listFolder(paths.sets)) if (!sets.has(name)) await discard(join(paths.sets, name))
      for (const component of await listFolder(paths.releases)) {
        const folder = paths.releasesOf(component)
        for (const name of await listFolder(folder))
          if (!releases.has(join(folder, name))) await discard(join(folder, name))
        if ((await listFolder(folder)).length === 0) await remove(folder)
      }
    },
  }
}

/** @throws AppError bundle-refused */
function refuseMoreThan({ maxUnpackedBytes, maxEntries }: ReleaseLimits, config: ComponentConfig): void {
  const { name, version, unpackedBytes, entries } = config
  if (unpackedBytes > maxUnpackedBytes)
    throw new AppError(
      'bundle-refused',
      `${name}@${version} unpacks to ${unpackedBytes} bytes, but update.maxUnpackedBytes of agent.yaml is ${maxUnpackedBytes}`,
    )
  if (entries > maxEntries)
    throw new AppError(
      'bundle-refused',
      `${name}@${version} has ${entries} files and folders, but update.maxEntries of agent.yaml is ${maxEntries}`,
    )
}

/** Removes a folder under another name, so that one with its proper name is always whole. */
async function discard(folder: string): Promise<void> {
  const temporary = temporaryBeside(folder)
  await moveInto(folder, temporary)
  await remove(temporary)
}
