import { hostLayout, macBehind } from './host-layout.ts'
import type { PacketMachine } from './machine-pf.ts'
import { interfaceOf, type PacketAnswer, type PacketOrder, sendPacket } from './send-packet.ts'

/** What a test makes PF, and guests before it, do. What another administrator does, a test does itself with pfctl. */
export type PfOrder =
  /** Another program changes rules at the same time: the next loads do not come through. */
  | { kind: 'pf-busy'; loads: number }
  /** A guest takes addresses, as it does by DHCP, or by its own will. `guest`: its name, or that of an interface. */
  | { kind: 'take-addresses'; guest: string; nic?: number; addresses: readonly string[] }
  /** Somebody tries to reach somebody. */
  | ({ kind: 'packet' } & PacketOrder)

/** @throws Error when there is no such guest */
export function obeyPfOrder(order: PfOrder, machine: PacketMachine): PacketAnswer | undefined {
  switch (order.kind) {
    case 'pf-busy':
      machine.pf.stayBusy(order.loads)
      return undefined
    case 'take-addresses': {
      const mac = macBehind(machine, interfaceOf(machine, order.guest, order.nic))
      if (mac === undefined) throw new Error(`${order.guest} has no MAC`)
      machine.pf.neighbours.take(mac, order.addresses)
      announce(machine, mac, order.addresses)
      return undefined
    }
    case 'packet': {
      const { kind: _, ...packet } = order
      return sendPacket(machine, packet)
    }
  }
}

/** A guest that takes an address of IPv4 says so to everybody on its bridge. */
function announce(machine: PacketMachine, mac: string, addresses: readonly string[]): void {
  for (const bridge of hostLayout(machine).bridges)
    for (const address of addresses)
      if (!address.includes(':') && bridge.members.some((member) => member.addresses.includes(address)))
        machine.pf.neighbours.learn(address, mac, bridge.interface)
}
