import type { MetricFamily } from '../../monitor/samples.ts'
import type { Guest } from '../driver.ts'
import { counter, gauge, imageOf, type SampledInstance, type SampleFacts, stackOf } from './facts.ts'

const MiB = 1024 * 1024

/** The values and words of virDomainState. */
function stateOf(guest: Guest | undefined): [value: number, words: string] {
  if (!guest) return [5, 'the domain is shut off']
  if (guest.state === 'dying') return [4, 'the domain is being shut down']
  if (guest.state === 'paused') return [3, 'the domain is paused by user']
  if (guest.state === 'running') return [1, 'the domain is running']
  if (guest.ended === 'crash') return [6, 'the domain is crashed']
  return guest.ended === 'suspend'
    ? [7, 'the domain is suspended by guest power management']
    : [5, 'the domain is shut off']
}

/** The names of inovex/prometheus-libvirt-exporter, for its dashboards, as far as the data is there; a domain is an instance's name. */
export function libvirtSamples({ instances, guests }: SampleFacts): MetricFamily[] {
  const live = instances.flatMap(({ guest, ...rest }) => (guest ? [{ ...rest, guest }] : []))
  const each = (value: (it: SampledInstance & { guest: Guest }) => number) =>
    live.map((it) => ({ labels: { domain: it.name }, value: value(it) }))
  return [
    gauge('libvirt_up', 'Whether the hypervisor answered.', [{ value: guests ? 1 : 0 }]),
    gauge('libvirt_domains', 'How many guests the hypervisor has.', guests ? [{ value: guests.length }] : []),
    gauge(
      'libvirt_domain_openstack_info',
      'What a domain is in the words of OpenStack; always 1.',
      instances.map(({ name, status: { id } }) => ({
        labels: {
          domain: name,
          instance_name: name,
          instance_id: id,
          flavor_name: '',
          user_name: '',
          user_id: '',
          project_name: stackOf(name),
          project_id: stackOf(name),
        },
        value: 1,
      })),
    ),
    gauge(
      'libvirt_domain_info_state',
      'The state of a domain, as a number of libvirt.',
      instances.map(({ name, guest }) => {
        const [value, words] = stateOf(guest)
        return { labels: { domain: name, state_desc: words }, value }
      }),
    ),
    counter(
      'libvirt_domain_info_cpu_time_seconds_total',
      'CPU time that a domain has used.',
      each(({ guest }) => guest.cpuSeconds),
    ),
    gauge(
      'libvirt_domain_info_memory_usage_bytes',
      'Memory that a domain has.',
      each(({ guest }) => guest.memoryMiB * MiB),
    ),
    gauge(
      'libvirt_domain_info_maximum_memory_bytes',
      'Memory that a domain may have.',
      live.flatMap(({ name, desired }) =>
        desired ? [{ labels: { domain: name }, value: desired.memoryMiB * MiB }] : [],
      ),
    ),
    gauge(
      'libvirt_domain_info_virtual_cpus',
      'Processors of a domain.',
      each(({ guest }) => guest.vcpus),
    ),
    gauge(
      'libvirt_domain_vcpu_current',
      'Processors of a domain that are online.',
      each(({ guest }) => guest.vcpus),
    ),
    gauge(
      'libvirt_domain_block_stats_info',
      'What a disk of a domain is; always 1.',
      instances.flatMap(({ name, desired, status: { disks } }) =>
        disks.map(({ device, backend }) => ({
          labels: { domain: name, target_device: device, source_file: imageOf(desired), driver_type: backend },
          value: 1,
        })),
      ),
    ),
    gauge(
      'libvirt_domain_block_stats_capacity_bytes',
      'The size of a disk of a domain.',
      instances.flatMap(({ name, status: { disks } }) =>
        disks.map(({ device, sizeBytes }) => ({ labels: { domain: name, target_device: device }, value: sizeBytes })),
      ),
    ),
    gauge(
      'libvirt_domain_interface_stats_info',
      'What an interface of a domain is; always 1.',
      live.flatMap(({ name, desired, details }) =>
        (details?.interfaces ?? []).map((it) => {
          const port = desired?.ports.find(({ mac }) => mac === it.mac)
          return {
            labels: {
              domain: name,
              source_bridge: port?.bridge ?? '',
              target_device: it.name,
              mac_address: it.mac,
              mtu_size: port?.mtu === undefined ? '' : String(port.mtu),
              interface_type: 'bridge',
            },
            value: 1,
          }
        }),
      ),
    ),
  ]
}
