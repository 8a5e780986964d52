import type { DesiredInstance } from '../contract/instance.ts'
import type { DiskName, DiskSource, DiskStore } from './disk-store.ts'
import type { GuestDisk, GuestSpec } from './driver.ts'

export function rootDisk(id: string): DiskName {
  return { kind: 'instance', id }
}

/** The disks that hold an instance's data: its first one and its volumes. */
export function dataDisks({ id, volumes }: Pick<DesiredInstance, 'id' | 'volumes'>): DiskName[] {
  return [rootDisk(id), ...volumes.map(({ volume }): DiskName => ({ kind: 'volume', id: volume }))]
}

/** The data disks that a guest can change: what a snapshot has to hold. */
export function writableDisks({ id, volumes }: Pick<DesiredInstance, 'id' | 'volumes'>): DiskName[] {
  return dataDisks({ id, volumes: volumes.filter(({ readOnly }) => !readOnly) })
}

export function diskSource({ source }: DesiredInstance['root']): DiskSource {
  if ('image' in source) return { image: source.image.layer.digest }
  if ('empty' in source) return { empty: true }
  return { snapshotOf: rootDisk(source.snapshotOf.instance), snapshot: source.snapshotOf.snapshot }
}

/** A volume as the guest gets it. `auto` is phy: all that a store makes is a device or a raw file, which the kernel serves itself. */
export async function volumeDisk(
  store: DiskStore,
  { volume, device, readOnly }: DesiredInstance['volumes'][number],
  backend: DesiredInstance['diskBackend'],
): Promise<GuestDisk> {
  const path = await store.path({ kind: 'volume', id: volume })
  return { device, path, backend: backend === 'qdisk' ? 'qdisk' : 'phy', readOnly }
}

/** All that a hypervisor has to know. `seed` is the file of the seed's disk. @throws AppError what the store throws */
export async function guestSpec(desired: DesiredInstance, store: DiskStore, seed: string): Promise<GuestSpec> {
  const { id, name, type, vcpus, memoryMiB, boot, diskBackend, vnc } = desired
  const root: GuestDisk = {
    device: 'xvda',
    path: await store.path(rootDisk(id)),
    backend: diskBackend === 'qdisk' ? 'qdisk' : 'phy',
    readOnly: false,
  }
  const volumes = await Promise.all(desired.volumes.map((volume) => volumeDisk(store, volume, diskBackend)))
  const seeds: GuestDisk[] = desired.seed ? [{ device: 'xvde', path: seed, backend: 'phy', readOnly: true }] : []
  return {
    id,
    name,
    type,
    vcpus,
    memoryMiB,
    boot,
    disks: [root, ...volumes, ...seeds].sort((one, other) => (one.device < other.device ? -1 : 1)),
    interfaces: desired.ports.map(({ id: port, mac, bridge, mtu, filtered }) => ({
      port,
      mac,
      bridge,
      filtered: filtered === true,
      ...(mtu ? { mtu } : {}),
    })),
    ...(vnc ? { vnc } : {}),
  }
}
