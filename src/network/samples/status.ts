import type { Collector } from '../../monitor/collector.ts'
import type { MetricFamily } from '../../monitor/samples.ts'
import type { Log } from '../../platform/log.ts'
import type { PfCounters } from '../pf/counters.ts'
import type { LoggedTraffic, PfInfo } from '../pf/info.ts'
import type { PfLimit } from '../pf/limits.ts'
import { counter, gauge, single } from './families.ts'

/** What of PF's status the server keeps a short history of. */
export interface StatusFigures {
  states: number
  stateLimit?: number
  stateSearches: number
  stateInserts: number
}

export interface StatusCollectorOptions {
  pf: Pick<PfCounters, 'info' | 'limits'>
  /** Called with each sample. */
  sampled(figures: StatusFigures): void
  log: Log
}

/** PF as a whole: whether it runs, its states, why it dropped packets, and its limits; under the names of pf_exporter where it has one. */
export function statusCollector({ pf, sampled, log }: StatusCollectorOptions): Collector {
  let hasWarned = false
  return {
    name: 'status',
    async collect() {
      const [info, limits] = await Promise.all([pf.info(), pf.limits()])
      const states = (row: string) => info.sections.get('State Table')?.get(row)
      const stateLimit = limits.find(({ pool }) => pool === 'states')?.limit
      sampled({
        states: states('current entries') ?? 0,
        ...(stateLimit !== undefined && Number.isFinite(stateLimit) ? { stateLimit } : {}),
        stateSearches: states('searches') ?? 0,
        stateInserts: states('inserts') ?? 0,
      })
      if (!info.logged && !hasWarned)
        log.warn(
          'PF counts no traffic as a whole (pf_ipv4_*, pf_ipv6_*): write "set loginterface IF" with the outside interface into /etc/pf.conf',
        )
      hasWarned = info.logged === undefined
      return statusFamilies(info, limits)
    },
  }
}

export function statusFamilies({ enabled, sections, logged }: PfInfo, limits: readonly PfLimit[]): MetricFamily[] {
  const states = (row: string) => single(sections.get('State Table')?.get(row))
  const named = (section: string, label: string, isMeant = (_: string) => true) =>
    [...(sections.get(section) ?? [])]
      .filter(([name]) => isMeant(name))
      .map(([name, value]) => ({ labels: { [label]: name }, value }))
  return [
    gauge('pf_enabled', 'Whether PF is switched on.', single(Number(enabled))),
    // A gauge in spite of its name: dashboards know it so.
    gauge('pf_state_total', 'Number of states: connections that PF knows now.', states('current entries')),
    counter('pf_state_searches_total', 'How often PF looked for the state of a packet.', states('searches')),
    counter('pf_state_inserts_total', 'States that were made.', states('inserts')),
    counter('pf_state_removals_total', 'States that ended.', states('removals')),
    counter(
      'pf_counter_total',
      'Packets by what became of them, in the words of pfctl -s info.',
      named('Counters', 'reason'),
    ),
    gauge(
      'pf_limit',
      'How many of something PF takes (pfctl -s memory); +Inf where nothing limits it.',
      limits.map(({ pool, limit }) => ({ labels: { pool }, value: limit })),
    ),
    counter(
      'pf_limit_hits_total',
      'How often a limit that a rule sets was reached; of the pools of PF itself, pf_counter_total{reason="memory"} tells.',
      named('Limit Counters', 'pool', (name) => name.startsWith('max')),
    ),
    ...(logged ? [...trafficFamilies('ipv4', logged.inet), ...trafficFamilies('ipv6', logged.inet6)] : []),
  ]
}

const trafficRows = [
  ['bytes_in', 'Bytes In'],
  ['bytes_out', 'Bytes Out'],
  ['packets_in_passed', 'Packets In Passed'],
  ['packets_in_blocked', 'Packets In Blocked'],
  ['packets_out_passed', 'Packets Out Passed'],
  ['packets_out_blocked', 'Packets Out Blocked'],
] as const

function trafficFamilies(protocol: 'ipv4' | 'ipv6', traffic: LoggedTraffic): MetricFamily[] {
  return trafficRows.map(([name, row]) =>
    counter(
      `pf_${protocol}_${name}_total`,
      `${row} on the interface of "set loginterface", over ${protocol === 'ipv4' ? 'IPv4' : 'IPv6'}.`,
      single(traffic.get(row)),
    ),
  )
}
