import { expect, test } from 'vitest'
import type { StoredDisk } from '../../src/compute/disk-store.ts'
import { decideVolume } from '../../src/compute/volumes.ts'
import { desiredInstance } from './support/desired-instance.ts'

const id = 'a'.repeat(16)
const volume = { id, name: 'shop.data', sizeBytes: 2048, wanted: 'present' } as const
const absent = { ...volume, wanted: 'absent' } as const
const stored: StoredDisk = {
  name: { kind: 'volume', id },
  path: '',
  sizeBytes: 2048,
  usedBytes: 0,
  referencedBytes: 0,
  snapshots: [],
}
const user = desiredInstance({ volumes: [{ volume: id, device: 'xvdf', readOnly: false }] })

test.each([
  ['there is none: it is made', volume, undefined, [], 'failed', 'create'],
  ['there is one', volume, stored, [], 'present', undefined],
  ['it is too small: it grows', volume, { ...stored, sizeBytes: 1 }, [], 'present', 'grow'],
  ['it is larger: it stays', volume, { ...stored, sizeBytes: 4096 }, [], 'present', undefined],
  ['it is not wanted: it is removed', absent, stored, [], 'present', 'remove'],
  ['it is not wanted but an instance has it: it stays', absent, stored, [user], 'failed', undefined],
  ['it is gone', absent, undefined, [user], 'absent', undefined],
  ['the disks cannot be listed: nothing is made', volume, null, [], 'present', undefined],
  ['the disks cannot be listed: nothing is removed', absent, null, [], 'present', undefined],
] as const)('%s', (_, wanted, disk, instances, state, action) => {
  const decision = decideVolume(wanted, disk, instances)
  expect([decision.state, decision.action?.kind]).toEqual([state, action])
})
