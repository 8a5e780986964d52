import { createHash } from 'node:crypto'
import type { DesiredGroupRule } from '../contract/network.ts'
import type { Stack, StackInstance } from '../contract/stack.ts'
import type { StackGroup, StackGroupRule } from '../contract/stack-network.ts'
import { groupRuleText } from '../rules/compile/group-rule-text.ts'
import { canonicalRange, rangesOf } from './network-spec.ts'
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
  const { group } = rule
  return {
    ...meaningOf(rule),
    id: createHash('sha256').update(ruleText(rule)).digest('hex').slice(0, 8),
    ...(group === undefined ? {} : { remote: { group: idOf(group) } }),
  }
}

/** "in tcp 80 from anybody", "out everything to security group db": all that a rule says. */
export function ruleText(rule: StackGroupRule): string {
  return groupRuleText(meaningOf(rule), (name) => name)
}

/** A rule with every default, in which a group is called by its name. */
function meaningOf({
  direction,
  protocol = 'any',
  family,
  ports,
  icmpType,
  icmpCode,
  range,
  group,
}: StackGroupRule): DesiredGroupRule {
  const code = icmpCode === undefined ? {} : { code: icmpCode }
  const remote = range === undefined ? group && { group } : { range: canonicalRange(range) }
  return {
    id: '',
    direction,
    ...(family === undefined ? {} : { family: family === 'ipv4' ? 4 : 6 }),
    protocol,
    ...(ports === undefined ? {} : { ports: readPorts(ports) }),
    ...(icmpType === undefined ? {} : { icmp: { type: icmpType, ...code } }),
    ...(remote ? { remote } : {}),
  }
}
