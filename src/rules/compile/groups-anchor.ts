import type { DesiredGroupRule } from '../../contract/network.ts'
import type { CompiledAnchor, Reasoned } from '../compiled.ts'
import { groupsAnchor, netsGroup, portsGroup, trunksGroup } from '../names.ts'
import type { FilterRule, Table } from '../pf/rule.ts'
import { groupRule, membersTable, remotesTable } from './group-rule.ts'
import { hairpinRules, hairpinTables } from './hairpin.ts'
import { impostors, lifelines, linksTable, portsTable, servedTable, trunkImpostors } from './lifelines.ts'
import { hairpinOf } from './outside.ts'
import { block, end, inTable, notOn, on, pass } from './rule-forms.ts'
import { addressesOf, rangesOf, type Situation } from './situation.ts'

const owner = { kind: 'host' } as const
const ports = end([inTable(portsTable)])

/**
 * The security groups of the whole host, by address, with what each instance needs to live before them and the end of everything else behind them.
 * Members are tables: an instance that comes or goes changes no rule.
 */
export function groupsRules(situation: Situation): CompiledAnchor {
  const { desired, facts } = situation
  const hairpin = hairpinOf(situation)
  const { rules, tables } = groupParts(situation, hairpin !== undefined)
  const filter = [...impostors(), ...lifelines(facts)]
  if (hairpin) filter.push(...hairpinRules())
  filter.push(
    block({
      direction: 'in',
      on: notOn(netsGroup),
      from: ports,
      label: 'forged',
      reason: 'what comes from an instance of this host comes by its own networks',
      owner,
    }),
  )
  if (desired.networks.some(({ vlan }) => vlan !== undefined))
    filter.push(
      trunkImpostors(trunksGroup),
      pass({
        on: on(trunksGroup),
        state: 'no',
        label: 'trunk',
        reason: 'what crosses the trunk is judged at the ports of both ends',
        owner,
      }),
    )
  return {
    name: groupsAnchor,
    tables: [...hostTables(situation), ...(hairpin ? hairpinTables(situation, hairpin) : []), ...tables],
    translation: [],
    filter: [...filter, ...rules, ...rest()],
  }
}

function hostTables(situation: Situation): Reasoned<Table>[] {
  const links = ['255.255.255.255', 'fe80::/10', 'ff02::/16', ...situation.desired.networks.flatMap(rangesOf)]
  const table = (name: string, addresses: string[], reason: string) => ({ name, addresses, reason, owner })
  return [
    table(portsTable, addressesOf(situation.ports, situation), 'the addresses of all instances of this host'),
    table(linksTable, situation.book.list(links), 'where instances meet whoever serves their networks'),
    table(servedTable, situation.book.list(situation.hostAddresses), "this host's own addresses on its networks"),
  ]
}

/** Only groups that a port of this host is in have rules; the others are there to be named by those. */
function groupParts(situation: Situation, hairpin: boolean) {
  const members = Map.groupBy(
    situation.ports.flatMap((port) => [...new Set(port.groups)].map((group) => ({ group, port }))),
    ({ group }) => group,
  )
  const tables: Reasoned<Table>[] = []
  const rules: Reasoned<FilterRule>[] = []
  const remotes = new Set<string>()
  for (const id of [...members.keys()].sort()) {
    const group = situation.groups.get(id)
    if (group === undefined) continue
    const spoken = eachOnce(group.rules).flatMap((rule) => {
      const forms = groupRule(group, rule, situation, { hairpin })
      if (forms.length > 0 && rule.remote !== undefined && 'group' in rule.remote) remotes.add(rule.remote.group)
      return forms
    })
    if (spoken.length === 0) continue
    rules.push(...spoken)
    tables.push({
      name: membersTable(id),
      addresses: addressesOf(
        (members.get(id) ?? []).map(({ port }) => port),
        situation,
      ),
      reason: `the members of security group ${situation.groupName(id)} on this host`,
      owner: { kind: 'group', id },
    })
  }
  for (const id of [...remotes].sort())
    tables.push({
      name: remotesTable(id),
      addresses: situation.book.list(situation.groups.get(id)?.members ?? [], situation.hostAddresses),
      reason: `all members of security group ${situation.groupName(id)}, of this and of other hosts`,
      owner: { kind: 'group', id },
    })
  return { tables, rules }
}

/** In the order of their ids; what is said twice counts once. */
function eachOnce(rules: readonly DesiredGroupRule[]): DesiredGroupRule[] {
  return rules
    .filter(
      (rule, at) =>
        rules.findIndex((other) => other.id === rule.id && JSON.stringify(other) === JSON.stringify(rule)) === at,
    )
    .sort((left, right) => (left.id < right.id ? -1 : 1))
}

function rest(): Reasoned<FilterRule>[] {
  return [
    block({
      direction: 'out',
      to: ports,
      label: 'drop:in',
      reason: 'no security group of the instance lets this in',
      owner,
    }),
    block({
      direction: 'in',
      from: ports,
      label: 'drop:eg',
      reason: 'no security group of the instance lets this out',
      owner,
    }),
    block({
      on: on(portsGroup),
      label: 'drop:tap',
      reason: 'an instance says and hears nothing by other addresses than its own',
      owner,
    }),
  ]
}
