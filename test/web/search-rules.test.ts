import { expect, test } from 'vitest'
import { countRules, searchRules } from '../../web/network/search-rules.ts'

const anchors = [
  {
    name: 'org.openstack/nat',
    tables: [{ name: 'nofip', addresses: ['10.0.0.0/24'], reason: 'who has no floating IP' }],
    rules: [],
  },
  {
    name: 'org.openstack/sg',
    tables: [],
    rules: [
      { text: 'pass out quick proto tcp from any to <g_1> port 80', reason: 'security group shop.web lets tcp 80 in' },
      { text: 'block drop out quick from any to <ports>', reason: 'what no security group lets in' },
    ],
  },
]

test('rules are found by all words, in what they say, why they are there, and where', () => {
  expect(countRules(searchRules(anchors, { text: '' }))).toBe(2)
  expect(searchRules(anchors, { text: 'Shop.web 80' }).map(({ name, rules }) => [name, rules.length])).toEqual([
    ['org.openstack/sg', 1],
  ])
  expect(searchRules(anchors, { text: '10.0.0.0' }).map(({ name }) => name)).toEqual(['org.openstack/nat'])
  expect(searchRules(anchors, { text: 'shop.web 81' })).toEqual([])
})
