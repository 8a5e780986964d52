import type { MetricFamily } from '../../monitor/samples.ts'
import { imageOf, instancesByDomid, livingGuests, type SampleFacts, shapeOf, stackOf } from './facts.ts'
import { families, figure, info } from './families.ts'

const MiB = 1024 * 1024

/** The names of benapetr/xen_exporter and of xentop for guests of this host, ours or not, as far as the last look knows them. */
export function xenSamples(facts: SampleFacts): MetricFamily[] {
  const guests = [...livingGuests(facts).values()]
  const instances = [...instancesByDomid(facts)]
  return [
    figure(
      'xen_host_running_domains',
      'Guests that run, the host itself left out.',
      facts.guests && guests.filter(({ state }) => state === 'running').length,
    ),
    ...families(
      guests.map((guest) => [{ dom: guest.name }, guest] as const),
      [['gauge', 'xen_memory_used_bytes', 'Memory that a guest has.', ({ memoryMiB }) => memoryMiB * MiB]],
    ),
    ...families(
      instances.map(([, it]) => [{ dom: it.name }, it] as const),
      [
        [
          'gauge',
          'xen_memory_maximum_bytes',
          'Memory that a guest may have.',
          (it) => megabytes(shapeOf(it)?.memoryMiB),
        ],
      ],
    ),
    info(
      'xen_domain_info',
      'What a domain is; always 1. Joins figures by uuid with names.',
      instances.map(([domid, it]) => ({
        domid: String(domid),
        uuid: it.status.id,
        name: it.name,
        type: shapeOf(it)?.type ?? '',
        image_digest: imageOf(it)?.digest ?? '',
        project: stackOf(it.name),
      })),
    ),
  ]
}

function megabytes(count: number | undefined): number | undefined {
  return count === undefined ? undefined : count * MiB
}
