import { describe, expect, test } from 'vitest'
import { kindText } from '../../web/artifact/words.ts'
import { problemText } from '../../web/shared/api.ts'
import { bytesText } from '../../web/shared/bytes.ts'
import { shortDigest } from '../../web/shared/digest.ts'
import { addressOf, routeOf } from '../../web/shared/routes.ts'
import { ago, lasting, moment, remaining } from '../../web/shared/time.ts'
import { tokenOf } from '../../web/shared/token-fragment.ts'

describe('how long ago', () => {
  const now = Date.parse('2026-11-22T12:00:00.000Z')
  test.each([
    [-30, 'just now'],
    [4.9, 'just now'],
    [5, '5 s ago'],
    [59.9, '59 s ago'],
    [60, '1 min ago'],
    [3599, '59 min ago'],
    [3600, '1 h ago'],
    [86_399, '23 h ago'],
    [86_400, '1 d ago'],
    [40 * 86_400, '40 d ago'],
  ])('%d seconds are %j', (seconds, text) => {
    expect(ago(new Date(now - seconds * 1000).toISOString(), now)).toBe(text)
  })
  test('a moment is written as in logs, in UTC', () => {
    expect(moment('2026-11-22T02:03:04.567Z')).toBe('2026-11-22 02:03:04 UTC')
  })
})

test.each([
  [-5, '0 s'],
  [59, '59 s'],
  [61, '1 min'],
  [2 * 3600 + 61, '2 h 1 min'],
  [86_400, '1 d'],
])('what began %d seconds ago has lasted %j', (seconds, text) => {
  expect(lasting(new Date(1e12 - seconds * 1000).toISOString(), 1e12)).toBe(text)
})

test.each([
  [-5, '0 s'],
  [0.2, '1 s'],
  [59.5, '1 min 0 s'],
  [100, '1 min 40 s'],
  [3600, '60 min 0 s'],
])('until %d seconds from now it is still %j', (seconds, text) => {
  expect(remaining(new Date(1e12 + seconds * 1000).toISOString(), 1e12)).toBe(text)
})

test.each([
  [0, '0 B'],
  [1023, '1023 B'],
  [1024, '1.0 KiB'],
  [1_500_000, '1.4 MiB'],
  [512 * 1024 ** 2, '512 MiB'],
  [5 * 1024 ** 5, '5120 TiB'],
])('%d bytes are %j', (bytes, text) => {
  expect(bytesText(bytes)).toBe(text)
})

test('a digest is shortened to what names of folders on a host have', () => {
  expect(shortDigest(`sha256:0123456789abcdef${'0'.repeat(48)}`)).toBe('0123456789ab')
})

test.each([
  ['/', { page: 'hosts' }],
  ['/hosts', { page: 'hosts' }],
  ['/hosts/', { page: 'hosts' }],
  ['/hosts/a.example.net', { page: 'host', name: 'a.example.net' }],
  ['/hosts/a/b', { page: 'unknown' }],
  ['/channels', { page: 'channels' }],
  ['/artifacts', { page: 'artifacts' }],
  ['/artifacts/components/compute', { page: 'artifact', repository: 'components/compute' }],
  ['/instances', { page: 'instances' }],
  ['/instances/web.front-0', { page: 'instance', name: 'web.front-0' }],
  ['/instances/web.front-0/console', { page: 'console', name: 'web.front-0' }],
  ['/instances/web.front-0/console/more', { page: 'unknown' }],
  ['/instances/web.front-0/elsewhere', { page: 'unknown' }],
  ['/stacks', { page: 'stacks' }],
  ['/stacks/web', { page: 'stack', name: 'web' }],
  ['/stacks/web/more', { page: 'unknown' }],
  ['/networks', { page: 'networks' }],
  ['/networks/web.lan', { page: 'network', name: 'web.lan' }],
  ['/networks/web.lan/more', { page: 'unknown' }],
  ['/hosts/a/rules', { page: 'host-rules', name: 'a' }],
  ['/hosts/a/rules/more', { page: 'unknown' }],
  ['/nowhere', { page: 'unknown' }],
])('the address %s is the page %j', (address, route) => {
  expect(routeOf(address)).toEqual(route)
})

test('every address that the page links to is one of its pages', () => {
  expect(routeOf(addressOf.host('a'))).toEqual({ page: 'host', name: 'a' })
  expect(routeOf(addressOf.artifact('a/b'))).toEqual({ page: 'artifact', repository: 'a/b' })
  expect(routeOf(addressOf.instances)).toEqual({ page: 'instances' })
  expect(routeOf(addressOf.instance('web.a'))).toEqual({ page: 'instance', name: 'web.a' })
  expect(routeOf(addressOf.console('web.a'))).toEqual({ page: 'console', name: 'web.a' })
  expect(routeOf(addressOf.stacks)).toEqual({ page: 'stacks' })
  expect(routeOf(addressOf.stack('web'))).toEqual({ page: 'stack', name: 'web' })
  expect(routeOf(addressOf.channels)).toEqual({ page: 'channels' })
  expect(routeOf(addressOf.artifacts)).toEqual({ page: 'artifacts' })
  expect(routeOf(addressOf.networks)).toEqual({ page: 'networks' })
  expect(routeOf(addressOf.network('web.lan'))).toEqual({ page: 'network', name: 'web.lan' })
  expect(routeOf(addressOf.hostRules('a'))).toEqual({ page: 'host-rules', name: 'a' })
  expect(routeOf(addressOf.hosts)).toEqual({ page: 'hosts' })
})

test.each([
  ['#token=slw_a_b', 'slw_a_b'],
  ['#token=', undefined],
  ['#top', undefined],
  ['', undefined],
])('the fragment %j carries the token %j', (fragment, token) => {
  expect(tokenOf(fragment)).toBe(token)
})

test.each([
  [404, '{"title":"no such thing","detail":"no host x"}', 'no host x'],
  [404, '{"title":"no such thing"}', 'no such thing'],
  [502, '<html>Bad gateway</html>', 'The server answered with status 502.'],
  [500, 'null', 'The server answered with status 500.'],
])('an answer with %d and the body %s is shown as %j', (status, body, text) => {
  expect(problemText(status, body)).toBe(text)
})

test.each([
  ['application/vnd.oci.image.manifest.v1+json', 'application/vnd.slipway.component.v1', 'component'],
  ['application/vnd.oci.image.index.v1+json', null, 'index of platforms'],
  ['application/vnd.oci.image.manifest.v1+json', 'application/spdx+json', 'application/spdx+json'],
  ['application/x-unheard-of', null, 'application/x-unheard-of'],
])('%s of the type %s is a %s', (mediaType, artifactType, kind) => {
  expect(kindText(mediaType, artifactType)).toBe(kind)
})
