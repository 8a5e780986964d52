import type { HostCondition, HostSummary } from '../../src/contract/host.ts'
import { conditionOrder, conditions } from './words.ts'

/** Which hosts are shown. An empty value filters nothing. */
export interface HostFilter {
  /** Words, all of which must occur: in the name, `label=value`, `component@version`, channel, condition or reason. */
  text: string
  channel: string
  condition: HostCondition | ''
}

/** Reads a filter from the query of the page's address; what it does not know filters nothing. */
export function readFilter(query: URLSearchParams): HostFilter {
  const condition = query.get('condition')
  return {
    text: query.get('q') ?? '',
    channel: query.get('channel') ?? '',
    condition: conditionOrder.find((known) => known === condition) ?? '',
  }
}

/** The query of the page's address for a filter, with its question mark; empty when nothing is filtered. */
export function filterQuery({ text, channel, condition }: HostFilter): string {
  const query = new URLSearchParams()
  if (text) query.set('q', text)
  if (channel) query.set('channel', channel)
  if (condition) query.set('condition', condition)
  return query.size === 0 ? '' : `?${query}`
}

export function filterHosts(hosts: readonly HostSummary[], { text, channel, condition }: HostFilter): HostSummary[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean)
  return hosts.filter(
    (host) =>
      (channel === '' || host.channel === channel) &&
      (condition === '' || host.condition === condition) &&
      (words.length === 0 || containsAll(searchText(host), words)),
  )
}

/** How many hosts are in each condition. */
export function countConditions(hosts: readonly HostSummary[]): Record<HostCondition, number> {
  const counts = Object.fromEntries(conditionOrder.map((condition) => [condition, 0])) as Record<HostCondition, number>
  for (const { condition } of hosts) counts[condition]++
  return counts
}

function containsAll(text: string, words: readonly string[]): boolean {
  return words.every((word) => text.includes(word))
}

function searchText({ name, channel, condition, reason = '', labels, versions }: HostSummary): string {
  return [
    name,
    channel,
    condition,
    conditions[condition].label,
    reason,
    ...Object.entries(labels).map(([key, value]) => `${key}=${value}`),
    ...Object.entries(versions).map(([component, version]) => `${component}@${version}`),
  ]
    .join('\n')
    .toLowerCase()
}
