import type { Clock } from '../../platform/clock.ts'
import type { Step } from '../machine.ts'
import type { Probe } from '../probe.ts'
import type { ReleaseStore } from '../release-store.ts'

export interface ProbeParts {
  store: ReleaseStore
  probe: Probe
  confirmSeconds: number
  clock: Clock
}

/** Asks the checks of the whole set until they are steadily healthy, then sets the deadline of `confirm`. */
export function probeStep({ store, probe, confirmSeconds, clock }: ProbeParts): Step<'probe'> {
  return async (update) => {
    if (!update.target) throw new Error('there is no set to probe')
    await probe(await store.open(update.target), update.signal)
    update.confirmBy = new Date(clock.now().getTime() + confirmSeconds * 1000).toISOString()
    return 'healthy'
  }
}
