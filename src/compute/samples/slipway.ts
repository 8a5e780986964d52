import type { MetricFamily } from '../../monitor/samples.ts'
import { imageOf, instanceLabels, lives, type SampledInstance, type SampleFacts, shapeOf } from './facts.ts'
import { type Column, families, figure, info } from './families.ts'

const MiB = 1024 * 1024

const up: Column<SampledInstance> = [
  'gauge',
  'slipway_instance_up',
  'Whether an instance that is wanted running runs and its check does not fail.',
  ({ desired, status }) =>
    desired?.wanted === 'running' ? Number(status.state === 'running' && status.health !== 'unhealthy') : undefined,
]

const figures: readonly Column<SampledInstance>[] = [
  [
    'gauge',
    'slipway_instance_healthy',
    'Whether the check of a running instance succeeds; absent when it has none.',
    ({ status }) => (status.health === 'unknown' ? undefined : Number(status.health === 'healthy')),
  ],
  [
    'counter',
    'slipway_instance_restarts_total',
    'How often an instance was started again because it had ended by itself.',
    ({ status }) => status.restarts,
  ],
  [
    'gauge',
    'slipway_instance_start_timestamp_seconds',
    'When the running domain of an instance began, in seconds since 1970.',
    ({ status }) => (status.startedAt ? Date.parse(status.startedAt) / 1000 : undefined),
  ],
  [
    'gauge',
    'slipway_instance_first_boot_seconds',
    'From the very first start of an instance until its check was healthy.',
    ({ status }) => status.firstBootSeconds,
  ],
  [
    'gauge',
    'slipway_instance_memory_bytes',
    'Memory that an instance has.',
    ({ guest }) => (guest && lives(guest) ? guest.memoryMiB * MiB : undefined),
  ],
  [
    'gauge',
    'slipway_instance_snapshots',
    'How many snapshots an instance has.',
    ({ status }) => status.snapshots.length,
  ],
]

/** What nobody else exports of instances, as far as the last look knows it. */
export function slipwaySamples({ instances, guests, lookAgeSeconds }: SampleFacts): MetricFamily[] {
  const named = instances.map((it) => [instanceLabels(it), it] as const)
  return [
    info(
      'slipway_instance_state',
      'The state of each instance; always 1.',
      named.map(([labels, { status }]) => ({ ...labels, state: status.state })),
    ),
    info(
      'slipway_instance_info',
      'What each instance is made from; always 1.',
      named.map(([labels, it]) => {
        const image = imageOf(it)
        return {
          ...labels,
          image: image?.name ?? '',
          image_version: image?.version ?? '',
          image_digest: image?.digest ?? '',
          type: shapeOf(it)?.type ?? '',
        }
      }),
    ),
    // Of guests that cannot be listed nobody knows that they are down.
    ...families(named, guests ? [up, ...figures] : figures),
    ...families(
      named.flatMap(([labels, { disks }]) =>
        disks.map(({ device, stored }) => [{ ...labels, device }, stored] as const),
      ),
      [
        ['gauge', 'slipway_instance_disk_size_bytes', 'The size of a disk of an instance.', (disk) => disk.sizeBytes],
        [
          'gauge',
          'slipway_instance_disk_used_bytes',
          'What a disk of an instance takes up by itself, its snapshots included.',
          (disk) => disk.usedBytes,
        ],
        [
          'gauge',
          'slipway_instance_disk_referenced_bytes',
          'What is in a disk of an instance, be it its own or shared with its image.',
          (disk) => disk.referencedBytes,
        ],
      ],
    ),
    figure(
      'slipway_compute_look_age_seconds',
      'How long ago the hypervisor and the disks were looked at.',
      lookAgeSeconds,
    ),
  ]
}
