import { isDeepStrictEqual } from 'node:util'
import type { DesiredInstance } from '../contract/instance.ts'

type Volume = DesiredInstance['volumes'][number]

/** Something that can be tried while the guest runs. */
export type LiveChange =
  | { kind: 'memory'; memoryMiB: number }
  | { kind: 'vcpus'; vcpus: number }
  | { kind: 'attach'; volume: Volume }
  | { kind: 'detach'; volume: Volume }

/** A difference between what a guest was started with and what is wanted. Without `live` it waits for the next start. */
export interface Change {
  /** "memory", "volume xvdb" */
  what: string
  live?: LiveChange
}

/** What a running guest has to become. Disks are let go before others take their place. */
export function changesBetween(started: DesiredInstance, wanted: DesiredInstance): Change[] {
  const changes: Change[] = []
  for (const what of ['name', 'driver', 'type', 'boot', 'diskBackend', 'ports', 'seed', 'vnc'] as const)
    if (!isDeepStrictEqual(started[what], wanted[what])) changes.push({ what })
  // A guest that has the disk open does not see it grow.
  if (started.root.sizeBytes < wanted.root.sizeBytes) changes.push({ what: 'disk' })
  if (started.memoryMiB !== wanted.memoryMiB)
    changes.push({ what: 'memory', live: { kind: 'memory', memoryMiB: wanted.memoryMiB } })
  if (started.vcpus !== wanted.vcpus) changes.push({ what: 'vcpus', live: { kind: 'vcpus', vcpus: wanted.vcpus } })
  const without = (all: readonly Volume[], others: readonly Volume[]) =>
    all.filter((volume) => !others.some((other) => isDeepStrictEqual(volume, other)))
  const volumeChange = (kind: 'attach' | 'detach') => (volume: Volume) => ({
    what: `volume ${volume.device}`,
    live: { kind, volume },
  })
  changes.push(...without(started.volumes, wanted.volumes).map(volumeChange('detach')))
  changes.push(...without(wanted.volumes, started.volumes).map(volumeChange('attach')))
  return changes
}

/** What the guest has after a change that succeeded. */
export function afterChange(started: DesiredInstance, change: LiveChange): DesiredInstance {
  switch (change.kind) {
    case 'memory':
      return { ...started, memoryMiB: change.memoryMiB }
    case 'vcpus':
      return { ...started, vcpus: change.vcpus }
    case 'attach':
      return { ...started, volumes: [...started.volumes, change.volume] }
    case 'detach':
      return { ...started, volumes: started.volumes.filter(({ device }) => device !== change.volume.device) }
  }
}
