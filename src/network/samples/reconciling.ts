import type { MetricFamily } from '../../monitor/samples.ts'
import type { Guard } from '../guard.ts'
import type { OwnStatus } from '../status.ts'
import { counter, gauge, single } from './families.ts'

/** What nobody else exports of networks: of what the last look found. No process is started for a scrape. */
export function reconcilingSamples(status: OwnStatus, killed: ReturnType<Guard['statesKilled']>): MetricFamily[] {
  return [
    gauge(
      'slipway_network_loaded_generation',
      'Generation whose interfaces and rules are in force; 0 before the first.',
      single(status.loaded),
    ),
    gauge(
      'slipway_network_trial_ends_timestamp_seconds',
      'When the generation on trial is undone unless it is confirmed, in seconds since 1970; absent when none is.',
      single(status.trial && Date.parse(status.trial.until) / 1000),
    ),
    gauge(
      'slipway_network_refused_generation',
      'The newest generation that was undone or not taken; absent when there is none.',
      single(status.refused?.generation),
    ),
    gauge('slipway_network_ports', 'Ports of instances whose rules are in force.', single(status.ports.length)),
    counter(
      'slipway_network_drift_total',
      'What others changed of our rules and was put back.',
      single(status.drift.count),
    ),
    counter(
      'pf_states_killed_total',
      'Connections that network ended: because the rules deny them now, or because their port is gone.',
      Object.entries(killed).map(([cause, value]) => ({ labels: { cause }, value })),
    ),
  ]
}
