import type { CompiledAnchor, Reasoned } from '../compiled.ts'
import { hairpinTag, natAnchor } from '../names.ts'
import { tcp, udp } from '../pf/packet.ts'
import type { Match, RdrRule, Table, TranslationRule } from '../pf/rule.ts'
import type { AddressBook } from './address-book.ts'
import { type Entrance, entrances, type Hairpin, hairpinOf } from './outside.ts'
import { address, anybody, end, inTable, on } from './rule-forms.ts'
import type { Situation } from './situation.ts'

interface Part {
  tables?: Reasoned<Table>[]
  rules: Reasoned<TranslationRule>[]
}

const classes = ['nat', 'rdr', 'binat']
const owner = { kind: 'host' } as const
const inet = { family: 'inet', protocols: [], from: anybody, to: anybody } as const satisfies Match

/**
 * All translation of the host. No two rules of a class match one packet, since releases of FreeBSD differ in which of them then wins: addresses that
 * have a floating IP are exceptions of the tables that the other rules go by. Undefined when nothing is translated.
 */
export function natRules(situation: Situation): CompiledAnchor | undefined {
  const { egress, filterLocal } = situation.facts
  if (egress === undefined) return undefined
  const all = entrances(situation)
  const whole = all.filter(({ forward }) => forward === undefined)
  // A second floating IP of one instance leads to it too, but what the instance begins leaves under the first.
  const outward = whole.filter((entrance, at) => whole.findIndex(({ fixed }) => fixed === entrance.fixed) === at)
  const hairpin = hairpinOf(situation)
  const parts = [
    leaving(situation, outward),
    entering(egress.interface, all, outward),
    ...(hairpin ? [fromInside(situation, hairpin, all, outward)] : []),
    ...(filterLocal ? [fromHost(all)] : []),
  ]
  const translation = parts
    .flatMap(({ rules }) => rules)
    .sort((left, right) => classes.indexOf(left.kind) - classes.indexOf(right.kind))
  if (translation.length === 0) return undefined
  return { name: natAnchor, tables: parts.flatMap(({ tables }) => tables ?? []), translation, filter: [] }
}

/** Those without a floating IP leave under the address of the host, where their network says so. */
function leaving({ book, desired, facts: { egress } }: Situation, outward: readonly Entrance[]): Part {
  const ranges = desired.networks.flatMap(({ ipv4 }) => (ipv4?.snat ? [ipv4.range] : []))
  if (egress?.ipv4 === undefined || ranges.length === 0) return { rules: [] }
  const reason = `instances without a floating IP leave under ${egress.ipv4}, the address of this host`
  const from = end([inTable('snat')])
  return {
    tables: [
      {
        name: 'snat',
        addresses: without(book, ranges, outward),
        reason: 'who leaves under the address of this host',
        owner,
      },
    ],
    rules: [{ ...inet, kind: 'nat', on: on(egress.interface), from, target: egress.ipv4, reason, owner }],
  }
}

/** At the outside interface. */
function entering(outside: string, all: readonly Entrance[], outward: readonly Entrance[]): Part {
  return {
    rules: all.map((entrance) => {
      if (!outward.includes(entrance)) return redirect(entrance, [outside], '')
      const { address: target, fixed, title, owner: its } = entrance
      const reason = `${title}: ${target} outside is ${fixed}, both ways`
      return { ...inet, kind: 'binat', on: on(outside), from: end([address(fixed)]), target, reason, owner: its }
    }),
  }
}

/**
 * A packet to an outside address from inside is translated twice on the bridge, or its answer would go straight to who asked, from an address that
 * was never asked: rdr leads it to the instance with a tag, and by the tag nat gives it an outside address as its source.
 */
function fromInside(
  { book, facts: { egress } }: Situation,
  { bridges, networks }: Hairpin,
  all: readonly Entrance[],
  outward: readonly Entrance[],
): Part {
  const tagged = { ...inet, kind: 'nat', on: on(...bridges), tagged: hairpinTag } as const
  const rules: Reasoned<TranslationRule>[] = outward.map(({ fixed, address: target, title, owner: its }) => ({
    ...tagged,
    from: end([address(fixed)]),
    target,
    reason: `${title}: to outside addresses of this host ${fixed} speaks as ${target}`,
    owner: its,
  }))
  rules.push(...all.map((entrance) => ({ ...redirect(entrance, bridges, ', from inside too'), tag: hairpinTag })))
  const own = egress?.ipv4
  if (own === undefined) return { rules }
  const inside = without(
    book,
    networks.map(({ range }) => range),
    outward,
  )
  const reason = `instances without a floating IP speak as ${own} to outside addresses of this host`
  return {
    tables: [{ name: 'inside', addresses: inside, reason: 'who has no floating IP', owner }],
    rules: [...rules, { ...tagged, from: end([inTable('inside')]), target: own, reason, owner }],
  }
}

/** An address that the host itself does not have is not looked for on lo0. */
function fromHost(all: readonly Entrance[]): Part {
  return {
    rules: all.filter(({ routed }) => !routed).map((entrance) => redirect(entrance, ['lo0'], ', from this host too')),
  }
}

function redirect(
  { address: listened, fixed, forward, title, owner: its }: Entrance,
  names: readonly string[],
  who: string,
) {
  const base = {
    ...inet,
    kind: 'rdr',
    on: on(...names),
    to: end([address(listened)]),
    target: fixed,
    owner: its,
  } as const
  if (forward === undefined)
    return { ...base, reason: `${title}: ${listened} leads to ${fixed}${who}` } satisfies Reasoned<RdrRule>
  const { protocol, ports, toPort } = forward
  const outer = ports.from === ports.to ? `${ports.from}` : `${ports.from}-${ports.to}`
  const inner = ports.from === ports.to ? `${toPort}` : `${toPort}-${toPort + ports.to - ports.from}`
  return {
    ...base,
    protocols: [protocol === 'tcp' ? tcp : udp],
    to: { ...base.to, ports: [{ ...ports }] },
    targetPort: toPort,
    reason: `${title}: ${protocol} ${outer} of ${listened} leads to ${inner} of ${fixed}${who}`,
  } satisfies Reasoned<RdrRule>
}

function without(book: AddressBook, ranges: readonly string[], outward: readonly Entrance[]): string[] {
  return book.list(
    ranges,
    outward.map(({ fixed }) => fixed),
  )
}
