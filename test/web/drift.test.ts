import { expect, test } from 'vitest'
import type { Channel } from '../../src/contract/channel.ts'
import type { ReleaseSet } from '../../src/contract/release-set.ts'
import { channelsPointingAt } from '../../web/artifact/pointed-at.ts'
import { adoption } from '../../web/channel/adoption.ts'
import { compareSets, componentColumns, drifts, wantedVersions } from '../../web/host/drift.ts'
import { hostRow } from './host-row.ts'

const pointer = (component: string, version: string) => ({
  component,
  version,
  promotedAt: '2026-11-22T00:00:00.000Z',
  promotedBy: 'token admin',
})
const channels: Channel[] = [
  { name: 'stable', hosts: 1, pointers: [pointer('compute', '1.0.0'), pointer('rc', '1.0.0')] },
  { name: 'edge', hosts: 0, pointers: [pointer('compute', '1.1.0')] },
]

function setOf(...components: [name: string, version: string, digit: string][]): ReleaseSet {
  return {
    digest: `sha256:${'0'.repeat(64)}`,
    components: components.map(([name, version, digit]) => ({ name, version, digest: `sha256:${digit.repeat(64)}` })),
  }
}

test('a host drifts where its channel points to another version, and not where the channel says nothing', () => {
  const wanted = wantedVersions(channels).stable
  expect(drifts('1.0.0', wanted?.compute)).toBe(false)
  expect(drifts('1.1.0', wanted?.compute)).toBe(true)
  expect(drifts(undefined, wanted?.rc)).toBe(true)
  expect(drifts('3.0.0', wanted?.network)).toBe(false)
})

test('the columns are what hosts run and what their own channels point to', () => {
  const hosts = [hostRow({ name: 'a', versions: { network: '1.0.0' } })]
  expect(componentColumns(hosts, wantedVersions(channels))).toEqual(['compute', 'network', 'rc'])
  expect(componentColumns([], wantedVersions(channels))).toEqual([])
})

test('current and desired are told apart by version, by digest, and by being there at all', () => {
  const current = setOf(['a', '1.0.0', '1'], ['b', '1.0.0', '2'], ['c', '1.0.0', '3'], ['d', '1.0.0', '4'])
  const desired = setOf(['a', '1.0.0', '1'], ['b', '1.1.0', '5'], ['c', '1.0.0', '6'], ['e', '1.0.0', '7'])
  expect(compareSets(current, desired).map(({ name, state }) => [name, state])).toEqual([
    ['a', 'same'],
    ['b', 'other-version'],
    ['c', 'other-build'],
    ['d', 'extra'],
    ['e', 'missing'],
  ])
})

test('while nothing is desired, what runs is as it should be', () => {
  expect(compareSets(setOf(['a', '1.0.0', '1']), null)).toMatchObject([{ name: 'a', state: 'same' }])
  expect(compareSets(null, null)).toEqual([])
})

test('a pointer counts the hosts that run its very version', () => {
  const hosts = [hostRow({ name: 'a' }), hostRow({ name: 'b', versions: { compute: '1.1.0' } })]
  expect(adoption(pointer('compute', '1.0.0'), hosts)).toBe(1)
  expect(adoption(pointer('network', '1.0.0'), hosts)).toBe(0)
})

test('a release shows the channels that point to it; other repositories with such a name show none', () => {
  expect(channelsPointingAt(channels, 'components/compute', '1.1.0')).toEqual(['edge'])
  expect(channelsPointingAt(channels, 'images/compute', '1.1.0')).toEqual([])
  expect(channelsPointingAt(channels, 'components/compute', '9.9.9')).toEqual([])
})
