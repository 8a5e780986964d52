import type {
  DesiredFloatingIp,
  DesiredForward,
  DesiredGroup,
  DesiredNetworkPart,
  DesiredNetworks,
  DesiredPort,
  DesiredRange,
  InstanceMetadata,
} from '../contract/network.ts'
import type { GroupRow, NetworkRows, PortRow } from './network-rows.ts'
import {
  bridgeOf,
  canonical,
  givesAddresses,
  ownIn,
  rangesOf,
  rangeText,
  type SpecRange,
  servedBy,
} from './network-spec.ts'
import { forwardName, targetOf } from './outside.ts'
import { readPorts } from './port-numbers.ts'
import type { InstanceRow, NetworkRow } from './rows.ts'
import { desiredRule } from './security-groups.ts'

/**
 * What a host has to know of networks: those of its instances, also of those on their way out, and nothing of those that still wait for
 * somebody to go. Pure: the same rows make the same text. `rows` has all of every stack that has an instance on the host.
 */
export function desiredNetworks(host: string, rows: NetworkRows): DesiredNetworks {
  const here = rows.instances.filter((row) => row.host === host && !row.held)
  const networks = rows.networks.filter((row) => here.some((instance) => isOn(instance, row)))
  const rowOf = new Map(rows.ports.map((row) => [row.id, row]))
  const ports = here.flatMap((instance) => portsOf(instance, networks, rowOf))
  return {
    networks: sorted(networks.map((network) => partOf(host, network, rows))),
    ports: sorted(ports),
    groups: groupsFor(ports, rows),
    floatingIps: rows.floatingIps.flatMap((row) => floatingIpOf(row, host, rows)),
    forwards: rows.forwards.flatMap((row) => forwardOf(row, host, rows)),
    instances: sorted(here.filter(({ document }) => document.ports.length > 0).map(metadataOf)),
  }
}

function sorted<T extends { id: string }>(things: readonly T[]): T[] {
  return things.toSorted((a, b) => (a.id < b.id ? -1 : 1))
}

export function isOn({ document }: InstanceRow, { stack, name }: NetworkRow): boolean {
  return document.ports.some(({ network }) => network === `${stack}.${name}`)
}

function partOf(host: string, network: NetworkRow, { hostAddresses }: NetworkRows): DesiredNetworkPart {
  const { id, spec } = network
  const own = hostAddresses.filter((row) => row.network === id && row.host === host).map(({ address }) => address)
  const [ipv4, ipv6] = ([4, 6] as const).map((family) => rangesOf(spec).find(({ range }) => range.family === family))
  return {
    id,
    name: `${network.stack}.${network.name}`,
    bridge: bridgeOf(network),
    own: spec.bridge === undefined,
    ...(spec.vlan === undefined ? {} : { vlan: spec.vlan }),
    ...(spec.mtu === undefined ? {} : { mtu: spec.mtu }),
    isolated: spec.isolated ?? false,
    dhcp: givesAddresses(spec),
    ...(ipv4 ? { ipv4: rangeOf(network, ipv4, own) } : {}),
    ...(ipv6 ? { ipv6: rangeOf(network, ipv6, own) } : {}),
  }
}

function rangeOf({ spec: network }: NetworkRow, { spec, range }: SpecRange, own: readonly string[]): DesiredRange {
  const host = ownIn({ spec, range }, own)
  return {
    range: rangeText(range),
    ...(host === undefined ? {} : { host }),
    ...servedBy(network, spec, host),
    routes: (spec.routes ?? []).map(({ to, via }) => ({ to, via: canonical(via) })),
  }
}

function portsOf(
  { id: instance, document }: InstanceRow,
  networks: readonly NetworkRow[],
  rowOf: ReadonlyMap<string, PortRow>,
): DesiredPort[] {
  return document.ports.flatMap(({ id, network: name, mac, addresses }) => {
    const network = networks.find((row) => `${row.stack}.${row.name}` === name)
    if (!network) return []
    const row = rowOf.get(id)
    const bare = addresses.map((address) => address.split('/')[0] ?? '')
    return [
      {
        id,
        instance,
        network: network.id,
        mac,
        addresses: bare,
        allowed: row?.allowed ?? [],
        groups: row?.groups ?? [],
      },
    ]
  })
}

/** The groups of some ports, and those that these name; only the second need all their members. */
function groupsFor(ports: readonly DesiredPort[], rows: NetworkRows): DesiredGroup[] {
  const mine = new Set(ports.flatMap(({ groups }) => groups))
  const idOf = (stack: string) => (name: string) =>
    rows.groups.find((row) => row.stack === stack && row.name === name)?.id ?? ''
  const inForce = rows.groups
    .filter(({ id }) => mine.has(id))
    .map((row) => ({ row, rules: row.spec.rules.map((rule) => desiredRule(rule, idOf(row.stack))) }))
  const named = new Set(
    inForce.flatMap(({ rules }) => rules.flatMap(({ remote }) => (remote && 'group' in remote ? [remote.group] : []))),
  )
  const group = (row: GroupRow, rules: DesiredGroup['rules']): DesiredGroup => ({
    id: row.id,
    name: `${row.stack}.${row.name}`,
    members: named.has(row.id) ? membersOf(row.id, rows) : [],
    rules,
  })
  return sorted([
    ...inForce.map(({ row, rules }) => group(row, rules)),
    ...rows.groups.filter(({ id }) => named.has(id) && !mine.has(id)).map((row) => group(row, [])),
  ])
}

/** The addresses of all who are in a group, wherever they are, and what else these may send from. */
function membersOf(group: string, { instances, ports }: NetworkRows): string[] {
  const rows = new Map(ports.filter(({ groups }) => groups.includes(group)).map((row) => [row.id, row]))
  const addresses = instances
    .filter(({ held }) => !held)
    .flatMap(({ document }) => document.ports)
    .flatMap((port) => {
      const row = rows.get(port.id)
      return row ? [...port.addresses.map((address) => address.split('/')[0] ?? ''), ...row.allowed] : []
    })
  return [...new Set(addresses)].sort()
}

function floatingIpOf(row: NetworkRows['floatingIps'][number], host: string, rows: NetworkRows): DesiredFloatingIp[] {
  const { id, stack, name, address, spec } = row
  const target = holderOf(row, rows)
  if (target?.instance.host !== host) return []
  const routed = rows.ranges.find((range) => range.name === row.range)?.routed ?? false
  const whole = spec.instance === undefined ? {} : { port: target.port.id, fixed: target.fixed }
  return [{ id, name: `${stack}.${name}`, address, ...whole, routed }]
}

/** Whose host has a floating IP: the instance whose address it is, or the one to which its ports lead. */
export function holderOf({ stack, name, spec }: NetworkRows['floatingIps'][number], rows: NetworkRows) {
  if (spec.instance !== undefined) return targetOf(rows, stack, spec)
  const forward = rows.forwards.find((one) => one.stack === stack && one.spec.floatingIp === name)
  return forward && targetOf(rows, stack, forward.spec)
}

function forwardOf(
  { id, stack, spec }: NetworkRows['forwards'][number],
  host: string,
  rows: NetworkRows,
): DesiredForward[] {
  const target = targetOf(rows, stack, spec)
  if (target?.instance.host !== host) return []
  const ports = readPorts(spec.ports)
  const floatingIp = rows.floatingIps.find((one) => one.stack === stack && one.name === spec.floatingIp)
  return [
    {
      id,
      name: forwardName(stack, spec),
      protocol: spec.protocol,
      ...(floatingIp ? { floatingIp: floatingIp.id } : {}),
      ports,
      port: target.port.id,
      fixed: target.fixed,
      toPort: spec.toPort ?? ports.from,
    },
  ]
}

function metadataOf({ id, stack, name, document: { seed } }: InstanceRow): InstanceMetadata {
  return {
    id,
    name,
    stack,
    hostname: seed?.hostname ?? name.slice(stack.length + 1),
    sshKeys: seed?.sshKeys ?? [],
    ...(seed?.userData === undefined ? {} : { userData: seed.userData }),
  }
}
