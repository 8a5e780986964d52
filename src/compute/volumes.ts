import type { VolumeStatus } from '../contract/compute-status.ts'
import type { DesiredInstance, DesiredVolume } from '../contract/instance.ts'
import type { DiskStore, StoredDisk } from './disk-store.ts'

export type VolumeAction = { kind: 'create' | 'grow' | 'remove' }

export interface VolumeDecision {
  state: VolumeStatus['state']
  reason?: string
  action?: VolumeAction
}

/** The next step for one volume. `stored` is null when the disks could not be listed. */
export function decideVolume(
  volume: DesiredVolume,
  stored: StoredDisk | undefined | null,
  instances: Iterable<DesiredInstance>,
): VolumeDecision {
  if (stored === null) return { state: 'present', reason: 'the disks of this host cannot be listed' }
  if (volume.wanted === 'absent') {
    if (!stored) return { state: 'absent' }
    const user = [...instances].find((it) => it.volumes.some((used) => used.volume === volume.id))
    if (user) return { state: 'failed', reason: `${user.name} still has it; detach it there first` }
    return { state: 'present', reason: 'it is being removed', action: { kind: 'remove' } }
  }
  if (!stored) return { state: 'failed', reason: 'it is being made', action: { kind: 'create' } }
  if (stored.sizeBytes < volume.sizeBytes) return { state: 'present', action: { kind: 'grow' } }
  return { state: 'present' }
}

/** Does it. Each may be repeated after a crash. @throws AppError what the store throws: one that a guest has open is not removed */
export function takeVolumeStep(
  store: DiskStore,
  { id, sizeBytes }: DesiredVolume,
  action: VolumeAction,
): Promise<void> {
  const disk = { kind: 'volume', id } as const
  if (action.kind === 'remove') return store.remove(disk)
  return action.kind === 'grow' ? store.grow(disk, sizeBytes) : store.create(disk, { empty: true }, sizeBytes)
}
