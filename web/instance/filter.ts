import type { CloudInstance } from '../../src/contract/cloud-instance.ts'
import { healths, instanceStates, stateOrder } from './words.ts'

/** Which instances are shown. An empty value filters nothing. */
export interface InstanceFilter {
  /** Words, all of which must occur: in the name, host, `image@version`, an address, state, health or reason. */
  text: string
  stack: string
  host: string
  state: CloudInstance['state'] | ''
}

/** Reads a filter from the query of the page's address; what it does not know filters nothing. */
export function readFilter(query: URLSearchParams): InstanceFilter {
  const state = query.get('state')
  return {
    text: query.get('q') ?? '',
    stack: query.get('stack') ?? '',
    host: query.get('host') ?? '',
    state: stateOrder.find((known) => known === state) ?? '',
  }
}

/** The query of the page's address for a filter, with its question mark; empty when nothing is filtered. */
export function filterQuery({ text, stack, host, state }: InstanceFilter): string {
  const given = Object.entries({ q: text, stack, host, state }).filter(([, value]) => value !== '')
  return given.length === 0 ? '' : `?${new URLSearchParams(given)}`
}

export function filterInstances(instances: readonly CloudInstance[], filter: InstanceFilter): CloudInstance[] {
  const words = filter.text.toLowerCase().split(/\s+/).filter(Boolean)
  return instances.filter(
    (one) =>
      (filter.stack === '' || one.stack === filter.stack) &&
      (filter.host === '' || one.host === filter.host) &&
      (filter.state === '' || one.state === filter.state) &&
      (words.length === 0 || containsAll(searchText(one), words)),
  )
}

/** How many instances are in each state. */
export function countStates(instances: readonly CloudInstance[]): Record<CloudInstance['state'], number> {
  const counts = Object.fromEntries(stateOrder.map((state) => [state, 0])) as Record<CloudInstance['state'], number>
  for (const { state } of instances) counts[state]++
  return counts
}

function containsAll(text: string, words: readonly string[]): boolean {
  return words.every((word) => text.includes(word))
}

function searchText({ name, host, state, reason = '', image, addresses, health, healthMessage = '' }: CloudInstance) {
  return [
    name,
    host,
    state,
    instanceStates[state].label,
    reason,
    image ? `${image.name}@${image.version}` : '',
    ...addresses,
    // That nothing is known of it is no word to look for.
    health === 'unknown' ? '' : healths[health].label,
    healthMessage,
  ]
    .join('\n')
    .toLowerCase()
}
