import { cachePath } from '../../artifact/cache.ts'
import { pullRelease, readRelease } from '../../artifact/pull.ts'
import { isAppError } from '../../contract/errors.ts'
import type { HostPlatform } from '../../contract/platform.ts'
import type { ReleaseRef, ReleaseSet } from '../../contract/release-set.ts'
import { sizeIfThere } from '../../platform/files.ts'
import type { Http } from '../../platform/http.ts'
import type { DesiredState } from '../desired-state.ts'
import { about } from '../failure.ts'
import { freeSpace } from '../free-space.ts'
import type { Step, Update } from '../machine.ts'
import type { AgentPaths } from '../paths.ts'
import { checkRelease } from '../release-rules.ts'
import type { ReleaseStore } from '../release-store.ts'

export interface FetchParts {
  paths: AgentPaths
  store: ReleaseStore
  desired: Pick<DesiredState, 'current'>
  http: Http
  platform: HostPlatform
  retryMs: number
  onDownloaded(bytes: number): void
}

/**
 * Brings the releases of the set that are not unpacked yet into the cache, each checked before its bundle is fetched. May run
 * twice: what is there is not fetched again, and a part goes on where it stood.
 */
export function fetchStep({ paths, store, desired, http, platform, retryMs, onDownloaded }: FetchParts): Step<'fetch'> {
  async function fetchOne(ref: ReleaseRef, target: ReleaseSet, { signal, log }: Update): Promise<void> {
    if (await store.has(ref)) return checkRelease(await store.config(ref), ref, target, platform)
    let done = 0
    await pullRelease({
      http,
      ref,
      cache: paths.cache,
      signal,
      client: { retryMs },
      async check(config) {
        checkRelease(config, ref, target, platform)
        done = await bytesThere(paths.cache, ref)
      },
      onProgress(doneBytes) {
        if (doneBytes > done) onDownloaded(doneBytes - done)
        done = Math.max(done, doneBytes)
      },
    })
    log.info({ component: ref.name, version: ref.version, digest: ref.digest }, 'release fetched')
  }

  return async (update) => {
    const { target } = update
    if (!target) throw new Error('there is no set to fetch')
    for (const ref of target.components) {
      try {
        await fetchOne(ref, target, update)
      } catch (error) {
        if (update.signal.aborted) throw error
        if (isAppError(error, 'storage-full')) await freeSpace({ paths, store, desired })
        throw about(ref.name, error)
      }
    }
    return 'fetched'
  }
}

/** How much of a release's bundle was downloaded before. */
async function bytesThere(cache: string, ref: ReleaseRef): Promise<number> {
  const path = cachePath(cache, (await readRelease(cache, ref)).bundle.digest)
  return (await sizeIfThere(path)) ?? (await sizeIfThere(`${path}.part`)) ?? 0
}
