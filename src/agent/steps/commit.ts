import { remove, syncFolder } from '../../platform/files.ts'
import { writeDaemonFiles } from '../daemon-files.ts'
import type { DesiredState } from '../desired-state.ts'
import { freeSpace } from '../free-space.ts'
import type { Links } from '../links.ts'
import type { Step } from '../machine.ts'
import type { AgentPaths } from '../paths.ts'
import type { ReleaseStore } from '../release-store.ts'
import { onlyIn } from '../set-difference.ts'
import type { WriteState } from '../state-file.ts'

export interface CommitParts {
  paths: AgentPaths
  store: ReleaseStore
  links: Links
  desired: DesiredState
  write: WriteState
}

/**
 * Makes the new set the one that stays: the launcher counts no longer, and what only the old set needed goes. May run twice, and is,
 * until it succeeded: the set was found good, so there is no way back from here.
 */
export function commitStep({ paths, store, links, desired, write }: CommitParts): Step<'commit'> {
  return async ({ target, origin, log }) => {
    if (!target) throw new Error('there is no set to commit')
    await remove(paths.starts)
    await syncFolder(paths.database)
    if (origin && onlyIn(origin, target).length > 0)
      await links.drop(await store.open(origin), await store.open(target))
    const document = desired.current()
    if (document) await writeDaemonFiles(paths, document, write)
    // Rubbish that stays is no reason to doubt the set; the next commit tries again.
    await freeSpace({ paths, store, desired }).catch((error) =>
      log.warn({ err: error }, 'garbage could not be removed'),
    )
    return 'committed'
  }
}
