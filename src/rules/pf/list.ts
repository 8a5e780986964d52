import type { KernelEnd, KernelFilterRule, KernelMatch, KernelRule } from './kernel-rule.ts'
import { icmp6, tcp } from './packet.ts'
import type { Host } from './rule.ts'
import { icmpCodeWord, icmpTypeWord, portWord, protocolWord } from './words.ts'

export interface ListOptions {
  /** Ports in numbers (`-P`). */
  numeric?: boolean
  /** How many addresses a table has, which `-vv` shows: "<own:3>". */
  tableSize?: (name: string) => number
}

/** A rule of the kernel as `pfctl -sr` and `-sn` print it back, which is not as it was written: pfctl names what has a name. */
export function listRule(rule: KernelRule, options: ListOptions = {}): string {
  return listed(rule, options)
    .filter((word) => word)
    .join(' ')
}

function listed(rule: KernelRule, options: ListOptions): (string | false | undefined)[] {
  switch (rule.kind) {
    case 'anchor':
    case 'nat-anchor':
    case 'rdr-anchor':
    case 'binat-anchor':
      return [`${rule.kind} "${rule.path}" all`]
    case 'filter':
      return [
        rule.action === 'block' ? `block ${rule.returns ? 'return' : 'drop'}` : rule.action,
        rule.direction,
        rule.log && 'log',
        rule.quick && 'quick',
        ...match(rule, options),
        startsWithSyn(rule) && 'flags S/SA',
        icmp(rule),
        state(rule),
        rule.label !== undefined && `label "${rule.label}"`,
        rule.ridentifier !== undefined && `ridentifier ${rule.ridentifier}`,
        ...tags(rule),
      ]
    case 'no nat':
    case 'no rdr':
    case 'no binat':
      return [rule.kind, ...match(rule, options), ...tags(rule)]
    default:
      return [
        rule.kind,
        rule.pass && 'pass',
        ...match(rule, options),
        ...tags(rule),
        `-> ${rule.target}`,
        rule.kind === 'rdr' && rule.targetPort !== undefined && `port ${targetPorts(rule.to, rule.targetPort)}`,
      ]
  }
}

/** Rules that may begin a connection of TCP do so at a SYN, unless they say `flags any`. */
function startsWithSyn(rule: KernelFilterRule): boolean {
  return rule.action === 'pass' && rule.state !== 'no' && !rule.anyFlags && (rule.protocol ?? tcp) === tcp
}

function state({ action, state: option, anyFlags, protocol }: KernelFilterRule): string | false {
  if (action !== 'pass') return false
  if (option === 'no') return 'no state'
  const flags = anyFlags && (protocol ?? tcp) === tcp ? 'flags any ' : ''
  return `${flags}keep state${option === 'if-bound' ? ' (if-bound)' : ''}`
}

function tags({ tag, tagged }: { tag?: string; tagged?: string }): (string | undefined)[] {
  return [tag && `tag ${tag}`, tagged && `tagged ${tagged}`]
}

function match({ on, family, protocol, from, to }: KernelMatch, options: ListOptions): (string | undefined)[] {
  const everything = [from, to].every(({ host, ports }) => host.kind === 'any' && !ports)
  return [
    on && `on ${on.not ? '! ' : ''}${on.name}`,
    family,
    protocol !== undefined ? `proto ${protocolWord(protocol)}` : undefined,
    everything ? 'all' : `from ${end(from, options)} to ${end(to, options)}`,
  ]
}

function end({ host, ports }: KernelEnd, options: ListOptions): string {
  if (!ports) return hostText(host, options)
  const single = () => `= ${options.numeric ? ports.from : portWord(ports.from)}`
  return `${hostText(host, options)} port ${ports.from === ports.to ? single() : `${ports.from}:${ports.to}`}`
}

function hostText(host: Host, { tableSize }: ListOptions): string {
  if (host.kind === 'any') return 'any'
  const table = (name: string) => (tableSize ? `<${name}:${tableSize(name)}>` : `<${name}>`)
  return `${host.not ? '! ' : ''}${host.kind === 'table' ? table(host.table) : host.address}`
}

function icmp({ icmp: type, protocol = 1 }: KernelFilterRule): string | undefined {
  if (!type) return undefined
  const code = type.code === undefined ? '' : ` code ${icmpCodeWord(protocol, type.type, type.code)}`
  return `${protocol === icmp6 ? 'icmp6-type' : 'icmp-type'} ${icmpTypeWord(protocol, type.type)}${code}`
}

function targetPorts({ ports }: KernelEnd, first: number): string {
  return ports && ports.from !== ports.to ? `${first}:*` : String(first)
}
