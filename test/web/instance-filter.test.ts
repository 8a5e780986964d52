import { describe, expect, test } from 'vitest'
import {
  countStates,
  filterInstances,
  filterQuery,
  type InstanceFilter,
  readFilter,
} from '../../web/instance/filter.ts'
import { byName } from '../../web/instance/order.ts'
import { instanceRow } from './instance-row.ts'

const instances = [
  instanceRow({ name: 'web.front-10', health: 'unhealthy', healthMessage: 'the answer was 503' }),
  instanceRow({ name: 'web.front-2', host: 'xen2', state: 'waiting', reason: 'there is no bridge0' }),
  instanceRow({ name: 'mail.mx', addresses: ['192.0.2.9', '2001:db8::9'], image: null, state: 'backing-off' }),
]
const nothing: InstanceFilter = { text: '', stack: '', host: '', state: '' }
const names = (filter: Partial<InstanceFilter>) =>
  filterInstances(instances, { ...nothing, ...filter }).map(({ name }) => name)

describe('instances are filtered by words', () => {
  const rows: [what: string, text: string, names: string[]][] = [
    ['no word', ' ', ['web.front-10', 'web.front-2', 'mail.mx']],
    ['a part of a name', 'front', ['web.front-10', 'web.front-2']],
    ['a host', 'XEN2', ['web.front-2']],
    ['an address', '2001:db8', ['mail.mx']],
    ['an image and its version', 'debian@12.1.0', ['web.front-10', 'web.front-2']],
    ['a state as it is shown', 'backing off', ['mail.mx']],
    ['why it waits', 'bridge0', ['web.front-2']],
    ['what its check said', '503', ['web.front-10']],
    ['its health', 'unhealthy', ['web.front-10']],
    ['that nothing is known of its health, which is no word', 'no word', []],
    ['two words, of which one does not occur', 'front mx', []],
  ]
  test.each(rows)('%s: %j', (_what, text, found) => {
    expect(names({ text })).toEqual(found)
  })
})

test('stack, host, state and words apply together', () => {
  expect(names({ stack: 'web', host: 'xen2', state: 'waiting', text: 'front' })).toEqual(['web.front-2'])
  expect(names({ stack: 'mail', state: 'waiting' })).toEqual([])
})

test('the counts name every state, also those that no instance is in', () => {
  expect(countStates(instances)).toMatchObject({ running: 1, waiting: 1, 'backing-off': 1, failed: 0, absent: 0 })
})

test('a filter stands in the address and is read back from it; what is not known there filters nothing', () => {
  const filter: InstanceFilter = { text: 'a & 50%', stack: 'web', host: 'xen1', state: 'backing-off' }
  expect(readFilter(new URLSearchParams(filterQuery(filter)))).toEqual(filter)
  expect(filterQuery(nothing)).toBe('')
  expect(readFilter(new URLSearchParams('?state=constructor'))).toEqual(nothing)
})

test('instances are ordered by the numbers in their names', () => {
  expect(byName(instances).map(({ name }) => name)).toEqual(['mail.mx', 'web.front-2', 'web.front-10'])
})
