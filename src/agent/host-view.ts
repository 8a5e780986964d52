import type { OperationReport } from '../contract/operation.ts'
import type { ReleaseSet } from '../contract/release-set.ts'
import type { CheckResult, HostReport, ImageReport } from '../contract/report.ts'
import type { Journal } from '../contract/update.ts'
import type { Log } from '../platform/log.ts'
import type { Daemons } from './daemons.ts'
import type { DesiredState } from './desired-state.ts'
import type { AskHealth } from './health.ts'
import type { HostFacts } from './host-facts.ts'
import type { RejectionList } from './rejections.ts'
import type { Installed, ReleaseStore } from './release-store.ts'

export interface HostViewParts {
  facts: HostFacts
  agentVersion: string
  journal(): Journal
  metricsAt(): { address: string; scheme: 'http' | 'https' } | undefined
  store: ReleaseStore
  desired: DesiredState
  rejections: RejectionList
  daemons: Daemons
  health: AskHealth
  /** The images that are on their way. */
  images(): ImageReport[]
  /** What became of the operations that the agent carries out itself. */
  operations(): OperationReport[]
  log: Log
}

/** How this host is: what stands in its reports and on its page. */
export interface HostView {
  /** The set that `current` pointed to at the last look, and its components. */
  current(): ReleaseSet | undefined
  components(): readonly Installed[]
  checks(): readonly CheckResult[]
  sawChecks(results: readonly CheckResult[]): void
  /** Looks where `current` and `previous` point. */
  look(): Promise<void>
  /** Asks the checks once, unless an update is under way: that asks them itself, and knows of what set. */
  askChecks(): Promise<void>
  report(): Promise<HostReport>
}

const checkMs = 10_000

export function openHostView(parts: HostViewParts): HostView {
  const { facts, store, desired, rejections, daemons, journal } = parts
  let current: ReleaseSet | undefined
  let previous: ReleaseSet | undefined
  let components: readonly Installed[] = []
  let checks: readonly CheckResult[] = []
  return {
    current: () => current,
    components: () => components,
    checks: () => checks,
    sawChecks(results) {
      checks = results
    },
    async look() {
      current = await store.linked('current')
      // A damaged release must not silence the host: the report is how a person hears of it.
      components = await (current ? store.open(current) : Promise.resolve([])).catch((error) => {
        parts.log.error({ err: error }, 'the current set cannot be read')
        return []
      })
      previous = await store.linked('previous').catch((error) => {
        parts.log.warn({ err: error }, 'the previous set cannot be read')
        return undefined
      })
    },
    async askChecks() {
      if (journal().state !== 'idle') return
      const results = await parts.health(components, checkMs)
      if (journal().state === 'idle') checks = results.map(({ verdict: _, ...result }) => result)
    },
    async report() {
      const { state, since, failure, lastUpdate } = journal()
      const metricsAt = parts.metricsAt()
      return {
        generation: desired.current()?.generation ?? 0,
        platform: facts.platform,
        release: facts.release,
        agentVersion: parts.agentVersion,
        ...(metricsAt ? { metricsAddress: metricsAt.address, metricsScheme: metricsAt.scheme } : {}),
        state,
        stateSince: since,
        current: current ?? null,
        ...(previous ? { previous } : {}),
        checks: [...checks],
        ...(failure && (state === 'rollback' || state === 'stuck') ? { failure } : {}),
        ...(lastUpdate ? { lastUpdate } : {}),
        rejected: [...rejections.all()],
        daemons: await daemons.status(components),
        capabilities: facts.capabilities,
        operations: parts.operations(),
        images: parts.images(),
      }
    },
  }
}
