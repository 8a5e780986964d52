import { AppError } from '../contract/errors.ts'
import type { HostDetail } from '../contract/host.ts'
import type { FloatingIpSummary, GroupSummary, NetworkDetail, NetworkSummary } from '../contract/network-view.ts'
import type { Db } from '../database/open.ts'
import { groupRuleText } from '../rules/compile/group-rule-text.ts'
import { holderOf, isOn } from './desired-networks.ts'
import { type NetworkRows, readNetworkRows } from './network-rows.ts'
import { bridgeOf, rangesOf, rangeText } from './network-spec.ts'
import { forwardText } from './outside.ts'
import type { InstanceRow, NetworkRow } from './rows.ts'
import { desiredRule } from './security-groups.ts'

/** Every network, by name; one on its way out is among them until its last port is gone. */
export async function listNetworks(db: Db, hosts: readonly HostDetail[]): Promise<NetworkSummary[]> {
  const rows = await readNetworkRows(db)
  return rows.networks.map((network) => summaryOf(network, rows, hosts))
}

/** @throws AppError not-found */
export async function showNetwork(db: Db, hosts: readonly HostDetail[], name: string): Promise<NetworkDetail> {
  const rows = await readNetworkRows(db)
  const network = rows.networks.find((row) => `${row.stack}.${row.name}` === name)
  if (!network) {
    const known = rows.networks.map((row) => `${row.stack}.${row.name}`).join(', ')
    throw new AppError('not-found', `no network ${name}; ${known === '' ? 'there is none' : `there are ${known}`}`)
  }
  const attachments = rows.instances
    .filter((instance) => isOn(instance, network))
    .flatMap((instance) =>
      instance.document.ports
        .filter((port) => port.network === name)
        .map((port) => ({
          instance: instance.name,
          host: hostName(hosts, instance.host),
          mac: port.mac,
          addresses: port.addresses.map(bare),
          groups: groupNames(port.id, rows),
          floatingIps: floatingIpsOf(port.id, rows),
        })),
    )
  return { ...summaryOf(network, rows, hosts), attachments }
}

function summaryOf(network: NetworkRow, rows: NetworkRows, hosts: readonly HostDetail[]): NetworkSummary {
  const { id, stack, name, spec } = network
  const there = new Set(rows.instances.filter((instance) => isOn(instance, network)).map(({ host }) => host))
  return {
    id,
    name: `${stack}.${name}`,
    stack,
    bridge: bridgeOf(network),
    ...(spec.vlan === undefined ? {} : { vlan: spec.vlan }),
    ranges: rangesOf(spec).map(({ range }) => rangeText(range)),
    ports: rows.ports.filter((port) => port.network === id).length,
    hosts: [...there]
      .map((host) => ({
        host: hostName(hosts, host),
        addresses: rows.hostAddresses
          .filter((row) => row.network === id && row.host === host)
          .map(({ address }) => address),
      }))
      .sort((a, b) => (a.host < b.host ? -1 : 1)),
  }
}

/** Every security group, by name, with what it lets through and who is in it. */
export async function listGroups(db: Db): Promise<GroupSummary[]> {
  const rows = await readNetworkRows(db)
  return rows.groups.map(({ id, stack, name, spec }) => {
    const idOf = (group: string) => rows.groups.find((row) => row.stack === stack && row.name === group)?.id ?? ''
    const nameOf = (group: string) => rows.groups.find((row) => row.id === group)?.name ?? group
    const members = rows.instances.flatMap((instance) => {
      const addresses = addressesIn(instance, id, rows)
      return addresses === undefined ? [] : [{ instance: instance.name, addresses }]
    })
    return {
      id,
      name: `${stack}.${name}`,
      stack,
      rules: spec.rules
        .map((rule) => desiredRule(rule, idOf))
        .map((rule) => ({ ...rule, text: groupRuleText(rule, (group) => `${stack}.${nameOf(group)}`) })),
      members,
    }
  })
}

/** What an instance has in a group; undefined when it is not in it. */
function addressesIn({ held, document }: InstanceRow, group: string, { ports }: NetworkRows): string[] | undefined {
  if (held) return undefined
  const mine = document.ports.filter((port) => ports.find(({ id }) => id === port.id)?.groups.includes(group))
  if (mine.length === 0) return undefined
  const allowed = mine.flatMap((port) => ports.find(({ id }) => id === port.id)?.allowed ?? [])
  return [...mine.flatMap((port) => port.addresses.map(bare)), ...allowed]
}

/** Every floating IP, by name, with whose it is and where. */
export async function listFloatingIps(db: Db, hosts: readonly HostDetail[]): Promise<FloatingIpSummary[]> {
  const rows = await readNetworkRows(db)
  return rows.floatingIps.map((row) => {
    const { id, stack, name, address, range, spec } = row
    const target = holderOf(row, rows)
    const forwards = rows.forwards.filter((one) => one.stack === stack && one.spec.floatingIp === name)
    return {
      id,
      name: `${stack}.${name}`,
      address,
      ...(target && spec.instance !== undefined ? { port: target.port.id, fixed: target.fixed } : {}),
      routed: rows.ranges.find((one) => one.name === range)?.routed ?? false,
      stack,
      range,
      ...(target ? { instance: target.instance.name, host: hostName(hosts, target.instance.host) } : {}),
      forwards: forwards.map((one) => forwardText(stack, one.spec)),
    }
  })
}

function groupNames(port: string, { ports, groups }: NetworkRows): string[] {
  const mine = ports.find(({ id }) => id === port)?.groups ?? []
  return groups.filter(({ id }) => mine.includes(id)).map(({ stack, name }) => `${stack}.${name}`)
}

function floatingIpsOf(port: string, rows: NetworkRows): string[] {
  return rows.floatingIps
    .filter((row) => row.spec.instance !== undefined && holderOf(row, rows)?.port.id === port)
    .map(({ address }) => address)
}

function hostName(hosts: readonly HostDetail[], id: string): string {
  return hosts.find((host) => host.id === id)?.name ?? id
}

function bare(address: string): string {
  return address.split('/')[0] ?? ''
}
