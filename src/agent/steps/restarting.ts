import { StepFailure } from '../failure.ts'
import { AgentRestart, type Step } from '../machine.ts'
import type { Program } from '../program.ts'
import type { ReleaseStore } from '../release-store.ts'

/**
 * Hands over to the agent of the new set: the old one ends here, and the supervisor starts the one of `current`, which comes to this
 * step again and finds itself in place. When the new one did not come up, the launcher has turned `current` back.
 */
export function restartingStep({ store, program }: { store: ReleaseStore; program: Program }): Step<'restarting'> {
  return async ({ target }) => {
    const current = await store.linked('current')
    if (current?.digest !== target?.digest)
      throw new StepFailure(
        'agent-did-not-start',
        'the agent of the new set was started several times and did not stay up; the launcher went back to the old one',
        { component: 'agent' },
      )
    if (!(await program.isCurrent())) throw new AgentRestart()
    return 'restarted'
  }
}
