import { expect, test } from 'vitest'
import { affects, changesWithTime, parseEvent } from '../../web/shared/events.ts'

test.each([
  ['{"kind":"host","name":"a"}', { kind: 'host', name: 'a' }],
  ['{"kind":"channel","name":"stable","later":1}', { kind: 'channel', name: 'stable' }],
  ['{"kind":"rollout","name":"7"}', undefined],
  ['{"kind":"host"}', undefined],
  ['{"kind":"host","name":7}', undefined],
  ['null', undefined],
  ['half a li', undefined],
])('the data %s is the event %j', (data, event) => {
  expect(parseEvent(data)).toEqual(event)
})

test('an event concerns what it changes and nothing else', () => {
  const paths = ['/hosts', '/hosts/a', '/hosts/ab', '/channels', '/artifacts', '/artifacts/components/a', '/whoami']
  const concerned = (kind: 'host' | 'channel' | 'artifact', name: string) =>
    paths.filter((path) => affects({ kind, name }, path))
  expect(concerned('host', 'a')).toEqual(['/hosts', '/hosts/a'])
  expect(concerned('channel', 'a')).toEqual(['/hosts', '/hosts/a', '/hosts/ab', '/channels'])
  expect(concerned('artifact', 'components/a')).toEqual(['/artifacts', '/artifacts/components/a'])
})

test('an instance concerns its own pages and its stack, and a stack its instances, but none of a longer name', () => {
  const paths = [
    '/instances',
    '/instances/web.db',
    '/instances/web.db/operations',
    '/instances/web.db-1',
    '/instances/webs.db',
    '/stacks',
    '/stacks/web',
    '/stacks/web/revisions/1',
    '/stacks/webs',
    '/volumes',
    '/hosts',
  ]
  const concerned = (kind: 'instance' | 'stack', name: string) => paths.filter((path) => affects({ kind, name }, path))
  expect(concerned('instance', 'web.db')).toEqual([
    '/instances',
    '/instances/web.db',
    '/instances/web.db/operations',
    '/stacks',
    '/stacks/web',
    '/volumes',
  ])
  expect(concerned('stack', 'web')).toEqual([
    '/instances',
    '/instances/web.db',
    '/instances/web.db/operations',
    '/instances/web.db-1',
    '/stacks',
    '/stacks/web',
    '/stacks/web/revisions/1',
    '/volumes',
  ])
})

test('a stack concerns the networks and every rule made of them, an instance where it is, and a host its own rules', () => {
  const networks = ['/networks', '/networks/web.lan', '/security-groups', '/floating-ips']
  const rules = ['/hosts/a/network/rules', '/hosts/ab/network/rules']
  const concerned = (kind: 'stack' | 'instance' | 'host' | 'floating-range', name: string) =>
    [...networks, ...rules, '/floating-ranges'].filter((path) => affects({ kind, name }, path))
  expect(concerned('stack', 'web')).toEqual([...networks, ...rules])
  expect(concerned('instance', 'web.db')).toEqual(networks)
  expect(concerned('host', 'a')).toEqual(['/hosts/a/network/rules'])
  expect(concerned('floating-range', 'outside')).toEqual(['/floating-ips', '/floating-ranges'])
})

test('a host that falls silent changes hosts, instances, stacks and volumes, and is in no event', () => {
  const paths = ['/hosts/a', '/instances', '/instances/web.db', '/stacks', '/volumes', '/channels', '/artifacts']
  expect(paths.filter(changesWithTime)).toEqual(['/hosts/a', '/instances', '/instances/web.db', '/stacks', '/volumes'])
})

test('a history is asked for by the clock, and by no event', () => {
  for (const path of ['/hosts/a/history', '/instances/web.db/history']) {
    expect(affects({ kind: 'host', name: 'a' }, path)).toBe(false)
    expect(affects({ kind: 'instance', name: 'web.db' }, path)).toBe(false)
    expect(changesWithTime(path)).toBe(false)
  }
})
