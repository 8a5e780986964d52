import type { CompiledAnchor, Reasoned } from '../compiled.ts'
import { hairpinTag, natAnchor } from '../names.ts'
import { tcp, udp } from '../pf/packet.ts'
import type { BinatRule, Match, NatRule, RdrRule, Table, TranslationRule } from '../pf/rule.ts'
import { addressList } from './address-list.ts'
import { type Entrance, entrances } from './outside.ts'
import { address, anybody, end, inTable, on } from './rule-forms.ts'
import type { Situation } from './situation.ts'

const owner = { kind: 'host' } as const
const snatTable = 'snat'
const insideTable = 'inside'
const inet = { family: 'inet', protocols: [], from: anybody, to: anybody } as const satisfies Match

/**
 * All translation of the host. No two rules of a class match one packet, since releases of FreeBSD differ in which of them then wins: addresses that
 * have a floating IP are exceptions of the tables that the other rules go by. Undefined when nothing is translated.
 *
 * A packet to an outside address from inside is translated twice on the bridge, or its answer would go straight to who asked, from an address that
 * it never asked: rdr leads it to the instance with a tag, and by the tag nat gives it an outside address as its source.
 */
export function natRules(situation: Situation): CompiledAnchor | undefined {
  const { desired, facts } = situation
  if (facts.egress === undefined) return undefined
  const { interface: outside, ipv4: own } = facts.egress
  const networks = desired.networks.flatMap(({ name, bridge, ipv4 }) => (ipv4 ? [{ name, bridge, ...ipv4 }] : []))
  const bridges = [...new Set(networks.map(({ bridge }) => bridge))].sort()
  const all = entrances(situation)
  const whole = all.filter(({ forward }) => forward === undefined)
  // A second floating IP of one instance is answered under that address, but the instance itself begins under the first.
  const outward = [...new Map(whole.toReversed().map((entrance) => [entrance.fixed, entrance])).values()].reverse()
  const further = whole.filter((entrance) => !outward.includes(entrance))

  const exceptions = outward.map(({ fixed }) => fixed)
  const snatted = addressList(
    networks.filter(({ snat }) => snat).map(({ range }) => range),
    exceptions,
  )
  const inside = addressList(
    networks.map(({ range }) => range),
    exceptions,
  )
  const tables: Reasoned<Table>[] = []
  const nat: Reasoned<NatRule>[] = []
  const rdr: Reasoned<RdrRule>[] = []
  const binat: Reasoned<BinatRule>[] = []

  if (own !== undefined && networks.some(({ snat }) => snat)) {
    tables.push({ name: snatTable, addresses: snatted, reason: 'who leaves under the address of this host', owner })
    nat.push({
      ...inet,
      kind: 'nat',
      on: on(outside),
      from: end([inTable(snatTable)]),
      target: own,
      reason: `instances without a floating IP leave under ${own}, the address of this host`,
      owner,
    })
  }
  for (const entrance of outward) {
    const { fixed, address: target, title, owner: its } = entrance
    binat.push({
      ...inet,
      kind: 'binat',
      on: on(outside),
      from: end([address(fixed)]),
      target,
      reason: `${title}: ${target} outside is ${fixed}`,
      owner: its,
    })
  }
  for (const entrance of all)
    if (entrance.forward !== undefined || further.includes(entrance))
      rdr.push(redirect(entrance, [outside], `${entrance.title}: ${leads(entrance)}`))
  if (all.length > 0 && bridges.length > 0) {
    for (const { fixed, address: target, title, owner: its } of outward)
      nat.push({
        ...inet,
        kind: 'nat',
        on: on(...bridges),
        from: end([address(fixed)]),
        tagged: hairpinTag,
        target,
        reason: `${title}: to outside addresses of this host ${fixed} speaks as ${target}`,
        owner: its,
      })
    if (own !== undefined) {
      tables.push({ name: insideTable, addresses: inside, reason: 'who has no floating IP', owner })
      nat.push({
        ...inet,
        kind: 'nat',
        on: on(...bridges),
        from: end([inTable(insideTable)]),
        tagged: hairpinTag,
        target: own,
        reason: `instances without a floating IP speak as ${own} to outside addresses of this host`,
        owner,
      })
    }
    for (const entrance of all)
      rdr.push({
        ...redirect(entrance, bridges, `${entrance.title}: ${leads(entrance)}, from inside too`),
        tag: hairpinTag,
      })
  }
  // An address that the host itself does not have is not looked for on lo0.
  if (facts.filterLocal)
    for (const entrance of all)
      if (!entrance.routed)
        rdr.push(redirect(entrance, ['lo0'], `${entrance.title}: ${leads(entrance)}, from this host too`))

  const translation: Reasoned<TranslationRule>[] = [...nat, ...rdr, ...binat]
  return translation.length === 0 ? undefined : { name: natAnchor, tables, translation, filter: [] }
}

function redirect({ address: listened, fixed, forward, owner: its }: Entrance, names: string[], reason: string) {
  const rule: Reasoned<RdrRule> = {
    ...inet,
    kind: 'rdr',
    on: on(...names),
    to: end([address(listened)]),
    target: fixed,
    reason,
    owner: its,
  }
  if (forward === undefined) return rule
  const to = { ...rule.to, ports: [{ ...forward.ports }] }
  return { ...rule, protocols: [forward.protocol === 'tcp' ? tcp : udp], to, targetPort: forward.toPort }
}

function leads({ address: listened, fixed, forward }: Entrance): string {
  if (forward === undefined) return `${listened} leads to ${fixed}`
  const { protocol, ports, toPort } = forward
  const many = ports.from !== ports.to
  const outer = many ? `${ports.from}-${ports.to}` : `${ports.from}`
  const inner = many ? `${toPort}-${toPort + ports.to - ports.from}` : `${toPort}`
  return `${protocol} ${outer} of ${listened} leads to ${inner} of ${fixed}`
}
