import { expect, test } from 'vitest'
import { sortHosts } from '../../web/host/sort.ts'
import { hostRow } from './host-row.ts'

const hosts = [
  hostRow({ name: 'xen10', condition: 'healthy', lastSeenAt: '2026-11-22T00:00:02.000Z' }),
  hostRow({ name: 'xen2', condition: 'stuck', lastSeenAt: '2026-11-22T00:00:01.000Z' }),
  hostRow({ name: 'xen1', condition: 'healthy', lastSeenAt: null }),
]
const names = (by: Parameters<typeof sortHosts>[1]['by'], descending = false) =>
  sortHosts(hosts, { by, descending }).map(({ name }) => name)

test('names are ordered by the numbers in them', () => {
  expect(names('name')).toEqual(['xen1', 'xen2', 'xen10'])
  expect(names('name', true)).toEqual(['xen10', 'xen2', 'xen1'])
})

test('by condition, those that need a person come first, and equals stand by name in either direction', () => {
  expect(names('condition')).toEqual(['xen2', 'xen1', 'xen10'])
  expect(names('condition', true)).toEqual(['xen1', 'xen10', 'xen2'])
})

test('by last seen, a host that was never seen comes last', () => {
  expect(names('lastSeenAt')).toEqual(['xen10', 'xen2', 'xen1'])
})
