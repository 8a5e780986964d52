import type { MetricFamily } from '../../monitor/samples.ts'
import type { PoolStatus } from '../disk-store.ts'
import { families } from './families.ts'

/** What the disks of instances lie on. */
export function poolSamples(pool: PoolStatus): MetricFamily[] {
  return families(
    [[{ pool: pool.name }, pool]],
    [
      ['gauge', 'slipway_pool_size_bytes', 'The size of a pool.', ({ room }) => room?.sizeBytes],
      ['gauge', 'slipway_pool_free_bytes', 'What of a pool is free.', ({ room }) => room?.freeBytes],
      [
        'gauge',
        'slipway_pool_healthy',
        'Whether all of a pool is there and works (ONLINE).',
        ({ health }) => (health === undefined ? undefined : Number(health === 'ONLINE')),
      ],
    ],
  )
}
