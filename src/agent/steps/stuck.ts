import { remove } from '../../platform/files.ts'
import type { Step } from '../machine.ts'
import type { Notice } from '../notice.ts'
import type { AgentPaths } from '../paths.ts'

/** Waits for a person. Nothing is touched, whatever is desired. */
export function stuckStep({ paths, released }: { paths: AgentPaths; released: Notice }): Step<'stuck'> {
  return async ({ signal, failure, log }) => {
    log.error({ failure }, 'this host needs a person: look at what runs, then POST /release to agent.sock')
    await released.wait(signal)
    await remove(paths.starts)
    return 'released'
  }
}
