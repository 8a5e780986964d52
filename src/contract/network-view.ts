import { type Static, Type } from 'typebox'
import { Id } from './names.ts'
import { DesiredFloatingIp, DesiredGroupRule } from './network.ts'

const Name = Type.String({ maxLength: 84 })
const Text = Type.String()

/** A network as operators see it: `GET /api/v1/networks`. */
export const NetworkSummary = Type.Object({
  id: Id,
  /** `<stack>.<network>` */
  name: Name,
  stack: Text,
  bridge: Text,
  vlan: Type.Optional(Type.Integer()),
  ranges: Type.Array(Text),
  ports: Type.Integer(),
  /** The hosts that have it, each with its own addresses on it. */
  hosts: Type.Array(Type.Object({ host: Text, addresses: Type.Array(Text) })),
})
export type NetworkSummary = Static<typeof NetworkSummary>

/** `GET /api/v1/networks/:name` */
export const NetworkDetail = Type.Object({
  ...NetworkSummary.properties,
  attachments: Type.Array(
    Type.Object({
      instance: Name,
      host: Text,
      mac: Text,
      addresses: Type.Array(Text),
      groups: Type.Array(Name),
      floatingIps: Type.Array(Text),
    }),
  ),
})
export type NetworkDetail = Static<typeof NetworkDetail>

/** `GET /api/v1/security-groups` */
export const GroupSummary = Type.Object({
  id: Id,
  name: Name,
  stack: Text,
  rules: Type.Array(
    Type.Object({
      ...DesiredGroupRule.properties,
      /** "in tcp 80 from anybody" */
      text: Text,
    }),
  ),
  members: Type.Array(Type.Object({ instance: Name, addresses: Type.Array(Text) })),
})
export type GroupSummary = Static<typeof GroupSummary>

/** `GET /api/v1/floating-ips` */
export const FloatingIpSummary = Type.Object({
  ...DesiredFloatingIp.properties,
  stack: Text,
  range: Text,
  /** Whose it is, and where. */
  instance: Type.Optional(Name),
  host: Type.Optional(Text),
  /** "tcp 8022 to shop.web:22" */
  forwards: Type.Array(Text),
})
export type FloatingIpSummary = Static<typeof FloatingIpSummary>

/** A rule with why it is there. */
export const ExplainedRule = Type.Object({
  /** As pf.conf(5) has it. */
  text: Text,
  label: Type.Optional(Text),
  /** A sentence: "security group shop.web lets tcp 80 in from anybody". */
  reason: Text,
})
export type ExplainedRule = Static<typeof ExplainedRule>

/** `GET /api/v1/hosts/:name/network/rules`: what the host's PF is to have from us. */
export const HostRules = Type.Object({
  host: Text,
  /** Of the desired document that they are made from. */
  generation: Type.Integer(),
  /** The generation that the host says is in force; absent when its network reports nothing. */
  loaded: Type.Optional(Type.Integer()),
  /** What is not known of the host and had to be assumed, and what cannot be had there, a sentence each. */
  assumed: Type.Optional(Type.Array(Text)),
  anchors: Type.Array(
    Type.Object({
      /** Whole: "org.openstack/sg". */
      name: Text,
      tables: Type.Array(Type.Object({ name: Text, addresses: Type.Array(Text), reason: Text })),
      rules: Type.Array(ExplainedRule),
    }),
  ),
})
export type HostRules = Static<typeof HostRules>

/** The body of `POST /api/v1/networks/trace`: may this be said? */
export const TraceRequest = Type.Object(
  {
    from: Type.String({ maxLength: 45 }),
    fromPort: Type.Optional(Type.Integer({ minimum: 1, maximum: 65_535 })),
    to: Type.String({ maxLength: 45 }),
    /** For tcp, udp and sctp. */
    toPort: Type.Optional(Type.Integer({ minimum: 1, maximum: 65_535 })),
    protocol: Type.Enum(['tcp', 'udp', 'sctp', 'icmp', 'icmp6']),
    /** Which host's eyes it is seen with, when neither end is an instance. */
    host: Type.Optional(Text),
  },
  { additionalProperties: false },
)
export type TraceRequest = Static<typeof TraceRequest>

/** One place where PF sees the packet. */
export const TraceHop = Type.Object({
  host: Text,
  /** "tap of shop.web", "bridge of shop.lan", "outside (em0)" */
  place: Text,
  /** The interface, or the group that the rules name. */
  interface: Text,
  direction: Type.Enum(['in', 'out']),
  /** With ports, as the packet is when it gets here. */
  from: Text,
  to: Text,
  action: Type.Enum(['pass', 'block']),
  /** What decided; absent when no rule of ours speaks of it: the administrator's own rules decide. */
  rule: Type.Optional(ExplainedRule),
  /** What translation made of it here. */
  translated: Type.Optional(Type.Object({ from: Text, to: Text, rule: ExplainedRule })),
  /** It passed because an answer to something that passed before, or a packet of the same connection, does. */
  byState: Type.Boolean(),
})
export type TraceHop = Static<typeof TraceHop>

/** The answer of `POST /api/v1/networks/trace`. */
export const Trace = Type.Object({
  verdict: Type.Enum(['pass', 'block']),
  /** Who decided, in one sentence. */
  sentence: Text,
  hops: Type.Array(TraceHop),
  /** How the first answer comes back, when the packet arrived. */
  answer: Type.Array(TraceHop),
  /** What is not known of the hosts on the way and had to be assumed, a sentence each. */
  assumed: Type.Optional(Type.Array(Text)),
})
export type Trace = Static<typeof Trace>
