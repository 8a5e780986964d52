import type { FloatingRange } from '../contract/floating-range.ts'
import type { StackFloatingIp, StackForward, StackGroup } from '../contract/stack-network.ts'
import type { Db } from '../database/open.ts'
import { bridgeOf } from './network-spec.ts'
import { type InstanceRow, type NetworkRow, readInstances, readNetworks } from './rows.ts'

export interface GroupRow {
  id: string
  stack: string
  name: string
  spec: StackGroup
  wanted: 'present' | 'absent'
}

export interface PortRow {
  id: string
  instance: string
  /** The id of its network. */
  network: string
  mac: string
  allowed: string[]
  addresses: string[]
  /** Whether its instance has it until it starts again only. */
  leaving: boolean
  /** The ids of its groups. */
  groups: string[]
}

/** An address that a host has on a network, so that it can be a gateway and serve there. */
export interface HostAddress {
  network: string
  host: string
  address: string
}

export interface FloatingIpRow {
  id: string
  stack: string
  name: string
  range: string
  address: string
  spec: StackFloatingIp
}

export interface ForwardRow {
  id: string
  stack: string
  name: string
  spec: StackForward
}

/** All that is kept of the networks of some stacks, and of those who are on them. */
export interface NetworkRows {
  /** Each with the ports that it has on its host: also those that it is not to have any more, until it starts again. */
  instances: InstanceRow[]
  networks: NetworkRow[]
  groups: GroupRow[]
  ports: PortRow[]
  hostAddresses: HostAddress[]
  floatingIps: FloatingIpRow[]
  forwards: ForwardRow[]
  /** Those of the whole cloud. */
  ranges: FloatingRange[]
}

/** Of some stacks, or of all. Each list is in an order that is always the same. */
export async function readNetworkRows(db: Db, stacks?: readonly string[]): Promise<NetworkRows> {
  const ranges = await readFloatingRanges(db)
  if (stacks?.length === 0)
    return {
      instances: [],
      networks: [],
      groups: [],
      ports: [],
      hostAddresses: [],
      floatingIps: [],
      forwards: [],
      ranges,
    }
  const networks = await readNetworks(db, stacks)
  const ports = await readPorts(db, stacks)
  const instances = await readInstances(db, stacks === undefined ? {} : { stacks })
  return {
    instances: withLeavingPorts(instances, networks, ports),
    networks,
    groups: await readGroups(db, stacks),
    ports,
    hostAddresses: await readHostAddresses(db, stacks),
    floatingIps: await readFloatingIps(db, stacks),
    forwards: await readForwards(db, stacks),
    ranges,
  }
}

function withLeavingPorts(
  instances: readonly InstanceRow[],
  networks: readonly NetworkRow[],
  ports: readonly PortRow[],
): InstanceRow[] {
  const leaving = Map.groupBy(
    ports.filter((port) => port.leaving),
    ({ instance }) => instance,
  )
  return instances.map((row) => {
    const more = (leaving.get(row.id) ?? []).flatMap(({ id, mac, addresses, network: of }) => {
      const network = networks.find((one) => one.id === of)
      return network
        ? [{ id, mac, addresses, network: `${network.stack}.${network.name}`, bridge: bridgeOf(network) }]
        : []
    })
    return more.length === 0 ? row : { ...row, document: { ...row.document, ports: [...row.document.ports, ...more] } }
  })
}

export async function readFloatingRanges(db: Db): Promise<FloatingRange[]> {
  const rows = await db.selectFrom('floating_ranges').selectAll().orderBy('name').execute()
  return rows.map(({ name, range, routed, labels }) => {
    const wanted = JSON.parse(labels)
    return { name, range, routed: routed === 1, ...(Object.keys(wanted).length > 0 ? { labels: wanted } : {}) }
  })
}

/** By name. */
export async function readGroups(db: Db, stacks: readonly string[] | undefined): Promise<GroupRow[]> {
  const rows = await db
    .selectFrom('security_groups')
    .selectAll()
    .$if(stacks !== undefined, (query) => query.where('stack', 'in', stacks as string[]))
    .orderBy('stack')
    .orderBy('name')
    .execute()
  return rows.map(({ spec, wanted, ...row }) => ({
    ...row,
    spec: JSON.parse(spec),
    wanted: wanted as GroupRow['wanted'],
  }))
}

/** By id. */
export async function readPorts(db: Db, stacks: readonly string[] | undefined): Promise<PortRow[]> {
  const rows = await db
    .selectFrom('ports')
    .innerJoin('networks', 'networks.id', 'ports.network')
    .selectAll('ports')
    .$if(stacks !== undefined, (query) => query.where('networks.stack', 'in', stacks as string[]))
    .orderBy('ports.id')
    .execute()
  const memberships = await db
    .selectFrom('port_groups')
    .innerJoin('security_groups', 'security_groups.id', 'port_groups.security_group')
    .select(['port', 'security_group'])
    .$if(stacks !== undefined, (query) => query.where('security_groups.stack', 'in', stacks as string[]))
    .orderBy('security_group')
    .execute()
  const groups = Map.groupBy(memberships, ({ port }) => port)
  const taken = await db
    .selectFrom('network_addresses')
    .innerJoin('networks', 'networks.id', 'network_addresses.network')
    .select(['port', 'address'])
    .where('port', 'is not', null)
    .$if(stacks !== undefined, (query) => query.where('networks.stack', 'in', stacks as string[]))
    .orderBy('address')
    .execute()
  const addresses = Map.groupBy(taken, ({ port }) => port)
  return rows.map(({ allowed, leaving, ...row }) => ({
    ...row,
    allowed: JSON.parse(allowed),
    leaving: leaving === 1,
    addresses: (addresses.get(row.id) ?? []).map(({ address }) => address),
    groups: (groups.get(row.id) ?? []).map(({ security_group }) => security_group),
  }))
}

async function readHostAddresses(db: Db, stacks: readonly string[] | undefined): Promise<HostAddress[]> {
  const rows = await db
    .selectFrom('network_addresses')
    .innerJoin('networks', 'networks.id', 'network_addresses.network')
    .select(['network', 'host', 'address'])
    .where('host', 'is not', null)
    .$if(stacks !== undefined, (query) => query.where('networks.stack', 'in', stacks as string[]))
    .orderBy('network')
    .orderBy('address')
    .execute()
  return rows.map(({ host, ...row }) => ({ ...row, host: host ?? '' }))
}

async function readFloatingIps(db: Db, stacks: readonly string[] | undefined): Promise<FloatingIpRow[]> {
  const rows = await db
    .selectFrom('floating_ips')
    .selectAll()
    .$if(stacks !== undefined, (query) => query.where('stack', 'in', stacks as string[]))
    .orderBy('stack')
    .orderBy('name')
    .execute()
  return rows.map(({ spec, ...row }) => ({ ...row, spec: JSON.parse(spec) }))
}

async function readForwards(db: Db, stacks: readonly string[] | undefined): Promise<ForwardRow[]> {
  const rows = await db
    .selectFrom('port_forwards')
    .selectAll()
    .$if(stacks !== undefined, (query) => query.where('stack', 'in', stacks as string[]))
    .orderBy('stack')
    .orderBy('name')
    .execute()
  return rows.map(({ spec, ...row }) => ({ ...row, spec: JSON.parse(spec) }))
}
