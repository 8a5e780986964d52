import type { DesiredGroupRule } from '../../contract/network.ts'

/**
 * A rule of a security group in words: "in tcp 80 from anybody", "out everything over IPv6 to security group shop.db".
 * @param groupName of a group that is named by its id
 */
export function groupRuleText(rule: DesiredGroupRule, groupName: (id: string) => string): string {
  return `${rule.direction} ${whatText(rule)} ${whomText(rule, groupName)}`
}

/** "security group shop.web lets tcp 80 in from anybody" */
export function groupRuleReason(name: string, rule: DesiredGroupRule, groupName: (id: string) => string): string {
  return `security group ${name} lets ${whatText(rule)} ${rule.direction} ${whomText(rule, groupName)}`
}

function whatText({ protocol, ports, icmp, family }: DesiredGroupRule): string {
  const words = [protocol === 'any' ? 'everything' : typeof protocol === 'number' ? `protocol ${protocol}` : protocol]
  if (ports) words.push(ports.from === ports.to ? `${ports.from}` : `${ports.from}-${ports.to}`)
  if (icmp) words.push(`type ${icmp.type}`)
  if (icmp?.code !== undefined) words.push(`code ${icmp.code}`)
  if (family !== undefined) words.push(`over IPv${family}`)
  return words.join(' ')
}

function whomText({ direction, remote }: DesiredGroupRule, groupName: (id: string) => string): string {
  const preposition = direction === 'in' ? 'from' : 'to'
  if (remote === undefined) return `${preposition} anybody`
  return 'range' in remote
    ? `${preposition} ${remote.range}`
    : `${preposition} security group ${groupName(remote.group)}`
}
