import type { UpdateState } from '../../src/contract/update.ts'

/** Where a step of an update stands. */
export type StepPhase = 'done' | 'now' | 'failed' | 'ahead'

export interface UpdateStep {
  state: UpdateState
  phase: StepPhase
}

/** The way of an update that succeeds. The agent's own restart is on it only when the agent changes. */
const way: readonly UpdateState[] = [
  'fetch',
  'verify',
  'stage',
  'stop',
  'switch',
  'start',
  'probe',
  'confirm',
  'commit',
]

/**
 * The steps of the update under way, in order; `failedIn` is the state in which it failed, once it is on the way back. Empty in
 * `idle`, where there is no update.
 */
export function updateSteps(state: UpdateState, failedIn: UpdateState | undefined): UpdateStep[] {
  if (state === 'idle') return []
  const goingBack = state === 'rollback' || state === 'stuck'
  const at = goingBack ? failedIn : state
  const steps = at === 'restarting' ? way.toSpliced(way.indexOf('start') + 1, 0, 'restarting') : way
  const place = at === undefined ? -1 : steps.indexOf(at)
  const forward = steps.map((step, index): UpdateStep => {
    if (index === place) return { state: step, phase: goingBack ? 'failed' : 'now' }
    return { state: step, phase: index < place ? 'done' : 'ahead' }
  })
  if (!goingBack) return forward
  // On the way back the steps that were not reached never come.
  const walked = forward.filter(({ phase }) => phase !== 'ahead')
  if (state === 'rollback') return [...walked, { state: 'rollback', phase: 'now' }]
  return [...walked, { state: 'rollback', phase: 'failed' }, { state: 'stuck', phase: 'now' }]
}
