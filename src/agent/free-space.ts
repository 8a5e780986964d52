import type { DesiredState } from './desired-state.ts'
import { collectCache } from './download-cache.ts'
import { imageDigests, imagesIn } from './images.ts'
import type { AgentPaths } from './paths.ts'
import type { ReleaseStore } from './release-store.ts'

export interface FreeSpaceParts {
  paths: AgentPaths
  store: ReleaseStore
  desired: Pick<DesiredState, 'current'>
}

/** Removes all that neither `current` nor `previous` needs, nor an instance that is desired. */
export async function freeSpace({ paths, store, desired }: FreeSpaceParts): Promise<void> {
  const keep = [await store.linked('current'), await store.linked('previous')].filter((set) => set !== undefined)
  await store.collect(keep)
  await collectCache(paths.cache, keep, imageDigests(imagesIn(desired.current())))
}
