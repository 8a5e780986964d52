import type { MetricFamily } from '../../monitor/samples.ts'
import type { Guest } from '../driver.ts'
import { instancesByDomid, portOf, type SampledInstance, type SampleFacts, shapeOf, stackOf } from './facts.ts'
import { type Column, families, figure, info } from './families.ts'

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

const most = (it: SampledInstance) => (shapeOf(it)?.memoryMiB ?? 0) * MiB || undefined
const figures: readonly Column<SampledInstance>[] = [
  [
    'gauge',
    'libvirt_domain_info_memory_usage_bytes',
    'Memory that a domain has.',
    ({ guest }) => guest && guest.memoryMiB * MiB,
  ],
  ['gauge', 'libvirt_domain_info_maximum_memory_bytes', 'Memory that a domain may have.', most],
  ['gauge', 'libvirt_domain_memory_stats_maximum_bytes', 'Memory that a domain may have.', most],
  ['gauge', 'libvirt_domain_info_virtual_cpus', 'Processors of a domain.', ({ guest }) => guest?.vcpus],
]

/**
 * The names of inovex/prometheus-libvirt-exporter, for its dashboards, as far as the last look knows; a domain is an instance's name. What a
 * guest does with its memory, and for how long it waited for a processor, a Xen host does not know: those names are not here.
 */
export function libvirtSamples(facts: SampleFacts): MetricFamily[] {
  const { instances, guests } = facts
  const live = [...instancesByDomid(facts).values()]
  return [
    figure('libvirt_up', 'Whether the hypervisor answered.', guests ? 1 : 0),
    figure('libvirt_domains', 'How many guests the hypervisor has.', guests?.length),
    info(
      'libvirt_domain_openstack_info',
      'What a domain is in the words of OpenStack; always 1.',
      instances.map(({ name, status: { id } }) => ({
        domain: name,
        instance_name: name,
        instance_id: id,
        flavor_name: '',
        user_name: '',
        user_id: '',
        project_name: stackOf(name),
        project_id: stackOf(name),
      })),
    ),
    {
      name: 'libvirt_domain_info_state',
      help: 'The state of a domain, as a number of libvirt.',
      type: 'gauge',
      rows: instances.map(({ name, guest }) => {
        const [value, words] = stateOf(guest)
        return { labels: { domain: name, state_desc: words }, value }
      }),
    },
    ...families(
      live.map((it) => [{ domain: it.name }, it] as const),
      figures,
    ),
    info(
      'libvirt_domain_block_stats_info',
      'What a disk of a domain is; always 1.',
      instances.flatMap(({ name, disks }) =>
        disks.map(({ device, backend, stored }) => ({
          domain: name,
          disk_type: stored.path.startsWith('/dev/') ? 'block' : 'file',
          target_bus: 'xen',
          driver_name: backend === 'phy' ? 'phy' : 'qemu',
          driver_type: 'raw',
          source_file: stored.path,
          target_device: device,
        })),
      ),
    ),
    ...families(
      instances.flatMap(({ name, disks }) =>
        disks.map(({ device, stored }) => [{ domain: name, target_device: device }, stored] as const),
      ),
      [
        [
          'gauge',
          'libvirt_domain_block_stats_capacity_bytes',
          'The size of a disk of a domain.',
          ({ sizeBytes }) => sizeBytes,
        ],
      ],
    ),
    info(
      'libvirt_domain_interface_stats_info',
      'What an interface of a domain is; always 1.',
      live.flatMap((it) =>
        (it.details?.interfaces ?? []).map(({ name, mac }) => {
          const port = portOf(it, name)
          return {
            domain: it.name,
            source_bridge: port?.bridge ?? '',
            target_device: name,
            mac_address: mac,
            model_type: shapeOf(it)?.type === 'hvm' ? 'e1000' : 'netfront',
            mtu_size: port?.mtu === undefined ? '' : String(port.mtu),
            interface_type: 'bridge',
          }
        }),
      ),
    ),
  ]
}
