import type { CheckResult } from '../contract/report.ts'
import type { Clock } from '../platform/clock.ts'
import { StepFailure } from './failure.ts'
import type { AskHealth, Checked } from './health.ts'
import type { Installed } from './release-store.ts'

export interface ProbeRules {
  probeSuccesses: number
  probeIntervalSeconds: number
  probeDeadlineSeconds: number
}

/** Asks until all checks of all components succeeded so often in a row. @throws StepFailure health-check-failed */
export type Probe = (components: readonly Installed[], signal: AbortSignal) => Promise<void>

export function openProbe({
  rules,
  ask,
  clock,
  onResults,
}: {
  rules: ProbeRules
  ask: AskHealth
  clock: Clock
  onResults(results: CheckResult[]): void
}): Probe {
  return async (components, signal) => {
    const deadline = clock.now().getTime() + rules.probeDeadlineSeconds * 1000
    const leftMs = () => deadline - clock.now().getTime()
    let successes = 0
    for (;;) {
      const results = await ask(components, leftMs())
      signal.throwIfAborted()
      onResults(results.map(({ verdict: _, ...result }) => result))
      const sick = results.find(({ verdict }) => verdict === 'sick')
      if (sick) throw unhealthy(sick)
      const bad = results.find(({ healthy }) => !healthy)
      successes = bad ? 0 : successes + 1
      if (successes >= rules.probeSuccesses) return
      if (leftMs() <= rules.probeIntervalSeconds * 1000) throw unhealthy(bad, rules)
      await clock.sleep(rules.probeIntervalSeconds * 1000, signal)
    }
  }
}

function unhealthy(bad: Checked | undefined, rules?: ProbeRules): StepFailure {
  const within = rules ? `, for ${rules.probeDeadlineSeconds} s` : ''
  if (!bad)
    return new StepFailure(
      'health-check-failed',
      `the checks did not succeed ${rules?.probeSuccesses} times in a row${within}`,
    )
  const message = `the check ${bad.check} of ${bad.component} fails${within}: ${bad.message ?? 'it said nothing'}`
  return new StepFailure('health-check-failed', message, { component: bad.component })
}
