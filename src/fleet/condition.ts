import type { HostCondition } from '../contract/host.ts'
import type { ReleaseSet } from '../contract/release-set.ts'
import type { HostReport } from '../contract/report.ts'
import type { Failure } from '../contract/update.ts'

/** What the server knows of a host at a moment. */
export interface HostFacts {
  desired: ReleaseSet | null
  /** Why the channel could not be turned into a set for this host. */
  setProblem: string | null
  report: HostReport | null
  lastSeenAt: Date | null
}

/** How a host stands at `now`, and why; the first line that holds is the answer. */
export function conditionOf(
  host: HostFacts,
  now: Date,
  silentSeconds: number,
): { condition: HostCondition; reason?: string } {
  const { desired, report, lastSeenAt } = host
  if (report === null || lastSeenAt === null) return { condition: 'enrolled', reason: 'it has not reported yet' }
  const silence = Math.round((now.getTime() - lastSeenAt.getTime()) / 1000)
  if (silence > silentSeconds) return { condition: 'silent', reason: `no report for ${silence} s` }
  if (report.state === 'stuck') return { condition: 'stuck', reason: told(report.failure) }
  const runsDesired = desired === null || report.current?.digest === desired.digest
  if (!runsDesired) {
    const failure = refusal(report, desired)
    if (failure && report.state === 'idle') return { condition: 'rolled-back', reason: told(failure) }
    if (report.state !== 'idle') return { condition: 'updating', reason: `${report.state}` }
    const last = report.lastUpdate
    if (last?.result === 'failed' && last.set.digest === desired.digest)
      return { condition: 'waiting', reason: told(last.failure) }
    return { condition: 'waiting', reason: 'it has not begun to apply what is desired' }
  }
  if (report.state !== 'idle') return { condition: 'updating', reason: report.state }
  const sick = report.checks.find((check) => !check.healthy)
  if (sick)
    return { condition: 'unhealthy', reason: `${sick.component} ${sick.check}: ${sick.message ?? 'not healthy'}` }
  if (host.setProblem !== null) return { condition: 'waiting', reason: host.setProblem }
  return { condition: 'healthy' }
}

/** Why the host refuses what is desired: the set itself, or a component of it, was rolled back there. */
function refusal(report: HostReport, desired: ReleaseSet): Failure | undefined {
  return report.rejected.find(
    ({ set, component }) =>
      set === desired.digest || desired.components.some((wanted) => wanted.digest === component?.digest),
  )?.failure
}

function told(failure: Failure | undefined): string {
  return failure?.message ?? 'it did not say why'
}
