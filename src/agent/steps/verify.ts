import { verifyCached } from '../../artifact/cache.ts'
import { readRelease } from '../../artifact/pull.ts'
import { releaseSetText } from '../../contract/release-set.ts'
import { sha256 } from '../../platform/digest.ts'
import { about, StepFailure } from '../failure.ts'
import type { Step } from '../machine.ts'
import type { AgentPaths } from '../paths.ts'
import type { ReleaseStore } from '../release-store.ts'

/** Reads every byte again against its digest, from the set down to the bundles. Only reads, so it may run twice. */
export function verifyStep({ paths, store }: { paths: AgentPaths; store: ReleaseStore }): Step<'verify'> {
  return async ({ target }) => {
    if (!target) throw new Error('there is no set to verify')
    const digest = sha256(releaseSetText(target.components))
    if (digest !== target.digest)
      throw new StepFailure(
        'digest-mismatch',
        `the set says that its digest is ${target.digest}, but that of its components is ${digest}`,
      )
    for (const ref of target.components) {
      if (await store.has(ref)) continue
      try {
        const { bundle } = await readRelease(paths.cache, ref)
        await verifyCached(paths.cache, bundle)
      } catch (error) {
        throw about(ref.name, error)
      }
    }
    return 'verified'
  }
}
