import { type Static, Type } from 'typebox'
import { InstanceId, InstanceName, InterfaceName, Mac, Seed } from './instance.ts'
import { Id } from './names.ts'

/*
 * What one host has to know of networks, decided by the server: the section `network` of the desired document, and of the file
 * desired/network.json. Nothing in it is looked up any more; what only the host knows (its outside interface, its addresses) is in network.yaml
 * or found there. Addresses are written in their one canonical form (RFC 5952 for IPv6).
 */

const Address = Type.String({ pattern: '^[0-9a-f:.]{2,45}$' })
const Range = Type.String({ pattern: '^[0-9a-f:.]{2,45}/[0-9]{1,3}$' })
const PortNumber = Type.Integer({ minimum: 1, maximum: 65_535 })
const PortRange = Type.Object({ from: PortNumber, to: PortNumber })
const QualifiedName = Type.String({ maxLength: 84 })

/** The addresses of one family on a network, as this host serves them. */
export const DesiredRange = Type.Object({
  range: Range,
  /** This host's own address on the bridge: DHCP, DNS and metadata are there. Absent where the host serves nothing. */
  host: Type.Optional(Address),
  /** Whom instances are told to send everything else to: this host's own address, or a router's elsewhere; absent: nobody. */
  router: Type.Optional(Address),
  /** The name servers that instances are told. */
  dns: Type.Array(Address, { maxItems: 8 }),
  routes: Type.Array(Type.Object({ to: Range, via: Address }), { maxItems: 32 }),
  /** What leaves the host through the outside interface takes its address. IPv4 only. */
  snat: Type.Boolean(),
})
export type DesiredRange = Static<typeof DesiredRange>

/** A network as a host has it: a bridge. */
export const DesiredNetworkPart = Type.Object({
  id: Id,
  /** `<stack>.<network>` */
  name: QualifiedName,
  bridge: InterfaceName,
  /** Whether the bridge is Slipway's to make and to remove; otherwise the administrator made it, and it is only joined. */
  own: Type.Boolean(),
  /** The VLAN of the trunk that the bridge is put on; only of a bridge of our own. */
  vlan: Type.Optional(Type.Integer({ minimum: 1, maximum: 4094 })),
  mtu: Type.Optional(Type.Integer({ minimum: 576, maximum: 9216 })),
  /** Ports do not hear each other on the bridge, only the host and what is not a port (ifconfig's `private`). */
  isolated: Type.Boolean(),
  /** Whether this host gives the addresses out, by DHCP and router advertisements. */
  dhcp: Type.Boolean(),
  ipv4: Type.Optional(DesiredRange),
  ipv6: Type.Optional(DesiredRange),
})
export type DesiredNetworkPart = Static<typeof DesiredNetworkPart>

/** An attachment of an instance of this host. Its name in rules is made of its MAC: rules/names.ts. */
export const DesiredPort = Type.Object({
  id: Id,
  instance: InstanceId,
  network: Id,
  mac: Mac,
  /** Empty on a network without ranges: then PF, which decides by address, is kept out of it. */
  addresses: Type.Array(Address, { maxItems: 16 }),
  /** Addresses and ranges that the port may send from beside its own, and is reached at. */
  allowed: Type.Array(Range, { maxItems: 32 }),
  /** Security groups; none: only the lifelines. */
  groups: Type.Array(Id, { maxItems: 32 }),
})
export type DesiredPort = Static<typeof DesiredPort>

export const directions = ['in', 'out'] as const
export const protocols = ['any', 'tcp', 'udp', 'sctp', 'icmp', 'icmp6'] as const

/** Something that a security group lets through; what no rule lets through is dropped. Stateful: what comes back is let through too. */
export const DesiredGroupRule = Type.Object({
  /** Stable: made of what the rule says, so that its counters go on when others come and go. */
  id: Type.String({ pattern: '^[0-9a-f]{8}$' }),
  /** Seen from the instance. */
  direction: Type.Enum([...directions]),
  family: Type.Optional(Type.Union([Type.Literal(4), Type.Literal(6)])),
  protocol: Type.Union([Type.Enum([...protocols]), Type.Integer({ minimum: 0, maximum: 255 })]),
  /** Of the destination; tcp, udp and sctp only. Absent: all. */
  ports: Type.Optional(PortRange),
  /** icmp and icmp6 only. Absent: all types. */
  icmp: Type.Optional(
    Type.Object({
      type: Type.Integer({ minimum: 0, maximum: 255 }),
      code: Type.Optional(Type.Integer({ minimum: 0, maximum: 255 })),
    }),
  ),
  /** The other end: a range, or the members of a group; absent: anybody. */
  remote: Type.Optional(Type.Union([Type.Object({ range: Range }), Type.Object({ group: Id })])),
})
export type DesiredGroupRule = Static<typeof DesiredGroupRule>

/** A security group that a port of this host is in, or that a rule of such a group names. */
export const DesiredGroup = Type.Object({
  id: Id,
  name: QualifiedName,
  /** Addresses and ranges of all members, of those on other hosts too; only what a rule names as its remote needs them. */
  members: Type.Array(Type.String({ maxLength: 49 }), { maxItems: 16_384 }),
  /** Empty for a group that is only named as a remote. */
  rules: Type.Array(DesiredGroupRule, { maxItems: 256 }),
})
export type DesiredGroup = Static<typeof DesiredGroup>

/** An outside IPv4 address that belongs to a port of this host. */
export const DesiredFloatingIp = Type.Object({
  id: Id,
  name: QualifiedName,
  address: Address,
  /** The whole address is this port's, both ways; absent: only port forwards use it. */
  port: Type.Optional(Id),
  /** The address of the port, where there is one. */
  fixed: Type.Optional(Address),
  /** The outside routes it to this host, so it is no alias of the outside interface. */
  routed: Type.Boolean(),
})
export type DesiredFloatingIp = Static<typeof DesiredFloatingIp>

/** A port of an outside address of this host that leads to an instance. */
export const DesiredForward = Type.Object({
  id: Id,
  name: QualifiedName,
  protocol: Type.Enum(['tcp', 'udp']),
  /** The floating IP that is listened on; absent: the host's own outside address. */
  floatingIp: Type.Optional(Id),
  ports: PortRange,
  port: Id,
  fixed: Address,
  /** The first port of the instance; as many follow as there are outside. */
  toPort: PortNumber,
})
export type DesiredForward = Static<typeof DesiredForward>

/** What the metadata service tells an instance of itself. */
export const InstanceMetadata = Type.Object({
  id: InstanceId,
  name: InstanceName,
  stack: Type.String({ maxLength: 40 }),
  hostname: Seed.properties.hostname,
  sshKeys: Seed.properties.sshKeys,
  userData: Seed.properties.userData,
})
export type InstanceMetadata = Static<typeof InstanceMetadata>

export const DesiredNetworks = Type.Object({
  networks: Type.Array(DesiredNetworkPart, { maxItems: 1024 }),
  ports: Type.Array(DesiredPort, { maxItems: 8192 }),
  groups: Type.Array(DesiredGroup, { maxItems: 4096 }),
  floatingIps: Type.Array(DesiredFloatingIp, { maxItems: 4096 }),
  forwards: Type.Array(DesiredForward, { maxItems: 4096 }),
  instances: Type.Array(InstanceMetadata, { maxItems: 4096 }),
})
export type DesiredNetworks = Static<typeof DesiredNetworks>

/** That a host has no networks; in its desired document stands an empty object for it. */
export const noNetworks: DesiredNetworks = {
  networks: [],
  ports: [],
  groups: [],
  floatingIps: [],
  forwards: [],
  instances: [],
}
