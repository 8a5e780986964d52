import { expect, test } from 'vitest'
import { affects, parseEvent } from '../../web/shared/events.ts'

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
