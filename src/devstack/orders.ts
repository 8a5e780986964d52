import type { DhcpLease } from './dhcp-lease.ts'
import type { Fault } from './faults.ts'
import type { Machine, MachineTimes } from './machine.ts'
import { obeyPfOrder, type PfOrder } from './pf/pf-order.ts'
import type { PacketAnswer } from './pf/send-packet.ts'

/** What a test makes a simulated machine do by itself: things that no program can ask of a real one. */
export type Order =
  /** A guest stops by itself, or turns deaf: it does not react to requests any more. */
  | { kind: 'guest'; name: string; does: 'crash' | 'poweroff' | 'reboot' | 'turn-deaf' | 'listen' | 'lose-pv-drivers' }
  /** A device of a guest does not come together with its backend, or does again: "xvda", or the place of an interface. */
  | { kind: 'device'; name: string; device: string; connected: boolean }
  /** The next calls of a program fail, or hang. */
  | ({ kind: 'fault' } & Fault)
  | { kind: 'no-faults' }
  /** From now on things take so long. */
  | ({ kind: 'times' } & Partial<Omit<MachineTimes, 'deviceMs'>>)
  | PfOrder
  /** The disk of a pool has too many errors, or has none any more. */
  | { kind: 'pool'; name: string; health: 'ONLINE' | 'DEGRADED' | 'FAULTED' }
  /** Somebody with this MAC asks for an address. */
  | { kind: 'dhcp'; mac: string }

/** Under this name the simulator takes orders, which no program of a host has. */
export const orderTool = 'order'

/** Answers what became of a packet, or what dnsmasqs offer. @throws Error when there is no such guest, or device */
export function obey(order: Order, machine: Machine): PacketAnswer | DhcpLease[] | undefined {
  const { daemons, hypervisor, faults } = machine
  switch (order.kind) {
    case 'fault': {
      const { kind: _, ...fault } = order
      faults.add(fault)
      break
    }
    case 'no-faults':
      faults.clear()
      break
    case 'times': {
      const { kind: _, ...times } = order
      Object.assign(hypervisor.times, times)
      break
    }
    case 'pf-busy':
    case 'take-addresses':
    case 'packet':
      return obeyPfOrder(order, machine)
    case 'pool':
      void machine.zfs.use(async ({ state }) => {
        for (const pool of state.pools) {
          if (pool.name !== order.name) continue
          if (order.health === 'ONLINE') delete pool.health
          else pool.health = order.health
        }
      })
      break
    case 'dhcp':
      return daemons.all().flatMap(({ dnsmasq }) => dnsmasq?.lease(order.mac) ?? [])
    default: {
      const domain = hypervisor.byName(order.name)
      if (!domain) throw new Error(`no guest is called ${order.name}`)
      if (order.kind === 'device') {
        const disk = domain.disks.find(({ spec }) => spec.vdev === order.device)
        const vif = domain.vifs.find(({ devid }) => String(devid) === order.device)
        const device = disk ?? vif
        if (!device) throw new Error(`${order.name} has no device ${order.device}`)
        device.connected = order.connected
        break
      }
      if (order.does === 'turn-deaf' || order.does === 'listen') domain.guest.deaf = order.does === 'turn-deaf'
      else if (order.does === 'lose-pv-drivers') domain.guest.pvDrivers = false
      else domain.guest.end(order.does)
    }
  }
  return undefined
}
