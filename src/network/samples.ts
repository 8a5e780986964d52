import type { MetricFamily, SampleRow } from '../monitor/samples.ts'
import type { OwnStatus } from './status.ts'

/** What nobody else exports of networks: of what the last look found. No process is started for a scrape. */
export function slipwaySamples(status: OwnStatus): MetricFamily[] {
  const family = (type: MetricFamily['type']) => (name: string, help: string, rows: SampleRow[]) => ({
    name: `slipway_network_${name}`,
    help,
    type,
    rows,
  })
  const [gauge, counter] = [family('gauge'), family('counter')]
  return [
    gauge('loaded_generation', 'Generation whose interfaces and rules are in force; 0 before the first.', [
      { value: status.loaded },
    ]),
    gauge(
      'trial_ends_timestamp_seconds',
      'When the generation on trial is undone unless it is confirmed, in seconds since 1970; absent when none is.',
      status.trial ? [{ value: Date.parse(status.trial.until) / 1000 }] : [],
    ),
    gauge(
      'refused_generation',
      'The newest generation that was undone or not taken; absent when there is none.',
      status.refused ? [{ value: status.refused.generation }] : [],
    ),
    gauge('ports', 'Ports of instances whose rules are in force.', [{ value: status.ports.length }]),
    counter('drift_total', 'What others changed of our rules and was put back.', [{ value: status.drift.count }]),
    counter('killed_states_total', 'Connections that were ended because the rules deny them.', [
      { value: status.statesKilled },
    ]),
  ]
}
