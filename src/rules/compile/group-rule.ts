import type { DesiredGroupRule } from '../../contract/network.ts'
import type { Reasoned } from '../compiled.ts'
import { hairpinTag } from '../names.ts'
import { icmp, icmp6, sctp, tcp, udp } from '../pf/packet.ts'
import type { End, Family, FilterRule } from '../pf/rule.ts'
import { type AddressBook, isIpv4 } from './address-book.ts'
import { groupRuleReason } from './group-rule-text.ts'
import { address, anybody, end, inTable, pass } from './rule-forms.ts'
import type { Situation } from './situation.ts'

const numbers = { tcp, udp, sctp, icmp, icmp6 } as const

/** The members of a group on this host: for whom its rules speak. */
export const membersTable = (group: string): string => `g_${group}`
/** All its members everywhere: whom a rule names as the other end. */
export const remotesTable = (group: string): string => `r_${group}`

/**
 * PF's form of one rule of a group. What comes `in` to an instance is judged as it goes `out` to it, and the other way round. With `hairpin` there is a
 * second form before it: of what came to an outside address of this host from inside, translation must see the answer on the bridge again, so its state
 * is that of one interface only. None for a rule that contradicts itself (icmp over IPv6), which nothing can match.
 */
export function groupRule(
  group: { id: string; name: string },
  rule: DesiredGroupRule,
  { book, groupName }: Situation,
  { hairpin }: { hairpin: boolean },
): Reasoned<FilterRule>[] {
  const families = familiesOf(rule)
  if (families.length === 0) return []
  const family = families.length === 1 ? { family: families[0] as Family } : {}
  const label = `sg:${group.id}:${rule.id}`
  const members = end([inTable(membersTable(group.id))])
  const remote = remoteEnd(rule, book)
  const ends = rule.direction === 'in' ? { from: remote, to: members } : { from: members, to: remote }
  const plain = pass({
    ...family,
    ...ends,
    to: { ...ends.to, ports: rule.ports ? [{ ...rule.ports }] : [] },
    direction: rule.direction === 'in' ? 'out' : 'in',
    protocols: rule.protocol === 'any' ? [] : [protocolNumber(rule.protocol)],
    icmp: rule.icmp ? [{ ...rule.icmp }] : [],
    state: 'keep',
    label,
    reason: groupRuleReason(group.name, rule, groupName),
    owner: { kind: 'group', id: group.id },
  })
  if (!hairpin || !families.includes('inet')) return [plain]
  const copy: Reasoned<FilterRule> = {
    ...plain,
    state: 'if-bound',
    tagged: hairpinTag,
    label: `${label}:hp`,
    reason: `${plain.reason}, by way of an outside address of this host`,
  }
  return [copy, plain]
}

export function protocolNumber(protocol: Exclude<DesiredGroupRule['protocol'], 'any'>): number {
  return typeof protocol === 'number' ? protocol : numbers[protocol]
}

/** The families that all parts of the rule agree on. */
function familiesOf({ family, protocol, remote }: DesiredGroupRule): Family[] {
  const said: Family[] = []
  if (family !== undefined) said.push(family === 4 ? 'inet' : 'inet6')
  if (protocol === 'icmp' || protocol === icmp) said.push('inet')
  if (protocol === 'icmp6' || protocol === icmp6) said.push('inet6')
  if (remote !== undefined && 'range' in remote) said.push(isIpv4(remote.range) ? 'inet' : 'inet6')
  return (['inet', 'inet6'] as const).filter((one) => said.every((other) => other === one))
}

function remoteEnd({ remote }: DesiredGroupRule, book: AddressBook): End {
  if (remote === undefined) return anybody
  if ('group' in remote) return end([inTable(remotesTable(remote.group))])
  return book.range(remote.range).prefixLength === 0 ? anybody : end([address(book.text(remote.range))])
}
