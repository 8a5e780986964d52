import type { Hop } from '../../rules/path/host.ts'
import type { Count } from './interface-stats.ts'

/** In the order of pfctl: "In/Block", "In/Pass", … What matches though it is not in the table ("XPass") does not come about here. */
export const tableCountNames = ['In/Block', 'In/Pass', 'In/XPass', 'Out/Block', 'Out/Pass', 'Out/XPass'] as const

export interface TableCounts {
  /** How often a rule that decided had looked into it. Where it was in the way of a rule is not counted. */
  matches: number
  counts: ReadonlyMap<string, Readonly<Count>>
}

/** What PF has counted on each table: the packets of rules that name it. */
export interface TableStats {
  /** @param has whether an anchor has a table of that name; else it is the main ruleset's */
  count(hop: Hop, has: (anchor: string, table: string) => boolean): void
  of(anchor: string, table: string): TableCounts
  forget(anchor: string, table: string): void
}

const nothing: TableCounts = { matches: 0, counts: new Map() }

export function openTableStats(): TableStats {
  const all = new Map<string, { matches: number; counts: Map<string, Count> }>()
  const keyOf = (anchor: string, table: string) => `${anchor}\0${table}`
  return {
    count({ direction, packet, verdict: { rule: site, action, byState } }, has) {
      if (!site) return
      for (const { host } of [site.rule.from, site.rule.to]) {
        if (host.kind !== 'table') continue
        const key = keyOf(has(site.anchor, host.table) ? site.anchor : '', host.table)
        const stats = all.get(key) ?? { matches: 0, counts: new Map<string, Count>() }
        all.set(key, stats)
        if (!byState) stats.matches++
        const name = `${direction === 'in' ? 'In' : 'Out'}/${action === 'pass' ? 'Pass' : 'Block'}`
        const { packets, bytes } = stats.counts.get(name) ?? { packets: 0, bytes: 0 }
        stats.counts.set(name, { packets: packets + 1, bytes: bytes + packet.bytes })
      }
    },
    of: (anchor, table) => all.get(keyOf(anchor, table)) ?? nothing,
    forget: (anchor, table) => void all.delete(keyOf(anchor, table)),
  }
}
