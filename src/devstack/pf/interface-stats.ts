import { parseAddress } from '../../rules/address.ts'
import type { Packet } from '../../rules/pf/packet.ts'
import type { Direction } from '../../rules/pf/rule.ts'

export interface Count {
  packets: number
  bytes: number
}

/** In the order of pfctl: "In4/Pass", "In4/Block", "Out4/Pass", … */
export const countNames = (['4', '6'] as const).flatMap((family) =>
  (['In', 'Out'] as const).flatMap((way) => [`${way}${family}/Pass`, `${way}${family}/Block`]),
)

/** What PF has counted on each interface. */
export interface InterfaceStats {
  readonly since: Date
  count(name: string, direction: Direction, action: 'pass' | 'block', packet: Packet): void
  of(name: string): ReadonlyMap<string, Readonly<Count>>
}

export function openInterfaceStats(since: Date): InterfaceStats {
  const all = new Map<string, Map<string, Count>>()
  return {
    since,
    count(name, direction, action, { source, bytes }) {
      const counts = all.get(name) ?? new Map<string, Count>()
      all.set(name, counts)
      const family = parseAddress(source)?.family ?? 4
      const key = `${direction === 'in' ? 'In' : 'Out'}${family}/${action === 'pass' ? 'Pass' : 'Block'}`
      const count = counts.get(key) ?? { packets: 0, bytes: 0 }
      counts.set(key, { packets: count.packets + 1, bytes: count.bytes + bytes })
    },
    of: (name) => all.get(name) ?? new Map(),
  }
}
