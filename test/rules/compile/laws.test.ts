import { describe, expect, test } from 'vitest'
import type { DesiredNetworks } from '../../../src/contract/network.ts'
import { compileRules } from '../../../src/rules/compile/compile.ts'
import type { CompiledAnchor, Why } from '../../../src/rules/compiled.ts'
import { macOfAnchor, nameLimits } from '../../../src/rules/names.ts'
import { parseRuleset } from '../../../src/rules/pf/parse.ts'
import { printRule, printRuleset } from '../../../src/rules/pf/print.ts'
import type { TranslationRule } from '../../../src/rules/pf/rule.ts'
import { checkLaw, type Random, randomOf } from '../../support/random.ts'
import { type RandomModel, randomModel } from '../../support/random-networks.ts'
import { situations } from './situations.ts'

interface Told extends Pick<RandomModel, 'desired' | 'facts'> {
  anchors: readonly CompiledAnchor[]
}

/** Checks a law on every situation, and on random hosts. */
function holds(law: (told: Told, random: Random) => void): void {
  const told = ({ desired, facts }: Omit<Told, 'anchors'>) => ({ facts, ...compileRules(desired, facts) })
  for (const [seed, situation] of situations.entries()) law(told(situation), randomOf(seed))
  checkLaw(60, (random) => law(told(randomModel(random)), random))
}

describe('whatever a host is told', () => {
  test('each filter rule has a label of its own', () => {
    holds(({ anchors }) => {
      const labels = anchors.flatMap(({ filter }) => filter.map(({ label }) => label))
      expect(labels.filter((label) => label === undefined || label.length > nameLimits.label)).toEqual([])
      expect(new Set(labels).size).toBe(labels.length)
    })
  })

  test('the text of a translation rule leads back to whose it is', () => {
    holds(({ anchors }) => {
      const owners = anchors.flatMap(({ translation }) =>
        translation.map((rule) => [printRule(rule), rule.owner] as const),
      )
      expect(new Map(owners).size).toBe(owners.length)
    })
  })

  test('every rule and every table says why it is there, and whose it is', () => {
    holds(({ desired, anchors }) => {
      const ids = new Set(idsOf(desired))
      for (const { reason, owner } of anchors.flatMap(({ tables, translation, filter }) => [
        ...tables,
        ...translation,
        ...filter,
      ])) {
        expect(reason).toMatch(/^[A-Za-z].{9,}$/)
        expect(reason).not.toMatch(/undefined|[0-9a-f]{16}/)
        if (owner.kind !== 'host') expect(ids).toContain(owner.id)
      }
    })
  })

  test('no rule is outside of nat, port-… and sg, and no name is longer than PF takes', () => {
    holds(({ anchors }) => {
      const names = anchors.map(({ name }) => name)
      expect(names.filter((name) => name !== 'nat' && name !== 'sg' && macOfAnchor(name) === undefined)).toEqual([])
      expect(names).toEqual(names.toSorted())
      for (const rule of anchors.flatMap(({ translation, filter }) => [...translation, ...filter]))
        for (const name of rule.on?.names ?? []) expect(name.length).toBeLessThanOrEqual(nameLimits.interface)
      const tables = anchors.flatMap((anchor) => anchor.tables.map(({ name }) => name))
      expect(new Set(tables).size).toBe(tables.length)
      expect(tables.filter((name) => name.length > nameLimits.table)).toEqual([])
    })
  })

  test('every table is spoken of by a rule of its anchor, and every table that a rule speaks of is there', () => {
    holds(({ anchors }) => {
      for (const anchor of anchors) {
        const text = printRuleset({ ...anchor, tables: [] })
        const spoken = new Set([...text.matchAll(/<(\w+)>/g)].map(([, name]) => name))
        expect(spoken).toEqual(new Set(anchor.tables.map(({ name }) => name)))
      }
    })
  })

  test('the order in which it is told changes nothing', () => {
    holds(({ desired, facts, anchors }, random) => {
      expect(textOf(compileRules(shuffled(desired, random), facts).anchors)).toBe(textOf(anchors))
    })
  })

  test('its rules are read back from their text as they were', () => {
    holds(({ anchors }) => {
      for (const { tables, translation, filter } of anchors) {
        const bare = {
          tables: tables.map(withoutWhy),
          translation: translation.map((rule) => withoutWhy(rule) as TranslationRule),
          filter: filter.map(withoutWhy),
        }
        expect(parseRuleset(printRuleset(bare))).toEqual(bare)
      }
    })
  })

  test('P7: only the ranges of its own networks leave under its address, by its outside interface', () => {
    holds(({ desired, facts, anchors }) => {
      const own = new Set(desired.networks.flatMap(({ ipv4 }) => (ipv4?.snat ? [ipv4.range] : [])))
      const snat = anchors.flatMap(({ tables }) => tables).find(({ name }) => name === 'snat')
      const ranges = snat?.addresses.filter((address) => !address.startsWith('!')) ?? []
      expect(ranges.filter((range) => !own.has(range))).toEqual([])
      for (const rule of anchors.flatMap(({ translation }) => translation))
        if (rule.kind === 'nat' && rule.tagged === undefined) expect(rule.on?.names).toEqual([facts.egress?.interface])
    })
  })

  test('P6: no translation rule lets anything by that the security groups have not seen', () => {
    holds(({ anchors }) => {
      for (const rule of anchors.flatMap(({ translation }) => translation))
        expect(printRule(rule)).toMatch(/^(nat|rdr|binat) on /)
    })
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
function shuffled(desired: DesiredNetworks, random: Random): DesiredNetworks {
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
