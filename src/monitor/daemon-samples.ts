import type { DaemonStatus } from '../contract/daemon.ts'
import type { MetricFamily } from './samples.ts'

/**
 * What every daemon of a host tells of itself. The names carry the daemon's own (`slipway_compute_…`), because the pages of all
 * programs of a host become one page.
 */
export function daemonSamples(status: DaemonStatus): MetricFamily[] {
  const gauge = (name: string, help: string, value: number): MetricFamily => ({
    name: `slipway_${status.component}_${name}`,
    help,
    type: 'gauge',
    rows: [{ value }],
  })
  const { user, system } = process.cpuUsage()
  return [
    {
      ...gauge('info', 'The running version; always 1.', 1),
      rows: [{ labels: { version: status.version }, value: 1 }],
    },
    gauge(
      'start_timestamp_seconds',
      'When the daemon started, in seconds since 1970.',
      Date.parse(status.startedAt) / 1000,
    ),
    gauge(
      'desired_generation',
      'Generation of the desired file that was read last; 0 before the first.',
      status.generation,
    ),
    gauge('problems', 'How many reasons the daemon has not to be healthy.', status.problems.length),
    gauge('resident_memory_bytes', 'Resident memory of the daemon.', process.memoryUsage.rss()),
    {
      ...gauge('cpu_seconds_total', 'User and system CPU time that the daemon used.', (user + system) / 1e6),
      type: 'counter',
    },
  ]
}
