import { expect, test } from 'vitest'
import { readStack } from '../../src/cloud/stack-text.ts'

/** What is said of a stack, without the headline and the lines. */
function faults(text: string): string[] {
  try {
    readStack(text)
  } catch (error) {
    const said = (error as Error).message.split('\n  ').slice(1)
    return said.map((line) => line.replace(/^line \d+, /, ''))
  }
  return []
}

const base = `  - {name: lan, ipv4: {range: 10.0.0.0/24, gateway: host}}
  - {name: raw, bridge: bridge0}
  - {name: far, ipv4: {range: 10.2.0.0/24, gateway: 10.2.0.1}}
  - {name: six, ipv6: {range: "2001:db8::/64", gateway: host}}
`

function stack({ networks = base, groups = '', floating = '', forwards = '', ports = 'lan', more = '' } = {}): string {
  const list = (key: string, rows: string) => (rows === '' ? '' : `${key}:\n${rows}\n`)
  const shape = 'vcpus: 1, memory: 1GiB, disk: 1GiB, image: {empty: true}'
  return [
    'name: s\n',
    list('networks', networks),
    list('securityGroups', groups),
    list('floatingIps', floating),
    list('portForwards', forwards),
    `instances:\n  - {name: web, ${shape}, networks: [${ports}]${more}}\n`,
    `  - {name: many, count: 2, ${shape}, networks: [lan]}\n  - {name: bare, ${shape}}\n`,
  ].join('')
}

const group = (rule: string) => ({ groups: `  - {name: web, rules: [${rule}]}` })
const network = (spec: string) => ({ networks: `${base}  - {name: it, ${spec}}` })

test('a stack with all of it is read', () => {
  const text = stack({
    groups: `  - {name: web, rules: [{direction: in, protocol: tcp, ports: 8000-8010, range: 192.0.2.0/24}, {direction: out, protocol: icmp6, icmpType: 128, icmpCode: 0}, {direction: in, group: default}]}`,
    floating: '  - {name: front, instance: web}\n  - {name: side, range: public}',
    forwards:
      '  - {protocol: tcp, ports: 22, instance: many-0, floatingIp: side}\n  - {protocol: udp, ports: 22, instance: many-0, floatingIp: side}\n  - {protocol: tcp, ports: 1024, instance: web}\n  - {protocol: tcp, ports: 1024, instance: many-1}',
    ports: '{network: lan, securityGroups: [web, default], allowedAddresses: [10.0.0.9, 10.8.0.0/16]}, raw',
    more: ', securityGroups: [web]',
  })
  expect(faults(text)).toEqual([])
  expect(readStack(text).floatingIps).toHaveLength(2)
})

test.each<[fact: string, parts: Parameters<typeof stack>[0], said: string]>([
  [
    "a VLAN on somebody else's bridge",
    network('bridge: bridge1, vlan: 42'),
    "networks[4].vlan: a VLAN joins bridges that Slipway makes, and bridge1 is somebody else's: leave out bridge, or vlan",
  ],
  [
    'two networks with one range',
    network('ipv4: {range: 10.0.0.128/25}'),
    'networks[4].ipv4.range: 10.0.0.128/25 of it overlaps 10.0.0.0/24 of lan; an address can be on one network only',
  ],
  [
    'a route by somebody who is not on the network',
    network('ipv4: {range: 10.9.0.0/24, routes: [{to: 172.16.0.0/16, via: 10.8.0.1}]}'),
    'networks[4].ipv4.routes[0].via: 10.8.0.1 is not an address of 10.9.0.0/24',
  ],
  [
    'a route to nowhere',
    network('ipv4: {range: 10.9.0.0/24, routes: [{to: 172.16.0.1/16, via: 10.9.0.1}]}'),
    'networks[4].ipv4.routes[0].to: 172.16.0.1/16 is no IPv4 range without bits behind its prefix',
  ],
  [
    'a name server of the other family',
    network('ipv4: {range: 10.9.0.0/24, dns: ["2001:db8::53"]}'),
    'networks[4].ipv4.dns[0]: 2001:db8::53 is no IPv4 address',
  ],
  [
    'SNAT for IPv6',
    network('ipv6: {range: "2001:db8:9::/64", gateway: host, snat: true}'),
    'networks[4].ipv6.snat: IPv6 is not translated: addresses that the outside routes here need none',
  ],
  [
    'SNAT by a host that is no gateway',
    network('ipv4: {range: 10.9.0.0/24, gateway: 10.9.0.1, snat: true}'),
    'networks[4].ipv4.snat: the host translates what it forwards: say gateway: host, or leave snat out',
  ],
  [
    'groups without addresses to go by',
    { ports: '{network: raw, securityGroups: [default]}' },
    'instances[0].networks[0].securityGroups: rules go by addresses, and the network raw has no range: leave securityGroups out',
  ],
  [
    'an allowed address of a family that the network has not',
    { ports: '{network: lan, allowedAddresses: ["2001:db8::9"]}' },
    'instances[0].networks[0].allowedAddresses[0]: 2001:db8::9 is IPv6, which the network lan does not have',
  ],
  [
    'everything allowed',
    { ports: '{network: lan, allowedAddresses: [0.0.0.0/0]}' },
    'instances[0].networks[0].allowedAddresses[0]: 0.0.0.0/0 is every address there is, those of all other instances too: name what the port routes',
  ],
  [
    'a group that is not declared',
    { ...group('{direction: out}'), more: ', securityGroups: [wep]' },
    'instances[0].securityGroups[0]: there is no security group wep in this stack; did you mean web?',
  ],
  [
    'a group that stands twice',
    { ports: '{network: lan, securityGroups: [default, default]}' },
    'instances[0].networks[0].securityGroups[1]: default stands here twice',
  ],
  [
    'a rule that names an unknown group',
    group('{direction: in, group: ops}'),
    'securityGroups[0].rules[0].group: there is no security group ops in this stack',
  ],
  [
    'ports of a protocol without any',
    group('{direction: in, protocol: icmp, ports: 80}'),
    'securityGroups[0].rules[0].ports: icmp has no ports; they are for tcp, udp and sctp, by these names',
  ],
  [
    'ports that end before they begin',
    group('{direction: in, protocol: tcp, ports: 90-80}'),
    'securityGroups[0].rules[0].ports: 90-80 ends before it begins',
  ],
  [
    'ports that do not exist',
    group('{direction: in, protocol: tcp, ports: 80-70000}'),
    'securityGroups[0].rules[0].ports: 80-70000 are no ports: they go from 1 to 65535',
  ],
  [
    'an ICMP type of tcp',
    group('{direction: in, protocol: tcp, icmpType: 8}'),
    'securityGroups[0].rules[0].icmpType: tcp has no such types; they are for icmp and icmp6, by these names',
  ],
  [
    'a code without its type',
    group('{direction: in, protocol: icmp, icmpCode: 0}'),
    'securityGroups[0].rules[0].icmpCode: a code is one of a type: say icmpType too',
  ],
  [
    'a range with bits behind its prefix',
    group('{direction: in, range: 192.0.2.1/24}'),
    'securityGroups[0].rules[0].range: 192.0.2.1/24 is no range; it should look like 192.0.2.0/24, with no bit set behind the prefix',
  ],
  [
    'a range and a group',
    group('{direction: in, range: 192.0.2.0/24, group: web}'),
    'securityGroups[0].rules[0].group: the other end is a range or a group: say one of the two, or write two rules',
  ],
  [
    'a range of another family than the rule',
    group('{direction: in, family: ipv6, range: 192.0.2.0/24}'),
    'securityGroups[0].rules[0].range: 192.0.2.0/24 is IPv4, and family says ipv6',
  ],
  [
    'a range of another family than the protocol',
    group('{direction: in, protocol: icmp6, range: 192.0.2.0/24}'),
    'securityGroups[0].rules[0].range: 192.0.2.0/24 is IPv4, and icmp6 is IPv6',
  ],
  [
    'ICMP over IPv6',
    group('{direction: in, protocol: icmp, family: ipv6}'),
    'securityGroups[0].rules[0].family: icmp is IPv4; leave family out',
  ],
  [
    'a rule that stands twice',
    group('{direction: in, protocol: tcp, ports: 80}, {direction: in, protocol: tcp, ports: 80-80}'),
    'securityGroups[0].rules[1]: "in tcp 80 from anybody" is what rules[0] says; leave it out',
  ],
  [
    'a floating IP for several',
    { floating: '  - {name: a, instance: many}' },
    'floatingIps[0].instance: many stands for 2: say which, such as many-0',
  ],
  [
    'a floating IP for nobody that there is',
    { floating: '  - {name: a, instance: wep}' },
    'floatingIps[0].instance: there is no instance wep in this stack; did you mean web?',
  ],
  [
    'a floating IP for an instance without IPv4',
    { floating: '  - {name: a, instance: bare}' },
    'floatingIps[0].instance: bare has no IPv4 address, which is what outside addresses lead to',
  ],
  [
    'a floating IP on a network where the instance is not',
    { floating: '  - {name: a, instance: web, network: six}' },
    'floatingIps[0].network: web is not on a network six; it is on lan',
  ],
  [
    'a floating IP whose answers would leave by another router',
    { floating: '  - {name: a, instance: web}', ports: 'far' },
    'floatingIps[0].instance: answers of web would leave far by another router and not be translated back; say gateway: host there',
  ],
  [
    'two floating IPs for one port',
    { floating: '  - {name: a, instance: web}\n  - {name: b, instance: web}' },
    'floatingIps[1].instance: web has the floating IP a on lan already; it can have one there',
  ],
  [
    'one address for two',
    { floating: '  - {name: a, address: 192.0.2.1}\n  - {name: b, address: 192.0.2.1}' },
    'floatingIps[1].address: 192.0.2.1 is taken by a',
  ],
  [
    'a floating IP of IPv6',
    { floating: '  - {name: a, address: "2001:db8::1"}' },
    'floatingIps[0].address: 2001:db8::1 is no IPv4 address',
  ],
  [
    "a port of the host that is the host's own",
    { forwards: '  - {protocol: tcp, ports: 22, instance: web}' },
    'portForwards[0].ports: ports of the host itself begin at 1024; say floatingIp, or take others',
  ],
  [
    'a forward on a floating IP that is wholly of an instance',
    {
      floating: '  - {name: a, instance: web}',
      forwards: '  - {protocol: tcp, ports: 22, instance: web, floatingIp: a}',
    },
    "portForwards[0].floatingIp: a is wholly web's, with all ports; leave out its instance, or this port forward",
  ],
  [
    'forwards of one floating IP that lead to two instances',
    {
      floating: '  - {name: a}',
      forwards:
        '  - {protocol: tcp, ports: 22, instance: web, floatingIp: a}\n  - {protocol: tcp, ports: 23, instance: many-0, floatingIp: a}',
    },
    'portForwards[1].instance: a leads to web; a floating IP is on one host, so all of its ports lead to one instance',
  ],
  [
    'a port that leads to two places',
    {
      forwards: '  - {protocol: tcp, ports: 8000-8010, instance: web}\n  - {protocol: tcp, ports: 8005, instance: web}',
    },
    'portForwards[1].ports: tcp 8005 leads to web already (ports 8000-8010); each port can lead to one place',
  ],
  [
    'more ports outside than inside',
    { forwards: '  - {protocol: tcp, ports: 2000-2010, instance: web, toPort: 65530}' },
    'portForwards[0].toPort: the last of as many ports would be 65540, and there is none above 65535',
  ],
  [
    'a forward on a floating IP that is not declared',
    { forwards: '  - {protocol: tcp, ports: 22, instance: web, floatingIp: a}' },
    'portForwards[0].floatingIp: there is no floating IP a in this stack',
  ],
])('%s', (_fact, parts, said) => {
  expect(faults(stack(parts))).toEqual([said])
})
