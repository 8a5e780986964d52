import { addressText, parseAddress } from '../address.ts'
import type { Cursor } from './cursor.ts'
import { icmp, icmp6, sctp, tcp, udp } from './packet.ts'
import type {
  AnchorCall,
  End,
  FilterRule,
  Host,
  IcmpType,
  Match,
  On,
  Ports,
  StateOption,
  TranslationRule,
} from './rule.ts'
import { icmpCodeOf, icmpTypeOf, portOf, protocolOf } from './words.ts'

/*
 * The grammar of rules, pf.conf(5), as far as rule.ts has it. Each function reads from a cursor that stands behind the words which told the rule's
 * kind, and throws what pfctl would say.
 */

/** What the options of a file say for rules that do not say it themselves. */
export interface Defaults {
  state: 'keep' | 'if-bound'
  returns: boolean
}

export function filterRule(cursor: Cursor, action: FilterRule['action'], defaults: Defaults): FilterRule {
  const answer = action === 'block' ? (cursor.takeOneOf(['drop', 'return']) ?? (defaults.returns && 'return')) : 'drop'
  const direction = cursor.takeOneOf(['in', 'out'])
  const logged = cursor.take('log')
  const quick = cursor.take('quick')
  const log = logged || cursor.take('log')
  const rule: FilterRule = {
    kind: 'filter',
    action,
    ...(answer === 'return' && { returns: true }),
    ...(direction && { direction }),
    ...(log && { log: true }),
    quick,
    ...matchOf(cursor),
    icmp: [],
    state: action === 'pass' ? defaults.state : 'no',
  }
  while (filterOption(cursor, rule, defaults));
  cursor.end()
  checkFilter(cursor, rule)
  return rule
}

/** Reads one option into the rule; false when none comes next. */
function filterOption(cursor: Cursor, rule: FilterRule, defaults: Defaults): boolean {
  if (cursor.take('flags')) {
    const flags = cursor.word()
    if (flags === 'any') rule.anyFlags = true
    else if (flags !== 'S/SA') throw cursor.fault(outside(`flags ${flags}`))
  } else if (cursor.take('keep')) {
    cursor.need('state')
    rule.state = stateOption(cursor, defaults)
  } else if (cursor.take('no')) {
    cursor.need('state')
    rule.state = 'no'
  } else if (cursor.take('icmp-type')) rule.icmp = cursor.list(() => icmpType(cursor, icmp))
  else if (cursor.take('icmp6-type')) rule.icmp = cursor.list(() => icmpType(cursor, icmp6))
  else if (cursor.take('tag')) rule.tag = tagName(cursor)
  else if (cursor.take('tagged')) rule.tagged = tagName(cursor)
  else if (cursor.take('label')) {
    if (rule.label !== undefined) throw cursor.fault(outside('a second label'))
    rule.label = cursor.word()
    if (rule.label.length > 63) throw cursor.fault('rule label too long (max 63 chars)')
  } else if (cursor.take('ridentifier')) {
    rule.ridentifier = Number(cursor.word())
    if (!Number.isInteger(rule.ridentifier)) throw cursor.fault()
  } else return false
  return true
}

function stateOption(cursor: Cursor, defaults: Defaults): StateOption {
  if (!cursor.take('(')) return defaults.state
  const state = cursor.takeOneOf(['if-bound', 'floating'])
  if (!state) throw cursor.fault(outside('this option of a state'))
  cursor.need(')')
  return state === 'if-bound' ? 'if-bound' : 'keep'
}

export function translationRule(cursor: Cursor, kind: 'nat' | 'rdr' | 'binat', no: boolean): TranslationRule {
  const pass = !no && cursor.take('pass')
  const match = matchOf(cursor)
  checkPorts(cursor, match)
  const tag = cursor.take('tag') ? tagName(cursor) : undefined
  const tagged = cursor.take('tagged') ? tagName(cursor) : undefined
  const tags = { ...(tag !== undefined && { tag }), ...(tagged !== undefined && { tagged }) }
  if (no) {
    cursor.end()
    return { kind: `no ${kind}`, ...match, ...tags }
  }
  cursor.need('->')
  if (cursor.sees('(') || cursor.sees('{')) throw cursor.fault(outside('a pool of addresses'))
  const common = { ...(pass && { pass: true as const }), ...match, ...tags, target: address(cursor) }
  if (kind === 'rdr') {
    const targetPort = cursor.take('port') ? rdrTarget(cursor) : undefined
    cursor.end()
    return { kind, ...common, ...(targetPort !== undefined && { targetPort }) }
  }
  cursor.end()
  return { kind, ...common }
}

export function anchorCall(cursor: Cursor, kind: AnchorCall['kind']): AnchorCall {
  const path = cursor.word()
  cursor.take('all')
  if (cursor.sees('{')) throw cursor.fault(outside('an anchor with its rules in line'))
  cursor.end()
  return { kind, path }
}

/** An address or a prefix in its canonical form: bits behind the prefix are dropped, as pfctl does, and the prefix of one address too. */
export function address(cursor: Cursor): string {
  const text = cursor.word()
  const [base = '', length] = text.split('/')
  const parsed = parseAddress(base)
  const bits = parsed?.family === 4 ? 32 : 128
  if (!parsed || (length !== undefined && !(/^\d{1,3}$/.test(length) && Number(length) <= bits)))
    throw cursor.fault(`could not parse host specification: no IP address found for ${text}`)
  if (length === undefined || Number(length) === bits) return addressText(parsed)
  const behind = (1n << BigInt(bits - Number(length))) - 1n
  return `${addressText({ ...parsed, value: parsed.value & ~behind })}/${Number(length)}`
}

/** What pfctl would take and this language has no form for. */
export function outside(what: string): string {
  return `${what} is outside the part of pf.conf(5) that is read here`
}

function matchOf(cursor: Cursor): Match {
  const on = cursor.take('on') ? interfaces(cursor) : undefined
  const family = cursor.takeOneOf(['inet', 'inet6'])
  const protocols = cursor.take('proto') ? cursor.list(() => protocol(cursor)) : []
  const none: End = { hosts: [], ports: [] }
  const all = cursor.take('all')
  const from = !all && cursor.take('from') ? end(cursor) : none
  const to = !all && cursor.take('to') ? end(cursor) : none
  return { ...(on && { on }), ...(family && { family }), protocols, from, to }
}

function interfaces(cursor: Cursor): On {
  const not = cursor.take('!')
  const names = cursor.list(() => cursor.word())
  if (names.some((name) => name.length > 15)) throw cursor.fault('interface name too long')
  if (names.length === 0 || (not && names.length > 1)) throw cursor.fault()
  return { not, names }
}

function protocol(cursor: Cursor): number {
  const word = cursor.word()
  const number = protocolOf(word)
  if (number === undefined) throw cursor.fault(`unknown protocol ${word}`)
  return number
}

function end(cursor: Cursor): End {
  const hosts = cursor.list(() => host(cursor))
  const ports = cursor.take('port') ? cursor.list(() => portRange(cursor)) : []
  const any = hosts.length === 1 && hosts[0]?.kind === 'any'
  return { hosts: any ? [] : hosts, ports }
}

function host(cursor: Cursor): Host {
  const not = cursor.take('!')
  if (cursor.sees('<')) return { kind: 'table', not, table: cursor.table() }
  if (cursor.take('any')) return { kind: 'any' }
  return { kind: 'address', not, address: address(cursor) }
}

function portRange(cursor: Cursor): Ports {
  cursor.take('=')
  const word = cursor.word()
  const [from, to = from, more] = word.split(':').map((part) => portOf(part))
  if (from === undefined || to === undefined || more !== undefined) throw cursor.fault(`unknown port ${word}`)
  return { from, to }
}

/** `80`, or `80:*` for as many as there are outside. */
function rdrTarget(cursor: Cursor): number {
  const word = cursor.word()
  const port = portOf(word.replace(/:\*$/, ''))
  if (port === undefined) throw cursor.fault(`unknown port ${word}`)
  return port
}

function tagName(cursor: Cursor): string {
  const name = cursor.word()
  if (name.length > 63) throw cursor.fault('tag too long, max 63 chars')
  return name
}

function icmpType(cursor: Cursor, of: number): IcmpType {
  const word = cursor.word()
  const type = icmpTypeOf(of, word)
  if (type === undefined) throw cursor.fault(`unknown ${of === icmp ? 'icmp' : 'icmp6'}-type ${word}`)
  if (!cursor.take('code')) return { type }
  const codeWord = cursor.word()
  const code = icmpCodeOf(of, type, codeWord)
  if (code === undefined) throw cursor.fault(`unknown icmp-code ${codeWord}`)
  return { type, code }
}

function checkFilter(cursor: Cursor, rule: FilterRule): void {
  checkPorts(cursor, rule)
  if (rule.icmp.length === 0) return
  if (!rule.protocols.every((number) => number === icmp || number === icmp6) || rule.protocols.length === 0)
    throw cursor.fault('icmp-type/code only applies to icmp')
  if (!rule.family) throw cursor.fault('must indicate address family with icmp-type/code')
}

function checkPorts(cursor: Cursor, { protocols, from, to }: Match): void {
  const withPorts = protocols.length > 0 && protocols.every((number) => [tcp, udp, sctp].includes(number))
  if (!withPorts && from.ports.length + to.ports.length > 0) throw cursor.fault('port only applies to tcp/udp/sctp')
}
