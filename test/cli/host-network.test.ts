import { expect, test } from 'vitest'
import { networkFacts } from '../../src/cli/host-network.ts'

const now = new Date('2026-11-22T12:10:00.000Z')

test('host show says what a host refused of its networks, and what lets it try again', () => {
  const refused = { generation: 7, reason: 'the server was not reached in time', at: '2026-11-22T12:00:00.000Z' }
  expect(networkFacts({ loaded: 6, refused, ports: 2, filterLocal: false }, now)).toEqual([
    ['network', 'generation 6 is in force, 2 ports'],
    ['refused', expect.stringMatching(/^generation 7, .+: the server was not reached in time$/)],
    ['', '`slipway host clear-rejected` on the host lets it be tried again'],
  ])
  expect(networkFacts({ loaded: 7, ports: 1, filterLocal: false }, now)).toEqual([
    ['network', 'generation 7 is in force, 1 port'],
  ])
})
