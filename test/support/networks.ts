import { createHash } from 'node:crypto'
import type {
  DesiredForward,
  DesiredGroupRule,
  DesiredNetworkPart,
  DesiredNetworks,
  DesiredPort,
} from '../../src/contract/network.ts'

/** A network section told by names; ids, MACs and the rest are made of them. */
export interface NetworksSpec {
  networks: NetworkSpec[]
  ports?: PortSpec[]
  groups?: GroupSpec[]
  floatingIps?: FloatingIpSpec[]
  forwards?: ForwardSpec[]
}

type Part = DesiredNetworkPart
type RangeSpec = Partial<NonNullable<Part['ipv4']>> & { range: string }

export type NetworkSpec = Partial<Omit<Part, 'id' | 'ipv4' | 'ipv6'>> & {
  name: string
  ipv4?: RangeSpec
  ipv6?: RangeSpec
}

export interface PortSpec {
  /** Of the instance: "web". */
  name: string
  network: string
  addresses: string[]
  allowed?: string[]
  groups?: string[]
  mac?: string
}

export interface GroupSpec {
  name: string
  /** A remote group is named by its name. */
  rules?: RuleSpec[]
  /** Members on other hosts, beside the ports that are here. */
  elsewhere?: string[]
}

export type RuleSpec = Omit<DesiredGroupRule, 'id' | 'remote'> & { remote?: { range: string } | { group: string } }

export interface FloatingIpSpec {
  name: string
  address: string
  /** The instance's fixed address; absent: only forwards use it. */
  fixed?: string
  routed?: boolean
}

export type ForwardSpec = Pick<DesiredForward, 'name' | 'protocol' | 'ports' | 'fixed' | 'toPort'> & {
  /** By its name. */
  floatingIp?: string
}

/** 16 hexadecimal digits that belong to this name. */
export const idOf = (name: string) => digest(name).slice(0, 16)

export function desiredNetworks(spec: NetworksSpec): DesiredNetworks {
  const specs = spec.ports ?? []
  const ports = specs.map(
    ({ name, network, addresses, allowed = [], groups = [], mac }, index): DesiredPort => ({
      id: idOf(`port ${name} ${network}`),
      instance: instanceId(name),
      network: idOf(network),
      mac: mac ?? `00:16:3e:00:${hexByte((index + 1) >> 8)}:${hexByte((index + 1) & 255)}`,
      addresses,
      allowed,
      groups: groups.map(idOf),
    }),
  )
  const portOf = (fixed: string) => {
    const port = ports.find(({ addresses }) => addresses.includes(fixed))
    if (!port) throw new Error(`no port has ${fixed}`)
    return port.id
  }
  return {
    networks: spec.networks.map(networkPart),
    ports,
    groups: (spec.groups ?? []).map(({ name, rules = [], elsewhere = [] }) => ({
      id: idOf(name),
      name: `shop.${name}`,
      members: [
        ...specs
          .filter(({ groups }) => groups?.includes(name))
          .flatMap(({ addresses, allowed = [] }) => [...addresses, ...allowed]),
        ...elsewhere,
      ],
      rules: rules.map(({ remote, ...rest }) => ({
        id: digest(JSON.stringify([rest, remote])).slice(0, 8),
        ...rest,
        ...(remote && { remote: 'group' in remote ? { group: idOf(remote.group) } : remote }),
      })),
    })),
    floatingIps: (spec.floatingIps ?? []).map(({ name, address, fixed, routed = false }) => ({
      id: idOf(`floating ${name}`),
      name: `shop.${name}`,
      address,
      routed,
      ...(fixed !== undefined && { fixed, port: portOf(fixed) }),
    })),
    forwards: (spec.forwards ?? []).map(({ floatingIp, fixed, name, ...rest }) => ({
      id: idOf(`forward ${name}`),
      name: `shop.${name}`,
      ...rest,
      fixed,
      port: portOf(fixed),
      ...(floatingIp !== undefined && { floatingIp: idOf(`floating ${floatingIp}`) }),
    })),
    instances: [...new Set(specs.map(({ name }) => name))].map((name) => ({
      id: instanceId(name),
      name: `shop.${name}`,
      stack: 'shop',
      hostname: name,
      sshKeys: [],
    })),
  }
}

function networkPart({ name, ipv4, ipv6, ...rest }: NetworkSpec): Part {
  return {
    id: idOf(name),
    name: `shop.${name}`,
    bridge: `br-${name}`,
    own: true,
    isolated: false,
    dhcp: true,
    ...rest,
    ...(ipv4 && { ipv4: rangePart(ipv4) }),
    ...(ipv6 && { ipv6: rangePart(ipv6) }),
  }
}

function rangePart({ host, ...rest }: RangeSpec) {
  return {
    dns: [],
    routes: [],
    snat: false,
    ...(host !== undefined && { host, router: host }),
    ...rest,
  }
}

function instanceId(name: string): string {
  const hex = digest(`instance ${name}`)
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}

const digest = (text: string) => createHash('sha256').update(text).digest('hex')
const hexByte = (byte: number) => byte.toString(16).padStart(2, '0')
