import type { DesiredInstance } from '../../contract/instance.ts'
import type { Operation } from '../../contract/operation.ts'
import type { HostParts } from '../instance-steps.ts'
import type { Entry } from './journal.ts'

export interface StepContext {
  parts: HostParts
  desired: DesiredInstance
  /** The domain that the guest had when the operation began; 0 when it had none. */
  domid: number
}

/** One act of an operation. The journal names it before it is begun. */
export interface Step {
  name: string
  /**
   * What a daemon does that was killed in this step. `again`: the step is safe to repeat. `next`: it is not known whether it was done, and it is not
   * done twice; what follows finds out. `fail`: the operation has failed, and is undone.
   */
  killed: 'again' | 'next' | 'fail'
  /** @throws AppError: the operation has failed */
  run(context: StepContext): Promise<void>
}

/** What an operation consists of. */
export interface Plan {
  steps: readonly Step[]
  /**
   * Puts things right after a step has failed; the operation's problem is told in any case.
   * @returns what came of it, when that is more than that all is as before
   */
  undo?(context: StepContext): Promise<string | undefined>
  /** A sentence for its result. */
  result: string
  /**
   * The state that the reconcile loop has to bring about before the operation is done, for one that only gives a name to what is wanted anyway, and
   * how long that may take.
   */
  settles?: { state: 'running' | 'stopped'; withinMs: number }
}

export type PlanOf<K extends Operation['kind']> = (
  operation: Extract<Operation, { kind: K }>,
  desired: DesiredInstance,
) => Plan

/** The step after whose end the reconcile loop decides. */
export const settling = 'settle'

/** Where an operation goes on: with which of its steps, or that it cannot. */
export function stepAfterKill({ state, step }: Entry, steps: readonly Step[]): number | 'fail' {
  if (state === 'accepted' || step === undefined) return 0
  const at = steps.findIndex(({ name }) => name === step)
  const killed = steps[at]?.killed ?? 'fail'
  if (killed === 'fail') return 'fail'
  return killed === 'again' ? at : at + 1
}
