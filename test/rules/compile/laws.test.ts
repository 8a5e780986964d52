import { describe, expect, test } from 'vitest'
import type { DesiredNetworks } from '../../../src/contract/network.ts'
import { compileRules } from '../../../src/rules/compile/compile.ts'
import type { CompiledAnchor, Why } from '../../../src/rules/compiled.ts'
import { macOfAnchor, nameLimits } from '../../../src/rules/names.ts'
import { parseRuleset } from '../../../src/rules/pf/parse.ts'
import { printRule, printRuleset } from '../../../src/rules/pf/print.ts'
import type { TranslationRule } from '../../../src/rules/pf/rule.ts'
import { randomOf } from '../../support/random.ts'
import { type RandomModel, randomModel } from '../../support/random-networks.ts'
import { situations } from './situations.ts'

const models = Array.from({ length: 60 }, (_, seed) => randomModel(randomOf(1000 + seed)))
const all: Pick<RandomModel, 'desired' | 'facts'>[] = [...models, ...situations]
const compiled = all.map(({ desired, facts }) => compileRules(desired, facts))

describe('whatever a host is told', () => {
  test('each filter rule has a label of its own', () => {
    for (const { anchors } of compiled) {
      const labels = anchors.flatMap(({ filter }) => filter.map(({ label }) => label))
      expect(labels.filter((label) => label === undefined || label.length > nameLimits.label)).toEqual([])
      expect(new Set(labels).size).toBe(labels.length)
    }
  })

  test('the text of a translation rule leads back to whose it is', () => {
    for (const { anchors } of compiled) {
      const owners = anchors.flatMap(({ translation }) =>
        translation.map((rule) => [printRule(rule), rule.owner] as const),
      )
      expect(new Map(owners).size).toBe(owners.length)
    }
  })

  test('every rule and every table says why it is there, and whose it is', () => {
    for (const [at, { anchors }] of compiled.entries()) {
      const ids = new Set(idsOf(all[at]?.desired as DesiredNetworks))
      for (const { reason, owner } of anchors.flatMap(({ tables, translation, filter }) => [
        ...tables,
        ...translation,
        ...filter,
      ])) {
        expect(reason).toMatch(/^[A-Za-z].{9,}$/)
        expect(reason).not.toMatch(/undefined|[0-9a-f]{16}/)
        if (owner.kind !== 'host') expect(ids).toContain(owner.id)
      }
    }
  })

  test('no rule is outside of nat, port-… and sg, and no name is longer than PF takes', () => {
    for (const { anchors } of compiled) {
      const names = anchors.map(({ name }) => name)
      expect(names.filter((name) => name !== 'nat' && name !== 'sg' && macOfAnchor(name) === undefined)).toEqual([])
      expect(names).toEqual(names.toSorted())
      for (const rule of anchors.flatMap(({ translation, filter }) => [...translation, ...filter]))
        for (const name of rule.on?.names ?? []) expect(name.length).toBeLessThanOrEqual(nameLimits.interface)
      const tables = anchors.flatMap((anchor) => anchor.tables.map(({ name }) => name))
      expect(new Set(tables).size).toBe(tables.length)
      expect(tables.filter((name) => name.length > nameLimits.table)).toEqual([])
    }
  })

  test('every table is spoken of by a rule of its anchor, and every table that a rule speaks of is there', () => {
    for (const anchor of compiled.flatMap(({ anchors }) => anchors)) {
      const text = printRuleset({ ...anchor, tables: [] })
      const spoken = new Set([...text.matchAll(/<(\w+)>/g)].map(([, name]) => name))
      expect(spoken).toEqual(new Set(anchor.tables.map(({ name }) => name)))
    }
  })

  test('the order in which it is told changes nothing', () => {
    for (const [at, { desired, facts }] of all.entries())
      expect(textOf(compileRules(shuffled(desired, at), facts).anchors)).toBe(textOf(compiled[at]?.anchors ?? []))
  })

  test('its rules are read back from their text as they were', () => {
    for (const { tables, translation, filter } of compiled.flatMap(({ anchors }) => anchors)) {
      const bare = {
        tables: tables.map(withoutWhy),
        translation: translation.map((rule) => withoutWhy(rule) as TranslationRule),
        filter: filter.map(withoutWhy),
      }
      expect(parseRuleset(printRuleset(bare))).toEqual(bare)
    }
  })

  test('P7: only the ranges of its own networks leave under its address, by its outside interface', () => {
    for (const [at, { anchors }] of compiled.entries()) {
      const { desired, facts } = all[at] as RandomModel
      const own = new Set(desired.networks.flatMap(({ ipv4 }) => (ipv4?.snat ? [ipv4.range] : [])))
      const snat = anchors.flatMap(({ tables }) => tables).find(({ name }) => name === 'snat')
      const ranges = snat?.addresses.filter((address) => !address.startsWith('!')) ?? []
      expect(ranges.filter((range) => !own.has(range))).toEqual([])
      for (const rule of anchors.flatMap(({ translation }) => translation))
        if (rule.kind === 'nat' && rule.tagged === undefined) expect(rule.on?.names).toEqual([facts.egress?.interface])
    }
  })

  test('P6: no translation rule lets anything by that the security groups have not seen', () => {
    for (const rule of compiled.flatMap(({ anchors }) => anchors.flatMap(({ translation }) => translation)))
      expect(printRule(rule)).toMatch(/^(nat|rdr|binat) on /)
  })
})

/** What is printed of it. */
function withoutWhy<T extends Why>({ reason: _, owner: __, ...rest }: T): Omit<T, keyof Why> {
  return rest
}

function textOf(anchors: readonly CompiledAnchor[]): string {
  const reasons = anchors.map(({ tables, translation, filter }) =>
    [...tables, ...translation, ...filter].map(({ reason }) => reason),
  )
  return [...anchors.map((anchor) => `${anchor.name}\n${printRuleset(anchor)}`), ...reasons.flat()].join('\n')
}

function idsOf({ ports, groups, floatingIps, forwards }: DesiredNetworks): string[] {
  return [ports, groups, floatingIps, forwards].flatMap((things) => things.map(({ id }) => id))
}

/** All lists in another order, but for the addresses of a port: which one is first means something. */
function shuffled(desired: DesiredNetworks, seed: number): DesiredNetworks {
  const random = randomOf(seed)
  return {
    networks: random.shuffled(desired.networks),
    ports: random.shuffled(desired.ports).map((port) => ({
      ...port,
      allowed: random.shuffled(port.allowed),
      groups: random.shuffled(port.groups),
    })),
    groups: random.shuffled(desired.groups).map((group) => ({
      ...group,
      members: random.shuffled(group.members),
      rules: random.shuffled(group.rules),
    })),
    floatingIps: random.shuffled(desired.floatingIps),
    forwards: random.shuffled(desired.forwards),
    instances: random.shuffled(desired.instances),
  }
}
