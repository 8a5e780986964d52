import { Counter, Gauge } from 'prom-client'
import type { ReleaseSet } from '../contract/release-set.ts'
import type { CheckResult } from '../contract/report.ts'
import { type Journal, type Rejection, type UpdateState, updateStates } from '../contract/update.ts'
import { sha256 } from '../platform/digest.ts'
import { type Metrics, openMetrics } from '../platform/metrics.ts'

/** What the page is made of when it is asked for. */
export interface MetricFacts {
  agentVersion: string
  journal(): Journal
  current(): ReleaseSet | undefined
  checks(): readonly CheckResult[]
  rejected(): readonly Rejection[]
  /** When the certificate of this page ends; undefined without TLS. */
  certificateEnds(): Date | undefined
}

/** What happens and is counted. All counts but those of the journal begin at 0 with the agent, as Prometheus expects of counters. */
export interface AgentMetrics {
  registry: Metrics
  serverAnswered(at: Date): void
  documentRefused(): void
  downloaded(bytes: number): void
  stepEnded(state: UpdateState, durationSeconds: number): void
}

export function openAgentMetrics(facts: MetricFacts): AgentMetrics {
  const registry = openMetrics()
  const registers = [registry]
  const gauge = <L extends string>(
    name: string,
    help: string,
    labelNames: readonly L[],
    rows: () => Iterable<readonly [Partial<Record<L, string | number>>, number]>,
  ) =>
    new Gauge({
      name,
      help,
      labelNames,
      registers,
      collect() {
        this.reset()
        // A gauge without labels is 0 after that; one that has nothing to tell is absent.
        this.remove({})
        for (const [labels, value] of rows()) this.set(labels, value)
      },
    })
  const counter = <L extends string>(
    name: string,
    help: string,
    labelNames: readonly L[],
    rows: () => Iterable<readonly [Partial<Record<L, string | number>>, number]>,
  ) =>
    new Counter({
      name,
      help,
      labelNames,
      registers,
      collect() {
        this.reset()
        for (const [labels, value] of rows()) this.inc(labels, value)
      },
    })
  const components = () => facts.current()?.components ?? []
  const seconds = (time: string | Date) => new Date(time).getTime() / 1000
  const counts = () => facts.journal().counts ?? { attempts: [], rollbacks: [] }

  gauge('slipway_agent_info', 'The running agent; always 1.', ['version', 'component_versions_hash'], () => {
    const versions = components().map(({ name, version }) => `${name}@${version}\n`)
    return [[{ version: facts.agentVersion, component_versions_hash: sha256(versions.join('')).slice(7, 19) }, 1]]
  })
  gauge('slipway_component_info', 'A component of the current set; always 1.', ['component', 'version', 'digest'], () =>
    components().map(({ name, version, digest }) => [{ component: name, version, digest }, 1] as const),
  )
  gauge('slipway_agent_state', 'Where the update stands: 1 for the state that it is in.', ['state'], () =>
    updateStates.map((state) => [{ state }, facts.journal().state === state ? 1 : 0] as const),
  )
  gauge('slipway_last_state_change_timestamp_seconds', 'When the state was entered, in seconds since 1970.', [], () => [
    [{}, seconds(facts.journal().since)],
  ])
  gauge(
    'slipway_last_update_timestamp_seconds',
    'When the last update ended, in seconds since 1970; how, why not well, and the component to blame, if one was named.',
    ['result', 'reason', 'component'],
    () => {
      const { lastUpdate } = facts.journal()
      if (!lastUpdate) return []
      const { result, failure, at } = lastUpdate
      return [[{ result, reason: failure?.reason ?? '', component: failure?.component ?? '' }, seconds(at)]]
    },
  )
  gauge('slipway_updates_enabled', '0 while the host is stuck and waits for a person, else 1.', [], () => [
    [{}, facts.journal().state === 'stuck' ? 0 : 1],
  ])
  gauge('slipway_rejected_versions', 'Releases that were rolled back here and are refused.', ['component'], () => {
    const byComponent = new Map<string, number>()
    for (const { component } of facts.rejected())
      byComponent.set(component?.name ?? '', (byComponent.get(component?.name ?? '') ?? 0) + 1)
    return [...byComponent].map(([component, count]) => [{ component }, count] as const)
  })
  gauge('slipway_health_check_success', 'Whether a check succeeded when it was last run.', ['component', 'check'], () =>
    facts.checks().map(({ component, check, healthy }) => [{ component, check }, healthy ? 1 : 0] as const),
  )
  counter(
    'slipway_attempts_total',
    'Updates that ended, by the components that they would have changed.',
    ['component', 'result', 'reason'],
    () => [
      // So that the first one is seen to grow.
      ...components().map(({ name }) => [{ component: name, result: 'committed', reason: '' }, 0] as const),
      ...counts().attempts.map(({ count, ...labels }) => [labels, count] as const),
    ],
  )
  counter(
    'slipway_rollbacks_total',
    'Updates that were rolled back, by the component to blame.',
    ['component', 'reason'],
    () => counts().rollbacks.map(({ count, ...labels }) => [labels, count] as const),
  )
  counter('slipway_confirm_timeouts_total', 'Updates after which the server was not reached in time.', [], () => {
    const timeouts = counts().rollbacks.filter(({ reason }) => reason === 'not-confirmed')
    return [[{}, timeouts.reduce((sum, { count }) => sum + count, 0)]]
  })

  gauge(
    'slipway_tls_certificate_expiry_timestamp_seconds',
    'When the first certificate of the served chain ends, in seconds since 1970.',
    [],
    () => {
      const ends = facts.certificateEnds()
      return ends ? [[{}, seconds(ends)]] : []
    },
  )

  const lastAnswer = new Gauge({
    name: 'slipway_last_check_timestamp_seconds',
    help: 'When the server last answered, in seconds since 1970; 0 before the first answer.',
    registers,
  })
  const refused = new Counter({
    name: 'slipway_refused_documents_total',
    help: 'Desired documents that were refused: of another host, or older than what was known.',
    registers,
  })
  const downloaded = new Counter({
    name: 'slipway_download_bytes_total',
    help: 'Bytes of bundles that were downloaded.',
    labelNames: ['kind'],
    registers,
  })
  downloaded.inc({ kind: 'full' }, 0)
  const stepSeconds = new Gauge({
    name: 'slipway_step_duration_seconds',
    help: 'How long a step of an update took the last time.',
    labelNames: ['step'],
    registers,
  })
  return {
    registry,
    serverAnswered: (at) => lastAnswer.set(at.getTime() / 1000),
    documentRefused: () => refused.inc(),
    downloaded: (bytes) => downloaded.inc({ kind: 'full' }, bytes),
    stepEnded: (step, seconds) => stepSeconds.set({ step }, seconds),
  }
}
