import { createHash } from 'node:crypto'
import type { DesiredGroupRule } from '../contract/network.ts'
import type { Stack, StackGroup, StackGroupRule, StackInstance } from '../contract/stack.ts'
import { parseRange } from '../rules/address.ts'
import { rangesOf, rangeText } from './network-spec.ts'
import { readPorts } from './port-numbers.ts'

/** The group of instances that name none. */
export const defaultGroup = 'default'

/** What it is where a stack does not say it. */
const implicitDefault: StackGroup = {
  name: defaultGroup,
  rules: [{ direction: 'out' }, { direction: 'in', group: defaultGroup }],
}

/** The groups of a stack, with the default one where something needs it. */
export function groupsOf(stack: Stack): StackGroup[] {
  const declared = stack.securityGroups ?? []
  if (declared.some(({ name }) => name === defaultGroup)) return [...declared]
  const named = [
    ...declared.flatMap(({ rules }) => rules.map(({ group }) => group)),
    ...(stack.instances ?? []).flatMap((instance) =>
      (instance.networks ?? []).flatMap((port) => portGroupsOf(stack, instance, port)),
    ),
  ]
  return named.includes(defaultGroup) ? [...declared, implicitDefault] : [...declared]
}

/** Whether a group is the one that a stack has without saying so. */
export function isImplicit(group: StackGroup): boolean {
  return group === implicitDefault
}

/** The names of the groups that decide for a port. None where there are no addresses, which is what rules go by. */
export function portGroupsOf(
  stack: Stack,
  instance: StackInstance,
  port: NonNullable<StackInstance['networks']>[number],
): string[] {
  const asked = typeof port === 'string' ? { network: port } : port
  const network = stack.networks?.find(({ name }) => name === asked.network)
  if (!network || rangesOf(network).length === 0) return []
  return asked.securityGroups ?? instance.securityGroups ?? [defaultGroup]
}

/** A rule as hosts are told it. `idOf` gives the id of a group of the stack. */
export function desiredRule(rule: StackGroupRule, idOf: (group: string) => string): DesiredGroupRule {
  const { direction, protocol = 'any', ports, icmpType, icmpCode, range, group } = rule
  const remote = parseRange(range ?? '')
  const family = familyOf(rule)
  return {
    id: createHash('sha256').update(ruleText(rule)).digest('hex').slice(0, 8),
    direction,
    ...(family === undefined ? {} : { family }),
    protocol,
    ...(ports === undefined ? {} : { ports: readPorts(ports) }),
    ...(icmpType === undefined
      ? {}
      : { icmp: { type: icmpType, ...(icmpCode === undefined ? {} : { code: icmpCode }) } }),
    ...(remote
      ? { remote: { range: rangeText(remote) } }
      : group === undefined
        ? {}
        : { remote: { group: idOf(group) } }),
  }
}

/** The one family that a rule can be about; undefined for both. */
export function familyOf({ family, protocol, range }: StackGroupRule): 4 | 6 | undefined {
  if (family !== undefined) return family === 'ipv4' ? 4 : 6
  if (protocol === 'icmp') return 4
  if (protocol === 'icmp6') return 6
  return parseRange(range ?? '')?.family
}

/** "in tcp 80 from anybody", "out any to group db over IPv6": all that a rule says. */
export function ruleText(rule: StackGroupRule): string {
  const { direction, protocol = 'any', ports, icmpType, icmpCode, range, group } = rule
  const { from, to } = readPorts(ports ?? 0)
  const remote = parseRange(range ?? '')
  const other = remote ? rangeText(remote) : group === undefined ? 'anybody' : `group ${group}`
  return [
    direction,
    typeof protocol === 'number' ? `protocol ${protocol}` : protocol,
    ...(ports === undefined ? [] : [from === to ? from : `${from}-${to}`]),
    ...(icmpType === undefined ? [] : [`type ${icmpType}`]),
    ...(icmpCode === undefined ? [] : [`code ${icmpCode}`]),
    direction === 'in' ? 'from' : 'to',
    other,
    ...(rule.family === undefined || remote ? [] : [`over ${rule.family === 'ipv4' ? 'IPv4' : 'IPv6'}`]),
  ].join(' ')
}
