import type { Clock } from '../../platform/clock.ts'

/** How long the kernel keeps what it has learned (net.link.ether.inet.max_age). */
const maxAgeSeconds = 1200

/** What the kernel believes of an address: a line of `arp -a`. */
export interface Neighbour {
  address: string
  mac: string
  interface: string
  /** Seconds; absent: for ever. */
  expires?: number
}

/** Who is behind the interfaces of a machine: the addresses that guests have taken, and what the kernel has learned of them. */
export interface Neighbours {
  /** The guest with this MAC takes these addresses in the place of those that it had. */
  take(mac: string, addresses: readonly string[]): void
  addressesOf(mac: string): readonly string[]
  /** The kernel learns, or is told for good, where an address is. */
  learn(address: string, mac: string, on: string, permanent?: boolean): void
  /** False when it knows nothing of it. */
  forget(address: string): boolean
  known(): Neighbour[]
}

export function openNeighbours(clock: Clock): Neighbours {
  const taken = new Map<string, readonly string[]>()
  const learned = new Map<string, { mac: string; interface: string; at?: number }>()
  const seconds = () => Math.floor(clock.now().getTime() / 1000)
  const isOld = (at = seconds()) => seconds() - at >= maxAgeSeconds
  return {
    take: (mac, addresses) => void taken.set(mac, [...addresses]),
    addressesOf: (mac) => taken.get(mac) ?? [],
    learn(address, mac, on, permanent = false) {
      if (permanent) learned.set(address, { mac, interface: on })
      // What was said for good, no packet changes.
      else if (learned.get(address)?.at !== undefined || !learned.has(address))
        learned.set(address, { mac, interface: on, at: seconds() })
    },
    forget: (address) => learned.delete(address),
    known() {
      for (const [address, { at }] of learned) if (isOld(at)) learned.delete(address)
      return [...learned].map(([address, { mac, interface: on, at }]) => ({
        address,
        mac,
        interface: on,
        ...(at === undefined ? {} : { expires: maxAgeSeconds - (seconds() - at) }),
      }))
    },
  }
}
