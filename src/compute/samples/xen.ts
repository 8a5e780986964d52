import type { MetricFamily } from '../../monitor/samples.ts'
import { counter, gauge, imageOf, type SampleFacts, stackOf } from './facts.ts'

const MiB = 1024 * 1024

/** The names of benapetr/xen_exporter, for its dashboards, as far as `xl list` knows: of all guests of this host, ours or not. */
export function xenSamples({ instances, capacity, guests = [] }: SampleFacts): MetricFamily[] {
  const named = guests.flatMap((guest) => (guest.id === undefined ? [] : [{ ...guest, id: guest.id }]))
  const ids = ({ id, domid }: { id: string; domid: number }) => ({ domid: String(domid), uuid: id })
  const ratios = instances.flatMap(({ guest, status: { id }, cpuRatio }) =>
    guest && cpuRatio !== undefined ? [{ labels: ids({ id, domid: guest.domid }), value: cpuRatio }] : [],
  )
  const live = named.filter(({ state }) => state === 'running' || state === 'paused')
  const host = (name: string, help: string, value: number | undefined) =>
    gauge(name, help, value === undefined ? [] : [{ value }])
  return [
    host(
      'xen_host_memory_total_bytes',
      'Memory that guests can have.',
      capacity ? capacity.memoryMiB * MiB : undefined,
    ),
    host(
      'xen_host_memory_total_kib',
      'Memory that guests can have, in KiB.',
      capacity ? capacity.memoryMiB * 1024 : undefined,
    ),
    host(
      'xen_host_memory_free_bytes',
      'Memory that no guest has.',
      capacity ? capacity.freeMemoryMiB * MiB : undefined,
    ),
    host(
      'xen_host_memory_free_kib',
      'Memory that no guest has, in KiB.',
      capacity ? capacity.freeMemoryMiB * 1024 : undefined,
    ),
    host('xen_host_pcpu_count_xen', 'Processors of the host.', capacity?.cpus),
    host('xen_host_running_domains', 'Guests that live, the host itself left out.', live.length),
    host(
      'xen_host_running_vcpus',
      'Processors of all guests that live.',
      live.reduce((sum, { vcpus }) => sum + vcpus, 0),
    ),
    counter(
      'xen_domain_cpu_seconds_total',
      'CPU time that a guest has used.',
      named.map((guest) => ({ labels: ids(guest), value: guest.cpuSeconds })),
    ),
    gauge('xen_domain_cpu_usage_ratio', 'CPU time of a guest per second; 1 is one whole processor.', ratios),
    gauge(
      'xen_domain_online_vcpus',
      'Processors of a guest that are online.',
      named.map((guest) => ({ labels: ids(guest), value: guest.vcpus })),
    ),
    gauge(
      'xen_memory_used_bytes',
      'Memory that a guest has.',
      named.map((guest) => ({ labels: { dom: guest.name }, value: guest.memoryMiB * MiB })),
    ),
    gauge(
      'xen_domain_info',
      'What a domain is; always 1. Joins figures by uuid with names.',
      instances.flatMap(({ guest, desired, name, status: { id } }) => {
        if (!guest) return []
        const labels = { ...ids({ id, domid: guest.domid }), name, type: desired?.type ?? '' }
        return [{ labels: { ...labels, image_digest: imageOf(desired), project: stackOf(name) }, value: 1 }]
      }),
    ),
  ]
}
