import { describe, expect, test } from 'vitest'
import { countConditions, filterHosts, filterQuery, type HostFilter, readFilter } from '../../web/host/filter.ts'
import { hostRow } from './host-row.ts'

const hosts = [
  hostRow({ name: 'ams1', labels: { rack: 'a1' } }),
  hostRow({ name: 'ams2', labels: { rack: 'a2' }, condition: 'silent', reason: 'no report for 400 s' }),
  hostRow({ name: 'fra1', channel: 'edge', versions: { compute: '1.1.0' }, condition: 'rolled-back' }),
]
const nothing: HostFilter = { text: '', channel: '', condition: '' }

describe('hosts are filtered by words', () => {
  const rows: [what: string, text: string, names: string[]][] = [
    ['no word', '  ', ['ams1', 'ams2', 'fra1']],
    ['a part of a name', 'ams', ['ams1', 'ams2']],
    ['a label and its value', 'rack=a2', ['ams2']],
    ['a component and its version', 'compute@1.1.0', ['fra1']],
    ['the channel', 'edge', ['fra1']],
    ['the condition as it is shown', 'Rolled back', ['fra1']],
    ['the reason', '400', ['ams2']],
    ['two words, both of which must occur', 'ams rack=a1', ['ams1']],
    ['two words of which one does not occur', 'ams fra', []],
    ['the end of one field and the beginning of the next', 'ams1stable', []],
  ]
  test.each(rows)('%s: %j', (_what, text, names) => {
    expect(filterHosts(hosts, { ...nothing, text }).map(({ name }) => name)).toEqual(names)
  })
})

test('channel, condition and words apply together', () => {
  const both = filterHosts(hosts, { text: 'ams', channel: 'stable', condition: 'silent' })
  expect(both.map(({ name }) => name)).toEqual(['ams2'])
  expect(filterHosts(hosts, { ...nothing, channel: 'stable', condition: 'rolled-back' })).toEqual([])
})

test('the counts name every condition, also those that no host is in', () => {
  expect(countConditions(hosts)).toEqual({
    stuck: 0,
    'rolled-back': 1,
    unhealthy: 0,
    silent: 1,
    waiting: 0,
    updating: 0,
    enrolled: 0,
    healthy: 1,
  })
})

test('a filter stands in the address and is read back from it', () => {
  const filter: HostFilter = { text: 'rack=a1 & 50%', channel: 'edge', condition: 'silent' }
  expect(readFilter(new URLSearchParams(filterQuery(filter)))).toEqual(filter)
  expect(filterQuery(nothing)).toBe('')
})

test('a condition in the address that does not exist filters nothing', () => {
  expect(readFilter(new URLSearchParams('?condition=constructor'))).toEqual(nothing)
})
