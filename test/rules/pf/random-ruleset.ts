import type {
  AnchorCall,
  End,
  FilterRule,
  Host,
  Match,
  Ruleset,
  Table,
  TranslationRule,
} from '../../../src/rules/pf/rule.ts'
import type { Random } from '../../support/random.ts'

const addresses = {
  inet: ['10.0.0.11', '10.0.0.0/24', '192.0.2.51', '0.0.0.0'],
  inet6: ['2001:db8::11', '2001:db8::/64', 'fe80::1', '::'],
}
const names = ['tap1', 'bridge0', 'osport', 'p0a1b2c3d4x', 'ext0']
const tags = ['HAIRPIN', 'T1']

/** Any ruleset of the language, as it is read back: each rule has at least one combination that is possible. */
export function randomRuleset(random: Random): Ruleset {
  const several = <Item>(most: number, item: () => Item) => Array.from({ length: random.integer(most + 1) }, item)
  const maybe = <Item extends object>(probability: number, item: Item) => (random.chance(probability) ? item : {})
  const family = () => random.pick(['inet', 'inet6'] as const)

  const host = (of: 'inet' | 'inet6'): Host =>
    random.chance(0.4)
      ? { kind: 'table', not: random.chance(0.3), table: random.pick(['ports', 'g_1', 'own']) }
      : { kind: 'address', not: random.chance(0.3), address: random.pick(addresses[of]) }
  const port = () => {
    const from = 1 + random.integer(65_000)
    return { from, to: random.chance(0.5) ? from : from + random.integer(500) }
  }
  const end = (of: 'inet' | 'inet6', ports: boolean): End => ({
    hosts: several(3, () => host(of)),
    ports: ports ? several(2, port) : [],
  })
  const match = (of: 'inet' | 'inet6', protocols: number[]): Match => {
    const ports = protocols.length > 0 && protocols.every((number) => [6, 17, 132].includes(number))
    const not = random.chance(0.2)
    return {
      ...maybe(0.7, { on: { not, names: not ? [random.pick(names)] : random.some(names, 0.3).concat('lo0') } }),
      ...maybe(0.6, { family: of }),
      protocols,
      from: end(of, ports),
      to: end(of, ports),
    }
  }
  const withTags = () => ({ ...maybe(0.2, { tag: random.pick(tags) }), ...maybe(0.2, { tagged: random.pick(tags) }) })
  const call = (kind: AnchorCall['kind']): AnchorCall => ({
    kind,
    path: random.pick(['org.openstack/*', 'x', 'a b/c']),
  })

  const filter = (): FilterRule => {
    const of = family()
    const type = random.chance(0.2)
    const protocols = type ? [of === 'inet' ? 1 : 58] : random.pick([[], [6], [17, 6], [132], [47], [1], [6, 1]])
    const action = random.pick(['pass', 'block', 'match'] as const)
    const codes = () => ({ type: random.integer(256), ...maybe(0.3, { code: random.integer(16) }) })
    return {
      kind: 'filter',
      action,
      ...(action === 'block' && maybe(0.3, { returns: true as const })),
      ...maybe(0.7, { direction: random.pick(['in', 'out'] as const) }),
      ...maybe(0.1, { log: true as const }),
      quick: random.chance(0.5),
      ...match(of, protocols),
      ...(type && { family: of }),
      icmp: type ? several(3, codes) : [],
      state: action === 'pass' ? random.pick(['no', 'keep', 'if-bound'] as const) : 'no',
      ...maybe(0.1, { anyFlags: true as const }),
      ...withTags(),
      ...maybe(0.6, { label: random.pick(['sg:0011223344556677:8899aabb', 'with blanks', 'p1:spoof']) }),
      ...maybe(0.1, { ridentifier: random.integer(1000) }),
    }
  }
  const translation = (): TranslationRule => {
    const of = family()
    const common = { ...match(of, random.pick([[], [6], [17]])), ...withTags() }
    const kind = random.pick(['nat', 'rdr', 'binat'] as const)
    if (random.chance(0.2)) return { kind: `no ${kind}`, ...common }
    const target = addresses[of][0] ?? ''
    const translated = { ...common, ...maybe(0.1, { pass: true as const }), target }
    return kind === 'rdr'
      ? { kind, ...translated, ...maybe(0.5, { targetPort: 1 + random.integer(65_000) }) }
      : { kind, ...translated }
  }
  const table = (): Table => ({
    name: random.pick(['ports', 'g_0011223344556677', 'own']),
    ...maybe(0.2, { persist: true as const }),
    ...maybe(0.1, { const: true as const }),
    ...maybe(0.1, { counters: true as const }),
    ...(random.chance(0.2)
      ? { addresses: [], keeps: true as const }
      : { addresses: several(4, () => `${random.chance(0.2) ? '!' : ''}${random.pick(addresses[family()])}`) }),
  })
  return {
    ...maybe(0.2, { options: ['skip on lo0', 'keepcounters'] }),
    tables: several(3, table),
    ...maybe(0.1, { scrub: ['scrub in all'] }),
    translation: several(4, () =>
      random.chance(0.2) ? call(random.pick(['nat-anchor', 'rdr-anchor', 'binat-anchor'] as const)) : translation(),
    ),
    filter: several(6, () => (random.chance(0.1) ? call('anchor') : filter())),
  }
}
