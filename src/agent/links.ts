import { lstat, realpath } from 'node:fs/promises'
import { dirname, join, relative, resolve } from 'node:path'
import { linkFolders } from '../contract/component.ts'
import {
  isTemporaryName,
  listFolder,
  makeFolder,
  readLinkIfThere,
  remove,
  replaceLink,
  syncFolder,
} from '../platform/files.ts'
import { StepFailure } from './failure.ts'
import type { AgentPaths } from './paths.ts'
import type { Installed } from './release-store.ts'

/**
 * The symbolic links outside, through which rc(8) and others find what components bring. They lead through the folder of a set (as
 * a rule `current`), so that a switch does not touch them. What is not a link into the agent's own folders is never replaced.
 */
export interface Links {
  /** The first path that a link of the component needs and that something else holds; undefined when all are free. */
  conflict(component: Installed): Promise<string | undefined>
  /** Makes the links of components, through `via`. Answers the paths that something else holds and that were left alone. */
  place(components: readonly Installed[], via: string): Promise<string[]>
  /** Removes the links that only `gone` has, not `kept`. */
  drop(gone: readonly Installed[], kept: readonly Installed[]): Promise<void>
  /** Removes half-made links that a crash left. The folders are not ours, so nothing else in them is touched. */
  tidy(): Promise<void>
}

export function openLinks(paths: AgentPaths): Links {
  /** Whether nothing, or a link of ours, is at `path`. */
  async function isOurs(path: string): Promise<boolean> {
    const target = await readLinkIfThere(path)
    if (target === undefined) return !(await isThere(path))
    const database = await realpath(paths.database)
    return resolve(await realpath(dirname(path)), target).startsWith(`${database}/`)
  }

  async function conflict({ config }: Installed): Promise<string | undefined> {
    for (const { path } of config.links) if (!(await isOurs(paths.outside(path)))) return path
    return undefined
  }

  return {
    conflict,
    async place(components, via) {
      const foreign: string[] = []
      for (const { config } of components)
        for (const { path, target } of config.links) {
          const outside = paths.outside(path)
          await makeFolder(dirname(outside))
          if (!(await isOurs(outside))) {
            foreign.push(path)
            continue
          }
          // From where the folder really is: /usr/local may itself be a link.
          const to = join(await realpath(paths.database), relative(paths.database, via), config.name, target)
          const link = relative(await realpath(dirname(outside)), to)
          if ((await readLinkIfThere(outside)) !== link) await replaceLink(outside, link)
        }
      return foreign
    },
    async drop(gone, kept) {
      const needed = new Set(kept.flatMap(({ config }) => config.links.map(({ path }) => path)))
      for (const { path } of gone.flatMap(({ config }) => config.links)) {
        const outside = paths.outside(path)
        if (needed.has(path) || !(await isThere(outside)) || !(await isOurs(outside))) continue
        await remove(outside)
        await syncFolder(dirname(outside))
      }
    },
    async tidy() {
      for (const folder of linkFolders.map(paths.outside))
        for (const path of (await listFolder(folder)).filter(isTemporaryName).map((name) => join(folder, name)))
          if ((await readLinkIfThere(path)) !== undefined && (await isOurs(path))) await remove(path)
    },
  }
}

/** The error for a path that `place` or `conflict` found taken. */
export function taken(component: string, path: string, reason: 'requirement-unmet' | 'service-failed'): StepFailure {
  const message = `${component} needs the path ${path}, but something that Slipway did not put there is in the way; move it away`
  return new StepFailure(reason, message, { component })
}

async function isThere(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    (error) => {
      if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return false
      throw error
    },
  )
}
