import type { Log } from '../platform/log.ts'
import type { MetricFamily } from './samples.ts'

/** Lines of other programs that a parser did not understand: they are told and counted, and never become a number. */
export interface Unread {
  /** Of one listing, "pfctl -s info": the lines that were not understood. */
  saw(listing: string, lines: readonly string[]): void
  family(): MetricFamily
}

/** Each listing's first lines are logged once; after that they are counted. */
export function openUnread(component: string, log: Log): Unread {
  const counts = new Map<string, number>()
  return {
    saw(listing, lines) {
      if (lines.length === 0) return
      if (!counts.has(listing)) log.warn({ listing, lines: lines.slice(0, 3) }, 'lines that are not understood')
      counts.set(listing, (counts.get(listing) ?? 0) + lines.length)
    },
    family: () => ({
      name: `slipway_${component}_unread_lines_total`,
      help: 'Lines of other programs that were not understood, by what was asked.',
      type: 'counter',
      rows: [...counts].map(([listing, value]) => ({ labels: { listing }, value })),
    }),
  }
}
