import type { Reasoned } from '../compiled.ts'
import { portsGroup } from '../names.ts'
import type { FilterRule, Table } from '../pf/rule.ts'
import { isIpv4 } from './address-book.ts'
import type { Hairpin } from './outside.ts'
import { isRoutedHere } from './outside.ts'
import { block, end, inTable, notOn, on, pass } from './rule-forms.ts'
import { addressesOf, type Situation } from './situation.ts'

const owner = { kind: 'host' } as const
const outsideTable = 'outside'
const behindTable = 'behind'

export function hairpinTables(situation: Situation, { outside }: Hairpin): Reasoned<Table>[] {
  const networks = situation.desired.networks.filter(({ ipv4 }) => ipv4 !== undefined && isRoutedHere(ipv4))
  const routed = new Set(networks.map(({ id }) => id))
  const behind = addressesOf(
    situation.ports.filter(({ network }) => routed.has(network)),
    situation,
  )
  return [
    {
      name: outsideTable,
      addresses: situation.book.list(outside),
      reason: 'the outside addresses of this host',
      owner,
    },
    {
      name: behindTable,
      addresses: behind.filter(isIpv4),
      reason: 'the instances that have this host as their router',
      owner,
    },
  ]
}

/**
 * A packet for an outside address must come to the bridge as PF has not seen it: a state made on the tap would be found there, and nothing translated. So
 * the tap lets it by, and the bridge judges it. One that leaves by another way than the bridge was judged by nobody.
 */
export function hairpinRules(): Reasoned<FilterRule>[] {
  const ends = { family: 'inet', from: end([inTable(behindTable)]), to: end([inTable(outsideTable)]), owner } as const
  return [
    pass({
      ...ends,
      direction: 'in',
      on: on(portsGroup),
      state: 'no',
      label: 'hp:tap',
      reason: 'what goes to an outside address of this host is translated and judged on the bridge',
    }),
    block({
      ...ends,
      direction: 'out',
      on: notOn('lo0'),
      label: 'hp:stray',
      reason: 'what goes to an outside address of this host goes there by the bridge, and by no other way',
    }),
  ]
}
