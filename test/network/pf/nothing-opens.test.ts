import { expect, test } from 'vitest'
import type { DesiredNetworks } from '../../../src/contract/network.ts'
import { type HeldAnchor, type LoadStep, planLoad, rulesDigest } from '../../../src/network/pf/load-plan.ts'
import { compileRules } from '../../../src/rules/compile/compile.ts'
import type { CompiledRules } from '../../../src/rules/compiled.ts'
import { portGroup } from '../../../src/rules/names.ts'
import type { Pf } from '../../../src/rules/pf/machine.ts'
import { opening } from '../../../src/rules/pf/packet.ts'
import { parseRuleset } from '../../../src/rules/pf/parse.ts'
import { printRule } from '../../../src/rules/pf/print.ts'
import { layoutOf } from '../../../src/rules/trace/layout.ts'
import { pfWith } from '../../../src/rules/trace/rules-in-force.ts'
import { type Random, randomOf } from '../../support/random.ts'
import { commonPorts, neighbours, outsiders, randomModel } from '../../support/random-networks.ts'
import { facts, rulesOf, shop, web } from '../support/shop.ts'

const above = 'org.openstack'
const models = 50
const packets = 120

/** The same cloud at some other time: some ports, rules, floating IPs and forwards of it. */
function moment(random: Random, { ports, groups, floatingIps, forwards, ...rest }: DesiredNetworks): DesiredNetworks {
  const there = exchanged(random, random.some(ports, 0.7))
  const has = (port?: string, fixed?: string) =>
    port === undefined || there.some(({ id, addresses }) => id === port && addresses.includes(fixed ?? ''))
  return {
    ...rest,
    ports: there.map((port) => ({ ...port, groups: random.some(port.groups, 0.8) })),
    groups: groups.map((group) => ({ ...group, rules: random.some(group.rules, 0.7) })),
    floatingIps: random.some(floatingIps, 0.7).filter(({ port, fixed }) => has(port, fixed)),
    forwards: random
      .some(forwards, 0.7)
      .filter(({ port, fixed, floatingIp }) => has(port, fixed) && floatingIp === undefined),
  }
}

function take(pf: Pf, step: LoadStep): void {
  const path = `${above}/${step.anchor}`
  if (step.kind === 'load') pf.replaceAnchor(path, parseRuleset(step.text))
  else if (step.kind === 'replace') pf.replaceTable(path, step.table, step.addresses)
  else pf.removeAnchor(path)
}

/** Sometimes two ports of a network change places. */
function exchanged(random: Random, ports: DesiredNetworks['ports']): DesiredNetworks['ports'] {
  const [one, other] = random.shuffled(ports)
  if (!one || !other || one.network !== other.network || random.chance(0.5)) return ports
  return ports.map((port) => {
    if (port === one) return { ...one, addresses: other.addresses }
    return port === other ? { ...other, addresses: one.addresses } : port
  })
}

function held({ anchors }: CompiledRules): Map<string, HeldAnchor> {
  return new Map(
    anchors.map((anchor) => [
      anchor.name,
      {
        rules: rulesDigest(anchor),
        translation: anchor.translation.map(printRule),
        tables: new Map(anchor.tables.map(({ name, addresses }) => [name, addresses])),
      },
    ]),
  )
}

test('between any two steps of a load no packet passes that neither the old rules nor the new ones let pass', () => {
  let judged = 0
  let steps = 0
  for (let seed = 1; seed <= models; seed++) {
    const random = randomOf(seed)
    const { desired, facts: host } = randomModel(random)
    const [before, after] = [moment(random, desired), moment(random, desired)]
    const [old, wanted] = [compileRules(before, host), compileRules(after, host)]
    const { interfaces } = layoutOf(desired, host)
    const [pf, oldPf, newPf] = [old, old, wanted].map((rules) => pfWith(rules, interfaces)) as [Pf, Pf, Pf]
    const addresses = [
      ...desired.ports.flatMap((port) => port.addresses),
      ...desired.floatingIps.map(({ address }) => address),
      ...desired.networks.flatMap(({ ipv4, ipv6 }) => [ipv4?.host, ipv6?.host]),
      ...Object.values(outsiders),
      ...Object.values(neighbours(0)),
    ].filter((address) => address !== undefined)
    const inside = new Set(desired.ports.flatMap((port) => port.addresses))
    const tried = Array.from({ length: packets }, () => {
      const source = random.pick(addresses)
      const same = addresses.filter((address) => address.includes(':') === source.includes(':'))
      const ports = { source: 40_000, destination: random.pick(commonPorts) }
      const packet = opening(random.pick([6, 6, 17]), source, random.pick(same), ports)
      return { packet, on: random.pick(Object.keys(interfaces)), direction: random.pick(['in', 'out'] as const) }
    })
    const closed = tried.filter(
      ({ packet, on, direction }) =>
        // What goes to an instance never leaves the host by its outside interface.
        !(on === host.egress?.interface && direction === 'out' && inside.has(packet.destination)) &&
        [oldPf, newPf].every((one) => one.judge(packet, on, direction).action === 'block'),
    )
    for (const step of planLoad(held(old), wanted)) {
      take(pf, step)
      steps++
      for (const { packet, on, direction } of closed) {
        judged++
        const { action } = pf.judge(packet, on, direction)
        if (action !== 'block')
          expect.fail(
            `seed ${seed}, after ${step.kind} of ${step.anchor}: ${JSON.stringify(packet)} passes ${direction} on ${on}`,
          )
      }
    }
    // In the end it is what was wanted.
    for (const { packet, on, direction } of tried)
      expect(pf.judge(packet, on, direction).action).toBe(newPf.judge(packet, on, direction).action)
  }
  expect(steps).toBeGreaterThan(models)
  expect(judged).toBeGreaterThan(3000)
})

test('a port that takes over the address of another has not what that one was let do, at no step', () => {
  const heir = { name: 'heir', network: 'front', mac: '00:16:3e:00:00:09', addresses: ['10.0.0.12'] }
  const before = shop({ ports: [web, heir] })
  const after = shop({ ports: [{ ...heir, addresses: ['10.0.0.11'] }] })
  const pf = pfWith(rulesOf(before), layoutOf(before, facts).interfaces)
  const judge = () =>
    pf.judge(opening(6, '10.0.0.11', outsiders[4], { destination: 443 }), portGroup(heir.mac), 'in').action
  const actions = planLoad(held(rulesOf(before)), rulesOf(after)).map((step) => {
    take(pf, step)
    return judge()
  })
  expect(actions.length).toBeGreaterThan(3)
  expect(new Set(actions)).toEqual(new Set(['block']))
})
