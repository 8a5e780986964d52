import { basename, join } from 'node:path'
import { cacheFolder, cachePath, readCached } from '../artifact/cache.ts'
import { isAppError } from '../contract/errors.ts'
import { Manifest } from '../contract/oci.ts'
import { parseJson } from '../contract/parse.ts'
import type { ReleaseRef, ReleaseSet } from '../contract/release-set.ts'
import { listFolder, remove } from '../platform/files.ts'

/** Removes every file of the cache, partial ones too, that no release of a set of `keep` names; `digests`, and what came of them yet, stay. */
export async function collectCache(
  cache: string,
  keep: readonly ReleaseSet[],
  digests: readonly string[],
): Promise<void> {
  const kept = digests.map((digest) => basename(cachePath(cache, digest)))
  const named = new Set(kept.flatMap((name) => [name, `${name}.part`]))
  for (const ref of keep.flatMap(({ components }) => components))
    for (const digest of [ref.digest, ...(await digestsIn(cache, ref))]) named.add(basename(cachePath(cache, digest)))
  for (const name of await listFolder(cacheFolder(cache)))
    if (!named.has(name)) await remove(join(cacheFolder(cache), name))
}

/** What a release's manifest names; nothing when it is not in the cache, or damaged there. */
async function digestsIn(cache: string, { digest, name }: ReleaseRef): Promise<string[]> {
  try {
    const text = (await readCached(cache, digest)).toString('utf8')
    const { config, layers } = parseJson(Manifest, text, `the manifest of ${name}`)
    return [config, ...layers].map((descriptor) => descriptor.digest)
  } catch (error) {
    if (isAppError(error)) return []
    throw error
  }
}
