import type { HostSummary } from '../../src/contract/host.ts'
import { conditionOrder } from './words.ts'

export type HostColumn = 'name' | 'condition' | 'channel' | 'lastSeenAt'

export interface HostOrder {
  by: HostColumn
  descending: boolean
}

const names = new Intl.Collator('en', { numeric: true })

const comparisons: { readonly [C in HostColumn]: (a: HostSummary, b: HostSummary) => number } = {
  name: (a, b) => names.compare(a.name, b.name),
  condition: (a, b) => conditionOrder.indexOf(a.condition) - conditionOrder.indexOf(b.condition),
  channel: (a, b) => names.compare(a.channel, b.channel),
  // The host seen last comes first; one never seen comes at the end.
  lastSeenAt: (a, b) => names.compare(b.lastSeenAt ?? '', a.lastSeenAt ?? ''),
}

/** The hosts in an order; equals stand by name (host2 before host10), whatever the direction. */
export function sortHosts(hosts: readonly HostSummary[], { by, descending }: HostOrder): HostSummary[] {
  const sign = descending ? -1 : 1
  return hosts.toSorted((a, b) => sign * comparisons[by](a, b) || comparisons.name(a, b))
}
