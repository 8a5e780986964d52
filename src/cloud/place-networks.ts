import type { FloatingRange } from '../contract/floating-range.ts'
import type { HostDetail } from '../contract/host.ts'
import type { Stack } from '../contract/stack.ts'
import { parseRange, type Range } from '../rules/address.ts'
import { type Member, membersOf } from './members.ts'
import { hostFacts } from './network-report.ts'
import type { NetworkRows } from './network-rows.ts'
import { canonicalRange, overlap, rangesOf, rangeText } from './network-spec.ts'
import { forwardName } from './outside.ts'
import { type PortRange, portsOverlap, portsText, readPorts } from './port-numbers.ts'

/** What networks make of where an instance may be. */
export interface NetworkNeeds {
  networks: readonly NamedRange[]
  /** What it may send from beside its own addresses. */
  allowed: readonly Range[]
  /** Ports of the host's own address that lead to it. */
  forwards: readonly HostPorts[]
  /** Floating ranges of which it has an address. */
  floating: readonly FloatingRange[]
}

/** A range by the network that has it, "shop.lan", or by what else it is. */
export interface NamedRange {
  name: string
  range: Range
}

export interface HostPorts extends PortRange {
  name: string
  protocol: string
}

/** What is taken on a host: addresses are told apart by their ranges there, and each port of its own leads to one place. */
export interface NetworksThere {
  networks: readonly NamedRange[]
  forwards: readonly HostPorts[]
  /** The addresses that the outside knows the host by, or may: nobody inside may send from them. */
  outside: readonly NamedRange[]
}

/** What an instance of a stack needs; `floatingRanges` says, by name, which range each floating IP of the stack is of. */
export function needsOf(
  stack: Stack,
  { name, spec }: Member,
  floatingRanges: ReadonlyMap<string, FloatingRange>,
): NetworkNeeds {
  const ports = (spec.networks ?? []).map((port) => (typeof port === 'string' ? { network: port } : port))
  const attached = ports.map(({ network }) => network)
  const isMe = ({ instance }: { instance?: string | undefined }) => `${stack.name}.${instance}` === name
  const forwards = (stack.portForwards ?? []).filter(isMe)
  const floatingIps = [
    ...(stack.floatingIps ?? []).filter(isMe).map((one) => one.name),
    ...forwards.flatMap(({ floatingIp }) => floatingIp ?? []),
  ]
  return {
    networks: (stack.networks ?? [])
      .filter((network) => attached.includes(network.name))
      .flatMap((network) => rangesOf(network).map(({ range }) => ({ name: `${stack.name}.${network.name}`, range }))),
    allowed: ports.flatMap(({ allowedAddresses = [] }) =>
      allowedAddresses.flatMap((text) => parseRange(canonicalRange(text)) ?? []),
    ),
    forwards: forwards
      .filter(({ floatingIp }) => floatingIp === undefined)
      .map((one) => ({ name: forwardName(stack.name, one), protocol: one.protocol, ...readPorts(one.ports) })),
    floating: [...new Set(floatingIps.flatMap((one) => floatingRanges.get(one) ?? []))],
  }
}

/**
 * What is taken on a host by those of whom the plan of a stack does not decide: other stacks, and what is on its way out. That are instances of this one
 * that it has no more, and networks of it that a guest has until it starts again.
 */
export function networksThere(host: HostDetail, rows: NetworkRows, stack: Stack): NetworksThere {
  const here = rows.instances.filter((row) => row.host === host.id)
  const members = new Set(membersOf(stack).map(({ name }) => name))
  const declared = new Set((stack.networks ?? []).map(({ name }) => `${stack.name}.${name}`))
  const names = new Set(
    here.flatMap((row) => {
      const stays = row.stack === stack.name && row.document.wanted !== 'absent' && members.has(row.name)
      const attached = row.document.ports.map(({ network }) => network)
      return stays ? attached.filter((network) => !declared.has(network)) : attached
    }),
  )
  return {
    networks: rows.networks
      .filter((row) => names.has(`${row.stack}.${row.name}`))
      .flatMap(({ stack: of, name, spec }) => rangesOf(spec).map(({ range }) => ({ name: `${of}.${name}`, range }))),
    forwards: rows.forwards
      .filter((row) => row.stack !== stack.name && row.spec.floatingIp === undefined)
      .filter((row) => here.some(({ name }) => name === `${row.stack}.${row.spec.instance}`))
      .map(({ stack: of, spec }) => ({
        name: `${of}.${spec.instance}`,
        protocol: spec.protocol,
        ...readPorts(spec.ports),
      })),
    outside: outsideOf(host, rows.ranges),
  }
}

/** Of floating ranges all of it: any of their addresses may come to the host. */
function outsideOf(host: HostDetail, ranges: readonly FloatingRange[]): NamedRange[] {
  const { egress, metadata } = hostFacts(host).facts
  const named = (name: string, text: string | undefined): NamedRange[] => {
    const range = parseRange(canonicalRange(text ?? ''))
    return range ? [{ name, range }] : []
  }
  return [
    ...[egress?.ipv4, egress?.ipv6].flatMap((text) => named(`${text}, the outside address of ${host.name}`, text)),
    ...named(`${metadata?.address}, where ${host.name} tells instances what they are`, metadata?.address),
    ...ranges
      .filter((range) => missingLabel(range, host) === undefined)
      .flatMap(({ name, range }) => named(`addresses of the floating range ${name} (${range})`, range)),
  ]
}

/** A label that a host has to have for the addresses of a range, and has not: "rack=b". */
function missingLabel({ labels = {} }: FloatingRange, host: Pick<HostDetail, 'labels'>): string | undefined {
  const missing = Object.entries(labels).find(([key, value]) => host.labels[key] !== value)
  return missing?.join('=')
}

/** Why a host cannot have an instance, for its networks; undefined when it can. */
export function networkRefusal(
  needs: NetworkNeeds,
  host: NetworksThere & Pick<HostDetail, 'labels'>,
): string | undefined {
  for (const { name, range } of needs.networks) {
    const other = host.networks.find((there) => there.name !== name && overlap(there.range, range))
    if (other)
      return `${rangeText(range)} of ${name} overlaps ${rangeText(other.range)} of ${other.name}, which is there`
  }
  for (const forward of needs.forwards) {
    const other = host.forwards.find((there) => there.protocol === forward.protocol && portsOverlap(there, forward))
    if (other) return `${forward.protocol} ${portsText(forward)} of its own address leads to ${other.name} already`
  }
  for (const range of needs.floating) {
    const label = missingLabel(range, host)
    if (label !== undefined) return `label ${label} missing, which addresses of ${range.name} need`
  }
  for (const range of needs.allowed) {
    const held = host.outside.find((there) => overlap(there.range, range))
    if (held) return `it may send from ${rangeText(range)}, which holds ${held.name}: allow it smaller ranges`
  }
  return undefined
}

/** What is taken on a host when an instance with these needs is there. */
export function withNeeds<T extends NetworksThere>(host: T, { networks, forwards }: NetworkNeeds): T {
  return { ...host, networks: [...host.networks, ...networks], forwards: [...host.forwards, ...forwards] }
}
