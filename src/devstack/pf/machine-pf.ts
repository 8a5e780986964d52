import type { Clock } from '../../platform/clock.ts'
import type { Interfaces } from '../net/interfaces.ts'
import type { Routes } from '../net/routes.ts'
import type { Hypervisor } from '../xen/hypervisor.ts'
import { type InterfaceStats, openInterfaceStats } from './interface-stats.ts'
import { type KernelPf, openKernelPf } from './kernel.ts'
import { type Neighbours, openNeighbours } from './neighbours.ts'
import type { NamedInterface } from './pfctl-session.ts'

/** PF of a simulated machine, with what is around it. */
export interface MachinePf {
  readonly kernel: KernelPf
  readonly neighbours: Neighbours
  /** What went over interfaces without PF's having seen it there. */
  readonly unseen: InterfaceStats
  /** The interfaces of the machine as they are now; from here on rules see these too. */
  interfaces(): NamedInterface[]
  /** Another program is in the middle of changing rules: so many loads from now on do not come through. */
  stayBusy(loads: number): void
  /** Up to when guests have said what they say by themselves (traffic.ts). */
  lastRound?: number
  /** Asked by each load. */
  isBusy(): boolean
}

export interface MachinePfOptions {
  clock: Clock
  /** The first number of FreeBSD's release. */
  major: number
  hostuuid: string
  sysctls: ReadonlyMap<string, string>
  interfaces: Interfaces
}

/** What a packet needs of a machine to find its way. */
export interface PacketMachine {
  pf: MachinePf
  sysctls: ReadonlyMap<string, string>
  interfaces: Interfaces
  routes: Routes
  hypervisor: Hypervisor
}

export function openMachinePf({ clock, major, hostuuid, sysctls, interfaces }: MachinePfOptions): MachinePf {
  const filterLocal = () => sysctls.get('net.pf.filter_local') === '1'
  const kernel = openKernelPf({ clock, major, hostuuid, filterLocal })
  let seen = new Set<string>()
  let busyLoads = 0
  return {
    kernel,
    neighbours: openNeighbours(clock),
    unseen: openInterfaceStats(clock.now()),
    interfaces() {
      const named = interfaces.all().map(({ name, groups }) => ({ name, groups: [...groups] }))
      const names = new Set(named.map(({ name }) => name))
      for (const name of seen) if (!names.has(name)) kernel.pf.setGroups(name, undefined)
      for (const { name, groups } of named) kernel.pf.setGroups(name, groups)
      seen = names
      return named
    },
    stayBusy(loads) {
      busyLoads = loads
    },
    isBusy() {
      if (busyLoads === 0) return false
      busyLoads--
      return true
    },
  }
}
