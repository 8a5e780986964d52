import { expect, test } from 'vitest'
import type { DesiredNetworks } from '../../../src/contract/network.ts'
import { compileRules } from '../../../src/rules/compile/compile.ts'
import type { HostFacts } from '../../../src/rules/host-facts.ts'
import { printRuleset } from '../../../src/rules/pf/print.ts'
import { desiredNetworks, type NetworksSpec } from '../../support/networks.ts'

const facts: HostFacts = { egress: { interface: 'em0', ipv4: '192.0.2.1' }, filterLocal: false }

const before = {
  networks: [{ name: 'lan', ipv4: { range: '10.0.0.0/24', host: '10.0.0.1', snat: true } }],
  ports: [
    { name: 'web', network: 'lan', addresses: ['10.0.0.11'], groups: ['web'], mac: '00:16:3e:00:00:01' },
    { name: 'db', network: 'lan', addresses: ['10.0.0.12'], groups: ['db'], mac: '00:16:3e:00:00:02' },
  ],
  groups: [
    { name: 'web', rules: [{ direction: 'in', protocol: 'tcp', ports: { from: 80, to: 80 } }] },
    { name: 'db', rules: [{ direction: 'in', protocol: 'tcp', remote: { group: 'web' } }] },
  ],
  floatingIps: [{ name: 'front', address: '192.0.2.51', fixed: '10.0.0.11' }],
} satisfies NetworksSpec

test('a member that joins on another host touches one table and no rule', () => {
  const joined = {
    ...before,
    groups: before.groups.map((group) => (group.name === 'web' ? { ...group, elsewhere: ['10.0.0.99'] } : group)),
  }
  const { tables, rules, anchors } = changes(desiredNetworks(before), desiredNetworks(joined))
  expect(anchors).toEqual([])
  expect(rules).toEqual([])
  expect(tables).toEqual([expect.stringMatching(/^sg r_[0-9a-f]{16}$/)])
})

test('a port that comes touches its own anchor and tables, and no rule of another anchor', () => {
  const come = {
    ...before,
    ports: [
      ...before.ports,
      { name: 'web-1', network: 'lan', addresses: ['10.0.0.13'], groups: ['web'], mac: '00:16:3e:00:00:03' },
    ],
  }
  const { tables, rules, anchors } = changes(desiredNetworks(before), desiredNetworks(come))
  expect(anchors).toEqual(['port-00163e000003'])
  expect(rules).toEqual([])
  expect(tables).toEqual(['sg ports', 'sg behind', expect.stringMatching(/^sg g_/), expect.stringMatching(/^sg r_/)])
})

test('an instance that changes its groups touches tables only', () => {
  const moved = {
    ...before,
    ports: before.ports.map((port) => (port.name === 'web' ? { ...port, groups: ['web', 'db'] } : port)),
  }
  const { rules, anchors } = changes(desiredNetworks(before), desiredNetworks(moved))
  expect(anchors).toEqual([])
  expect(rules).toEqual([])
})

test('a floating IP that moves to another instance touches translation only', () => {
  const moved = { ...before, floatingIps: [{ name: 'front', address: '192.0.2.51', fixed: '10.0.0.12' }] }
  const { tables, rules, anchors } = changes(desiredNetworks(before), desiredNetworks(moved))
  expect(anchors).toEqual([])
  expect(rules).toEqual(['nat'])
  expect(tables).toEqual(['nat snat', 'nat inside'])
})

/** The names of anchors that came or went, of anchors whose rules are others, and of tables of anchors that stay. */
function changes(old: DesiredNetworks, now: DesiredNetworks) {
  const [left, right] = [old, now].map(
    (desired) => new Map(compileRules(desired, facts).anchors.map((anchor) => [anchor.name, anchor])),
  )
  if (!left || !right) throw new Error('two were compiled')
  const stay = [...right.keys()].filter((name) => left.has(name))
  const rulesOf = (anchors: typeof left, name: string) => {
    const { translation = [], filter = [] } = anchors.get(name) ?? {}
    return printRuleset({ tables: [], translation, filter })
  }
  return {
    anchors: [...new Set([...left.keys(), ...right.keys()])].filter((name) => !stay.includes(name)),
    rules: stay.filter((name) => rulesOf(left, name) !== rulesOf(right, name)),
    tables: stay.flatMap((name) => {
      const was = new Map(left.get(name)?.tables.map((table) => [table.name, table.addresses.join()]))
      return (right.get(name)?.tables ?? [])
        .filter((table) => was.get(table.name) !== table.addresses.join())
        .map((table) => `${name} ${table.name}`)
    }),
  }
}
