import type { MetricFamily } from '../../monitor/samples.ts'
import type { Hardware, Vcpu } from '../driver.ts'
import type { CpuUsage } from './cpu-usage.ts'
import { instanceLabels, instancesByDomid, livingGuests, type SampleFacts } from './facts.ts'
import { families, figure } from './families.ts'

/** What was asked of the hypervisor for one sample. */
export interface HostReading {
  vcpus: readonly Vcpu[]
  /** Undefined at the first sample. */
  usage: CpuUsage | undefined
}

const MiB = 1024 * 1024

/** The processors of one domain together. */
export interface DomainCpu {
  vcpus: readonly Vcpu[]
  seconds: number
  online: number
  runnable: number
}

export function domainCpus({ vcpus }: HostReading): ReadonlyMap<number, DomainCpu> {
  return new Map(
    [...Map.groupBy(vcpus, ({ domid }) => domid)].map(([domid, own]) => {
      const online = own.filter(({ processor }) => processor !== undefined)
      return [
        domid,
        {
          vcpus: own,
          // In tenths, as they were told: a sum of such fractions is a little off.
          seconds: Math.round(own.reduce((sum, { seconds }) => sum + seconds, 0) * 10) / 10,
          online: online.length,
          runnable: online.filter(({ blocked }) => !blocked).length,
        },
      ]
    }),
  )
}

/** Of the machine and of processors: the names of benapetr/xen_exporter, with its meanings. */
export function hostSamples(reading: HostReading, facts: SampleFacts): MetricFamily[] {
  const cpus = domainCpus(reading)
  const runnable = [...cpus].reduce((sum, [domid, cpu]) => sum + (domid === 0 ? 0 : cpu.runnable), 0)
  const ratios = reading.usage?.processors
  const total = facts.hardware?.cpus
  const sum = [...(ratios?.values() ?? [])].reduce((all, ratio) => all + ratio, 0)
  return [
    ...memorySamples(facts.hardware),
    figure('xen_host_pcpu_count_xen', 'Processors of the machine.', total),
    figure('xen_host_running_vcpus', 'Processors of guests that are online and have something to do.', runnable),
    figure(
      'xen_hostload_ratio',
      'Processors of guests that have something to do, for each of the machine.',
      total ? runnable / total : undefined,
    ),
    ...families(
      [...(ratios ?? [])].map(([cpu, ratio]) => [{ cpu: String(cpu) }, ratio]),
      [['gauge', 'xen_host_cpu_usage_ratio', 'How busy a processor of the machine is, 0 to 1.', (ratio) => ratio]],
    ),
    figure(
      'xen_host_cpu_avg_usage_ratio',
      'How busy the processors of the machine are together, 0 to 1.',
      ratios && ratios.size > 0 ? sum / ratios.size : undefined,
    ),
    ...guestSamples(cpus, reading.usage, facts),
    ...instanceSamples(cpus, facts),
  ]
}

function memorySamples(hardware: Hardware | undefined): MetricFamily[] {
  return [
    ['xen_host_memory_total', 'Memory of the machine', hardware?.memoryMiB] as const,
    ['xen_host_memory_free', 'Memory that neither guests nor the host have', hardware?.freeMemoryMiB] as const,
  ].flatMap(([name, help, memoryMiB]) => [
    figure(`${name}_bytes`, `${help}.`, memoryMiB === undefined ? undefined : memoryMiB * MiB),
    figure(`${name}_kib`, `${help}, in KiB.`, memoryMiB === undefined ? undefined : memoryMiB * 1024),
  ])
}

/** Of all guests of this host, ours or not. */
function guestSamples(
  cpus: ReadonlyMap<number, DomainCpu>,
  usage: CpuUsage | undefined,
  facts: SampleFacts,
): MetricFamily[] {
  const guests = [...livingGuests(facts).values()].flatMap((guest) => {
    const cpu = cpus.get(guest.domid)
    return cpu ? [{ ...guest, cpu, busy: usage?.domains.get(guest.domid) }] : []
  })
  return [
    ...families(
      guests.flatMap((guest) =>
        guest.id === undefined ? [] : [[{ domid: String(guest.domid), uuid: guest.id }, guest] as const],
      ),
      [
        ['counter', 'xen_domain_cpu_seconds_total', 'CPU time that a guest has used.', ({ cpu }) => cpu.seconds],
        [
          'gauge',
          'xen_domain_cpu_usage_ratio',
          'How busy the online processors of a guest are, 0 to 1.',
          ({ cpu, busy }) => (busy === undefined ? undefined : Math.min(1, busy / Math.max(1, cpu.online))),
        ],
        ['gauge', 'xen_domain_online_vcpus', 'Processors of a guest that are online.', ({ cpu }) => cpu.online],
        [
          'gauge',
          'xen_domain_runnable_vcpus',
          'Processors of a guest that are online and have something to do.',
          ({ cpu }) => cpu.runnable,
        ],
      ],
    ),
    ...families(
      guests.map((guest) => [{ dom: guest.name }, guest] as const),
      [['counter', 'xen_cpu_seconds_total', 'CPU time that a guest has used.', ({ cpu }) => cpu.seconds]],
    ),
  ]
}

function instanceSamples(cpus: ReadonlyMap<number, DomainCpu>, facts: SampleFacts): MetricFamily[] {
  const instances = [...instancesByDomid(facts)].flatMap(([domid, instance]) => {
    const cpu = cpus.get(domid)
    return cpu ? [{ instance, cpu }] : []
  })
  return [
    ...families(
      instances.map((it) => [instanceLabels(it.instance), it] as const),
      [
        [
          'counter',
          'slipway_instance_cpu_seconds_total',
          'CPU time that an instance has used since it was started.',
          ({ cpu }) => cpu.seconds,
        ],
      ],
    ),
    ...families(
      instances.map((it) => [{ domain: it.instance.name }, it] as const),
      [
        [
          'counter',
          'libvirt_domain_info_cpu_time_seconds_total',
          'CPU time that a domain has used.',
          ({ cpu }) => cpu.seconds,
        ],
        ['gauge', 'libvirt_domain_vcpu_current', 'Processors of a domain that are online.', ({ cpu }) => cpu.online],
      ],
    ),
    ...families(
      instances.flatMap(({ instance, cpu }) =>
        cpu.vcpus.map((vcpu) => [{ domain: instance.name, vcpu: String(vcpu.vcpu) }, vcpu] as const),
      ),
      [
        [
          'counter',
          'libvirt_domain_vcpu_time_seconds_total',
          'For how long a processor of a domain has run.',
          ({ seconds }) => seconds,
        ],
      ],
    ),
  ]
}
