import type { KnownDashboard } from './known-dashboards.ts'

const instance = ['uuid', 'instance_name', 'stack']
const of = (names: readonly string[], ...labels: string[]) => names.map((name) => [`slipway_${name}`, labels] as const)
const traffic = ['receive', 'transmit'].flatMap((way) =>
  ['bytes', 'packets', 'errors', 'drops'].map((what) => `instance_${way}_${what}_total`),
)

/** What compute tells, under names of its own, of a host on which an instance runs. */
export const instanceSeries: KnownDashboard = {
  dashboard: 'deploy/grafana',
  series: Object.fromEntries([
    ...of(['instance_up', 'instance_memory_bytes', 'instance_cpu_seconds_total', 'instance_snapshots'], ...instance),
    ...of(['instance_info'], ...instance, 'image', 'image_version', 'image_digest', 'type'),
    ...of(['instance_state'], ...instance, 'state'),
    ...of(traffic, ...instance, 'network', 'port'),
    ...of(
      [
        ...['read', 'write'].flatMap((what) => [
          `instance_disk_${what}_bytes_total`,
          `instance_disk_${what}_requests_total`,
        ]),
        ...['size', 'used', 'referenced'].map((what) => `instance_disk_${what}_bytes`),
      ],
      ...instance,
      'device',
    ),
    ...of(['pool_size_bytes', 'pool_free_bytes', 'pool_healthy'], 'pool'),
  ]),
  unknowable: {},
}
