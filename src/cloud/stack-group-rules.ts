import type { Stack } from '../contract/stack.ts'
import type { StackGroupRule } from '../contract/stack-network.ts'
import { parseRange } from '../rules/address.ts'
import { isKnown, namesOf, type Path, type Report } from './fault.ts'
import { portsFault } from './port-numbers.ts'
import { defaultGroup, ruleText } from './security-groups.ts'

/** What a schema cannot say of security groups, and of who is in them. */
export function checkGroups(stack: Stack, report: Report): void {
  // A stack has the default group without saying so.
  const known = [...new Set([...namesOf(stack.securityGroups), defaultGroup])]
  for (const [index, { rules }] of (stack.securityGroups ?? []).entries()) {
    const seen = new Map<string, number>()
    for (const [at, rule] of rules.entries()) {
      const path = ['securityGroups', index, 'rules', at]
      checkRule(rule, path, report)
      if (rule.group !== undefined) isKnown(rule.group, known, 'security group', [...path, 'group'], report)
      const said = ruleText(rule)
      const before = seen.get(said)
      if (before !== undefined) report(path, `"${said}" is what rules[${before}] says; leave it out`)
      seen.set(said, at)
    }
  }
  const checkNames = (names: readonly string[] | undefined, path: Path) => {
    for (const [at, name] of (names ?? []).entries()) {
      isKnown(name, known, 'security group', [...path, at], report)
      if (names?.indexOf(name) !== at) report([...path, at], `${name} stands here twice`)
    }
  }
  for (const [index, { securityGroups, networks = [] }] of (stack.instances ?? []).entries()) {
    checkNames(securityGroups, ['instances', index, 'securityGroups'])
    for (const [at, port] of networks.entries())
      if (typeof port !== 'string')
        checkNames(port.securityGroups, ['instances', index, 'networks', at, 'securityGroups'])
  }
}

const withPorts: readonly unknown[] = ['tcp', 'udp', 'sctp']
const withTypes: readonly unknown[] = ['icmp', 'icmp6']
const families: Readonly<Record<string, 4 | 6>> = { icmp: 4, icmp6: 6 }

function checkRule(rule: StackGroupRule, path: Path, report: Report): void {
  const { protocol = 'any', family, ports, icmpType, icmpCode, range, group } = rule
  if (ports !== undefined) {
    const fault = portsFault(ports)
    if (fault) report([...path, 'ports'], fault)
    if (!withPorts.includes(protocol))
      report([...path, 'ports'], `${protocol} has no ports; they are for tcp, udp and sctp, by these names`)
  }
  if (icmpType !== undefined && !withTypes.includes(protocol))
    report([...path, 'icmpType'], `${protocol} has no such types; they are for icmp and icmp6, by these names`)
  if (icmpCode !== undefined && icmpType === undefined)
    report([...path, 'icmpCode'], 'a code is one of a type: say icmpType too')
  if (range !== undefined && group !== undefined)
    report([...path, 'group'], 'the other end is a range or a group: say one of the two, or write two rules')
  const remote = parseRange(range ?? '')
  if (range !== undefined && !remote)
    report(
      [...path, 'range'],
      `${range} is no range; it should look like 192.0.2.0/24, with no bit set behind the prefix`,
    )
  const asked = family === undefined ? undefined : family === 'ipv4' ? 4 : 6
  const own = families[protocol]
  if (asked !== undefined && own !== undefined && asked !== own)
    report([...path, 'family'], `${protocol} is IPv${own}; leave family out`)
  if (remote && asked !== undefined && remote.family !== asked)
    report([...path, 'range'], `${range} is IPv${remote.family}, and family says ${family}`)
  else if (remote && own !== undefined && remote.family !== own)
    report([...path, 'range'], `${range} is IPv${remote.family}, and ${protocol} is IPv${own}`)
}
