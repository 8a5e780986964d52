import type { Capacity } from '../contract/compute-status.ts'
import type { DiskStore } from './disk-store.ts'
import type { Driver, Hardware } from './driver.ts'
import type { HostLook } from './host-look.ts'

/** What instances can be given of this host, as it was asked last. */
export interface HostCapacity {
  current(): Capacity | null
  /** What the hypervisor has, with the host's own share. */
  hardware(): Hardware | undefined
  /** Asks again when the guests are others than before, or half a minute has passed. What cannot be found out stays as it was. */
  refresh(look: HostLook): Promise<void>
}

const oldMs = 30_000

export function openCapacity(driver: Driver, store: DiskStore, reservedMemoryMiB: number): HostCapacity {
  let current: Capacity | null = null
  let hardware: Hardware | undefined
  let asked: { atMs: number; guests: string } | undefined
  return {
    current: () => current,
    hardware: () => hardware,
    async refresh({ guests, at }) {
      if (!guests) return
      const which = guests.guests.map(({ domid, memoryMiB }) => `${domid}:${memoryMiB}`).join()
      if (asked?.guests === which && at.getTime() - asked.atMs < oldMs) return
      asked = { atMs: at.getTime(), guests: which }
      const [machine, disks] = await Promise.all([
        driver.capacity().catch(() => undefined),
        store.capacity().catch(() => undefined),
      ])
      hardware = machine
      if (!machine) return
      // What the guests have and what nobody has; the rest is the host's own.
      const freeMemoryMiB = Math.max(0, machine.freeMemoryMiB - reservedMemoryMiB)
      const taken = guests.guests.reduce((sum, { memoryMiB }) => sum + memoryMiB, 0)
      current = {
        memoryMiB: freeMemoryMiB + taken,
        freeMemoryMiB,
        cpus: machine.cpus,
        diskBytes: disks?.diskBytes ?? current?.diskBytes ?? 0,
        freeDiskBytes: disks?.freeDiskBytes ?? current?.freeDiskBytes ?? 0,
      }
    },
  }
}
