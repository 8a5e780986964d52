import type { Collector } from '../../monitor/collector.ts'
import { groupsAnchor, macOfAnchor, natAnchor } from '../../rules/names.ts'
import type { PfCounters } from '../pf/counters.ts'
import type { TableCounters } from '../pf/table-counters.ts'
import { counter, gauge, rowsOf } from './families.ts'
import type { RulesReading } from './rules.ts'
import type { SharedReading } from './shared-reading.ts'
import type { TranslationReading } from './translation.ts'

export interface TablesCollectorOptions {
  pf: Pick<PfCounters, 'tables' | 'tableSize'>
  rules: SharedReading<RulesReading>
  translation: SharedReading<TranslationReading>
  anchor: string
}

/** Tables that no rule names are read whole to be counted: not more than these. */
const mostRead = 16

/**
 * Tables: those of the main ruleset, of our translation and of our security groups with what they were asked; those of the anchors of ports with their
 * sizes alone, because a call of pfctl for each would take seconds.
 *
 * How many addresses a table has is told by the rules that name it: what `pfctl -vv -s Tables` prints as "Addresses" is another number on
 * FreeBSD 15.1.
 */
export function tablesCollector({ pf, rules, translation, anchor }: TablesCollectorOptions): Collector {
  const [natPath, groupsPath] = [`${anchor}/${natAnchor}`, `${anchor}/${groupsAnchor}`]

  return {
    name: 'tables',
    async collect() {
      const byRules = (await rules.recent()).tables
      const { main, ours } = await translation.recent()
      const sizes = [
        ['', merged(byRules.get(''), main.tables.get(''))],
        [natPath, merged(byRules.get(natPath), ours.tables.get(''))],
        [groupsPath, merged(byRules.get(groupsPath))],
      ] as const
      const found = await Promise.all(
        sizes.map(async ([path, named]) => ({ path, named, tables: await pf.tables(path) })),
      )
      const counted: { labels: Labels; table: TableCounters }[] = []
      const sized: { labels: Labels; size: number }[] = []
      let read = 0
      for (const { path, named, tables } of found)
        for (const table of tables) {
          const labels = { table: table.name, anchor: path }
          counted.push({ labels, table })
          const size = named.get(table.name) ?? (read++ < mostRead ? await pf.tableSize(path, table.name) : undefined)
          if (size !== undefined) sized.push({ labels, size })
        }
      for (const [path, named] of byRules)
        if (path.startsWith(`${anchor}/`) && macOfAnchor(path.slice(anchor.length + 1)) !== undefined)
          for (const [table, size] of named) sized.push({ labels: { table, anchor: path }, size })
      return [
        gauge(
          'pf_table_addresses',
          'Addresses and prefixes in a table.',
          rowsOf(sized, ({ size }) => size),
        ),
        counter(
          'pf_table_matches_total',
          'How often a table had the address that it was asked for.',
          rowsOf(counted, ({ table }) => table.matches),
        ),
        counter(
          'pf_table_nomatches_total',
          'How often a table had it not.',
          rowsOf(counted, ({ table }) => table.noMatches),
        ),
        counter(
          'pf_table_packets_in_total',
          'Packets of rules that name a table, in.',
          rowsOf(counted, ({ table }) => table.packetsIn),
        ),
        counter(
          'pf_table_packets_out_total',
          'Packets of rules that name a table, out.',
          rowsOf(counted, ({ table }) => table.packetsOut),
        ),
        counter(
          'pf_table_bytes_in_total',
          'Bytes of rules that name a table, in.',
          rowsOf(counted, ({ table }) => table.bytesIn),
        ),
        counter(
          'pf_table_bytes_out_total',
          'Bytes of rules that name a table, out.',
          rowsOf(counted, ({ table }) => table.bytesOut),
        ),
      ]
    },
  }
}

type Labels = { table: string; anchor: string }

function merged(...maps: (ReadonlyMap<string, number> | undefined)[]): Map<string, number> {
  return new Map(maps.flatMap((map) => [...(map ?? [])]))
}
