import { type Static, Type } from 'typebox'
import { InterfaceName } from './instance.ts'
import { address, closed, described, name } from './stack-words.ts'

/* What a stack says of networks: stack.ts has the rest. */

const CidrRange = Type.String({ pattern: '^[0-9A-Fa-f:.]{2,45}/[0-9]{1,3}$' })

const IpRange = (family: string) =>
  Type.Object(
    {
      range: described(CidrRange, `The ${family} range of the network, with its prefix length.`, {
        examples: family === 'IPv4' ? ['192.0.2.0/24'] : ['2001:db8:1::/64'],
      }),
      gateway: Type.Optional(
        Type.String({
          pattern: '^(host|[0-9A-Fa-f:.]{2,45})$',
          description:
            'The router that instances use to reach everything else. host: the host that they run on, which has an address of its own out of the range; an address: a router elsewhere on the network. None: they reach only their own network.',
          examples: ['host'],
        }),
      ),
      pool: Type.Optional(
        Type.Object(
          { from: address('The first address.'), to: address('The last address.') },
          { ...closed, description: 'Addresses are given out of these only. Without it, out of the whole range.' },
        ),
      ),
      dns: Type.Optional(
        Type.Array(address('A name server.'), {
          maxItems: 4,
          description: 'Name servers for the instances. Without it, the host where it gives the addresses out.',
        }),
      ),
      routes: Type.Optional(
        Type.Array(
          Type.Object(
            {
              to: described(CidrRange, 'Where the route leads.', { examples: ['198.51.100.0/24'] }),
              via: address('A router on this network.'),
            },
            closed,
          ),
          { maxItems: 32, description: 'Routes that instances are told beside that of the gateway.' },
        ),
      ),
      snat: Type.Optional(
        Type.Boolean({
          description:
            'What leaves the host through its outside interface takes the address of the host; IPv4 only (true where the host is the gateway).',
        }),
      ),
    },
    { ...closed, description: `${family} addresses for the ports of this network.` },
  )

export const StackNetwork = Type.Object(
  {
    name: name('What instances call the network.'),
    bridge: Type.Optional(
      described(
        InterfaceName,
        'A bridge that exists on each host that runs instances of this network. Without it, each host makes one for the network.',
        { examples: ['bridge0'] },
      ),
    ),
    vlan: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 4094,
        description:
          'The VLAN that joins the hosts of this network, on the trunk of each (network.yaml). Without it and without bridge, the network ends at its host.',
      }),
    ),
    mtu: Type.Optional(
      Type.Integer({ minimum: 576, maximum: 9216, description: 'The largest packet (that of the bridge).' }),
    ),
    isolated: Type.Optional(
      Type.Boolean({ description: 'Instances reach the gateway, and not each other, on this network (false).' }),
    ),
    dhcp: Type.Optional(
      Type.Boolean({
        description: 'Each host gives its instances their addresses, by DHCP and router advertisements (true).',
      }),
    ),
    ipv4: Type.Optional(IpRange('IPv4')),
    ipv6: Type.Optional(IpRange('IPv6')),
  },
  closed,
)
export type StackNetwork = Static<typeof StackNetwork>
export type StackRange = Static<ReturnType<typeof IpRange>>

export const groupNames = (description: string) =>
  Type.Array(name('A security group of this stack.'), { maxItems: 32, description })

export const StackPort = Type.Union(
  [
    name('A network of this stack.'),
    Type.Object(
      {
        network: name('A network of this stack.'),
        address: Type.Optional(address('This address, and no other.')),
        securityGroups: Type.Optional(groupNames('Instead of those of the instance.')),
        allowedAddresses: Type.Optional(
          Type.Array(
            Type.String({
              pattern: '^[0-9A-Fa-f:.]{2,45}(/[0-9]{1,3})?$',
              description: 'An address or a range.',
            }),
            {
              maxItems: 32,
              description: 'What the port may send from beside its own addresses: a shared address, or what it routes.',
            },
          ),
        ),
      },
      closed,
    ),
  ],
  { description: 'A network, or a network with what is particular to this port.' },
)

const portNumbers = (description: string) =>
  Type.Union(
    [
      Type.Integer({ minimum: 1, maximum: 65_535 }),
      Type.String({ pattern: '^[0-9]{1,5}-[0-9]{1,5}$', description: 'The first and the last: 8000-8010.' }),
    ],
    { description },
  )

const StackGroupRule = Type.Object(
  {
    direction: Type.Enum(['in', 'out'], { description: 'Who begins: in, the other end; out, the instance.' }),
    protocol: Type.Optional(
      Type.Union(
        [Type.Enum(['any', 'tcp', 'udp', 'sctp', 'icmp', 'icmp6']), Type.Integer({ minimum: 0, maximum: 255 })],
        { description: 'The protocol, or its number (any).' },
      ),
    ),
    family: Type.Optional(Type.Enum(['ipv4', 'ipv6'], { description: 'Only this family (both).' })),
    ports: Type.Optional(portNumbers('The ports that are reached (all). For tcp, udp and sctp.')),
    icmpType: Type.Optional(
      Type.Integer({ minimum: 0, maximum: 255, description: 'Only this type (all). For icmp and icmp6.' }),
    ),
    icmpCode: Type.Optional(
      Type.Integer({ minimum: 0, maximum: 255, description: 'Only this code of the type (all).' }),
    ),
    range: Type.Optional(described(CidrRange, 'The other end: an address of this range.')),
    group: Type.Optional(name('The other end: a member of this security group of the stack.')),
  },
  closed,
)
export type StackGroupRule = Static<typeof StackGroupRule>

export const StackGroup = Type.Object(
  {
    name: name(
      'What instances call the group. One called default is for those that name none; where a stack has none, it lets its members reach everything and each other.',
    ),
    rules: Type.Array(StackGroupRule, {
      maxItems: 256,
      description: 'What is let through, with what answers it. Everything else is dropped.',
    }),
  },
  closed,
)
export type StackGroup = Static<typeof StackGroup>

const toInstance = {
  instance: Type.String({ pattern: '^[a-z][a-z0-9-]*$', maxLength: 44, description: 'An instance of this stack.' }),
  network: Type.Optional(name('Which of its networks (the first with IPv4).')),
}

export const StackFloatingIp = Type.Object(
  {
    name: name('What port forwards call the address.'),
    range: Type.Optional(name('The floating range that it is taken from (the only one).')),
    address: Type.Optional(address('This address of a floating range, and no other.')),
    instance: Type.Optional({
      ...toInstance.instance,
      description: 'Whose address it is, both ways. Without it, only port forwards use it.',
    }),
    network: toInstance.network,
  },
  closed,
)
export type StackFloatingIp = Static<typeof StackFloatingIp>

export const StackForward = Type.Object(
  {
    protocol: Type.Enum(['tcp', 'udp'], { description: 'The protocol.' }),
    ports: portNumbers('The ports outside.'),
    ...toInstance,
    toPort: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 65_535, description: 'The first port of the instance (the same).' }),
    ),
    floatingIp: Type.Optional(
      name(
        'A floating IP of this stack. Without it, the outside address of the host that the instance runs on; then ports begin at 1024.',
      ),
    ),
  },
  closed,
)
export type StackForward = Static<typeof StackForward>
