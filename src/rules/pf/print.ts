import { AppError } from '../../contract/errors.ts'
import { icmp6 } from './packet.ts'
import type {
  AnchorCall,
  End,
  FilterRule,
  Host,
  IcmpType,
  Match,
  Ports,
  Ruleset,
  Table,
  TranslationRule,
} from './rule.ts'

/*
 * Rules as text that pfctl reads, in one canonical form: the same rules are always the same bytes, and parse.ts reads them back. How pfctl itself
 * would list them is list.ts.
 */

/** A file for `pfctl -a … -f -`: a statement a line, in the order that pfctl wants. */
export function printRuleset({ options = [], tables, scrub = [], translation, filter }: Ruleset): string {
  const lines = [
    ...options.map((option) => `set ${option}`),
    ...tables.map(printTable),
    ...scrub,
    ...translation.map(printRule),
    ...filter.map(printRule),
  ]
  return lines.map((line) => `${line}\n`).join('')
}

/** Without the end of its line. */
export function printRule(rule: TranslationRule | FilterRule | AnchorCall): string {
  return words(ruleWords(rule))
}

export function printTable({ name, persist, const: fixed, counters, addresses, keeps }: Table): string {
  return words([
    `table <${name}>`,
    persist && 'persist',
    fixed && 'const',
    counters && 'counters',
    !keeps && (addresses.length === 0 ? '{ }' : `{ ${addresses.join(', ')} }`),
  ])
}

function ruleWords(rule: TranslationRule | FilterRule | AnchorCall): Words {
  switch (rule.kind) {
    case 'anchor':
    case 'nat-anchor':
    case 'rdr-anchor':
    case 'binat-anchor':
      return [rule.kind, quoted(rule.path)]
    case 'filter':
      return [
        rule.action === 'block' ? `block ${rule.returns ? 'return' : 'drop'}` : rule.action,
        rule.direction,
        rule.log && 'log',
        rule.quick && 'quick',
        ...matchWords(rule),
        ...icmpWords(rule),
        rule.tag && `tag ${rule.tag}`,
        rule.tagged && `tagged ${rule.tagged}`,
        rule.anyFlags && 'flags any',
        rule.action === 'pass' && stateWords[rule.state],
        rule.label !== undefined && `label ${quoted(rule.label)}`,
        rule.ridentifier !== undefined && `ridentifier ${rule.ridentifier}`,
      ]
    case 'no nat':
    case 'no rdr':
    case 'no binat':
      return [rule.kind, ...matchWords(rule), rule.tag && `tag ${rule.tag}`, rule.tagged && `tagged ${rule.tagged}`]
    default:
      return [
        rule.kind,
        rule.pass && 'pass',
        ...matchWords(rule),
        rule.tag && `tag ${rule.tag}`,
        rule.tagged && `tagged ${rule.tagged}`,
        `-> ${rule.target}`,
        rule.kind === 'rdr' && rule.targetPort !== undefined && `port ${targetPorts(rule.to, rule.targetPort)}`,
      ]
  }
}

const stateWords = { no: 'no state', keep: 'keep state', 'if-bound': 'keep state (if-bound)' } as const

/** A range outside leads to as many ports, from the first one on. */
function targetPorts(outside: End, first: number): string {
  return outside.ports.some(({ from, to }) => from !== to) ? `${first}:*` : String(first)
}

function matchWords({ on, family, protocols, from, to }: Match): Words {
  const everything = [from, to].every(({ hosts, ports }) => hosts.length === 0 && ports.length === 0)
  return [
    on && on.names.length > 0 && `on ${on.not ? '! ' : ''}${list(on.names)}`,
    family,
    protocols.length > 0 && `proto ${list(protocols.map((protocol) => namedProtocols.get(protocol) ?? protocol))}`,
    everything ? 'all' : `from ${endText(from)} to ${endText(to)}`,
  ]
}

const namedProtocols: ReadonlyMap<number, string> = new Map([
  [1, 'icmp'],
  [6, 'tcp'],
  [17, 'udp'],
  [58, 'icmp6'],
  [132, 'sctp'],
])

function endText({ hosts, ports }: End): string {
  const host = hosts.length === 0 ? 'any' : list(hosts.map(hostText))
  return ports.length === 0 ? host : `${host} port ${list(ports.map(portsText))}`
}

function hostText(host: Host): string {
  if (host.kind === 'any') return 'any'
  return `${host.not ? '! ' : ''}${host.kind === 'table' ? `<${host.table}>` : host.address}`
}

function portsText({ from, to }: Ports): string {
  return from === to ? String(from) : `${from}:${to}`
}

function icmpWords({ icmp, protocols }: FilterRule): Words {
  if (icmp.length === 0) return []
  const text = ({ type, code }: IcmpType) => (code === undefined ? String(type) : `${type} code ${code}`)
  return [`${protocols.includes(icmp6) ? 'icmp6-type' : 'icmp-type'} ${list(icmp.map(text))}`]
}

/** @throws AppError internal for what could end the string and go on as a rule of its own. */
function quoted(text: string): string {
  if (/["\n\\]/.test(text)) throw new AppError('internal', `PF cannot have ${JSON.stringify(text)} in a name or label`)
  return `"${text}"`
}

type Words = readonly (string | false | undefined)[]

function words(all: Words): string {
  return all.filter((word) => word).join(' ')
}

function list(items: readonly (string | number)[]): string {
  return items.length === 1 ? String(items[0]) : `{ ${items.join(', ')} }`
}
