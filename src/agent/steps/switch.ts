import { replaceFile } from '../../platform/files.ts'
import type { Step } from '../machine.ts'
import type { AgentPaths } from '../paths.ts'
import type { ReleaseStore } from '../release-store.ts'
import { onlyIn } from '../set-difference.ts'

/**
 * Points `current` to the new set, in one rename. Before it, `previous` and `starts` are made ready, so that the launcher can turn
 * back an agent that does not come up. May run twice; the rollback undoes it from wherever it stopped.
 */
export function switchStep({ paths, store }: { paths: AgentPaths; store: ReleaseStore }): Step<'switch'> {
  return async ({ target, origin }) => {
    if (!target) throw new Error('there is no set to switch to')
    if (origin) await store.point('previous', origin)
    if (onlyIn(target, origin).some(({ name }) => name === 'agent')) await replaceFile(paths.starts, '0\n')
    await store.point('current', target)
    return 'switched'
  }
}
