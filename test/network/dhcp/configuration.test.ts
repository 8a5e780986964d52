import { describe, expect, test } from 'vitest'
import type { DesiredNetworks } from '../../../src/contract/network.ts'
import { configurationOf, isServed } from '../../../src/network/dhcp/configuration.ts'
import { leasesOf } from '../../../src/network/dhcp/leases.ts'
import { networkDhcpPaths } from '../../../src/network/dhcp/paths.ts'
import { desiredNetworks, type NetworkSpec, type PortSpec } from '../../support/networks.ts'

const lan = {
  name: 'lan',
  ipv4: { range: '10.0.0.0/24', host: '10.0.0.1', dns: ['10.0.0.1'] },
} as const satisfies NetworkSpec

function write(network: NetworkSpec, ports: PortSpec[] = [], metadataAddress: string | undefined = '169.254.169.254') {
  const desired: DesiredNetworks = desiredNetworks({ networks: [network], ports })
  const [part] = desired.networks
  if (!part) throw new Error('no network')
  const hostnames = new Map(desired.instances.map(({ id, hostname }) => [id, hostname]))
  const configuration = configurationOf(part, networkDhcpPaths('/dhcp', 'n'), metadataAddress)
  return { part, ...configuration, lines: configuration.text.split('\n'), ...leasesOf(part, desired.ports, hostnames) }
}

test('the whole configuration of a network with IPv4', () => {
  expect(write({ ...lan, mtu: 1400 }).text).toBe(`port=53
bind-interfaces
listen-address=10.0.0.1
pid-file=/dhcp/n/pid
domain=shop.internal
local=/shop.internal/
domain-needed
no-hosts
addn-hosts=/dhcp/n/names
dhcp-hostsfile=/dhcp/n/hosts
dhcp-ignore=tag:!known
dhcp-ignore-names
leasefile-ro
dhcp-authoritative
dhcp-lease-max=8192
dhcp-range=10.0.0.0,static,255.255.255.0,12h
dhcp-option=option:router,10.0.0.1
dhcp-option=option:dns-server,10.0.0.1
dhcp-option=option:classless-static-route,169.254.169.254/32,10.0.0.1,0.0.0.0/0,10.0.0.1
dhcp-option=249,169.254.169.254/32,10.0.0.1,0.0.0.0/0,10.0.0.1
dhcp-option-force=option:mtu,1400
`)
})

test('on a network with both families the host advertises itself, and its addresses as given by DHCP', () => {
  const { lines, problems } = write({
    ...lan,
    mtu: 1400,
    ipv6: { range: '2001:db8::/64', host: '2001:db8::1', dns: ['2001:db8::1'] },
  })
  expect(lines).toEqual(
    expect.arrayContaining([
      'interface=br-lan',
      'except-interface=lo0',
      'dhcp-range=2001:db8::,static,64,12h',
      'dhcp-option=option6:dns-server,[2001:db8::1]',
      'enable-ra',
      'ra-param=br-lan,mtu:1400,0',
    ]),
  )
  expect(problems).toEqual([])
})

describe('what instances are told to leave by', () => {
  test('another router: the metadata service is still behind this host', () => {
    const { lines } = write({ ...lan, ipv4: { ...lan.ipv4, router: '10.0.0.254' } })
    expect(lines).toContain('dhcp-option=option:router,10.0.0.254')
    expect(lines).toContain(
      'dhcp-option=option:classless-static-route,169.254.169.254/32,10.0.0.1,0.0.0.0/0,10.0.0.254',
    )
  })

  test('nobody: no router, no default route, and an advertisement that says so', () => {
    const desired = desiredNetworks({
      networks: [{ ...lan, ipv6: { range: '2001:db8::/64', host: '2001:db8::1' } }],
    })
    const part = structuredClone(desired.networks[0])
    if (!part?.ipv4 || !part.ipv6) throw new Error('no ranges')
    delete part.ipv4.router
    delete part.ipv6.router
    const { text } = configurationOf(part, networkDhcpPaths('/dhcp', 'n'), undefined)
    expect(text).toContain('\ndhcp-option=option:router\n')
    expect(text).not.toContain('classless-static-route')
    expect(text).toContain('\nra-param=br-lan,0,0\n')
  })

  test('routes of the stack stand beside the default route', () => {
    const { lines } = write({ ...lan, ipv4: { ...lan.ipv4, routes: [{ to: '198.51.100.0/24', via: '10.0.0.7' }] } })
    expect(lines.find((line) => line.includes('classless'))).toBe(
      'dhcp-option=option:classless-static-route,169.254.169.254/32,10.0.0.1,0.0.0.0/0,10.0.0.1,198.51.100.0/24,10.0.0.7',
    )
  })

  test('more routes than fit are told, and the others are given', () => {
    const routes = Array.from({ length: 32 }, (_, at) => ({ to: `198.51.100.${at * 4}/30`, via: '10.0.0.7' }))
    const { lines, problems } = write({ ...lan, ipv4: { ...lan.ipv4, routes } })
    // 9 bytes for the metadata service, 5 for the default route, 9 for each route: 11 of them in 120 bytes.
    expect(lines.find((line) => line.includes('classless'))?.match(/198\.51/g)).toHaveLength(11)
    expect(problems).toEqual([
      'instances on shop.lan are told 13 of its 34 IPv4 routes: more do not fit into the answer of DHCP; join some of them',
    ])
  })
})

test('a host that no instance asks for names listens for none', () => {
  expect(write({ ...lan, ipv4: { ...lan.ipv4, dns: ['192.0.2.53'] } }).lines).toEqual(
    expect.arrayContaining(['port=0', 'dhcp-option=option:dns-server,192.0.2.53']),
  )
})

test('an IPv6 range that dnsmasq takes for none is told, and IPv4 is served', () => {
  const { lines, problems } = write({ ...lan, ipv6: { range: '2001:db8::/60', host: '2001:db8::1' } })
  expect(problems).toEqual([
    'shop.lan gives out no IPv6 addresses: dnsmasq takes ranges of /64 and longer, and this is 2001:db8::/60',
  ])
  expect(lines).toContain('listen-address=10.0.0.1')
  expect(lines.filter((line) => line.startsWith('dhcp-range='))).toHaveLength(1)
})

test('a network is served where the host has an address on it and is to give addresses out', () => {
  expect(isServed(write(lan).part)).toBe(true)
  expect(isServed(write({ ...lan, dhcp: false }).part)).toBe(false)
  expect(isServed(write({ name: 'lan', ipv4: { range: '10.0.0.0/24', router: '10.0.0.254' } }).part)).toBe(false)
  expect(isServed(write({ name: 'lan' }).part)).toBe(false)
})

describe('whom dnsmasq serves', () => {
  const ipv6 = { range: '2001:db8::/64', host: '2001:db8::1' }
  const ports: PortSpec[] = [
    { name: 'web', network: 'lan', addresses: ['10.0.0.11', '2001:db8::11'], mac: '00:16:3e:00:00:0b' },
    { name: 'db', network: 'lan', addresses: ['10.0.0.12'], mac: '00:16:3e:00:00:0a' },
    { name: 'tap', network: 'lan', addresses: [], mac: '00:16:3e:00:00:0c' },
  ]

  test('each port has a line, a client of DHCPv6 another by the DUID of its MAC, and its name stands for all its addresses', () => {
    const { hosts, names } = write({ ...lan, ipv6 }, ports)
    expect(hosts).toBe(`00:16:3e:00:00:0a,10.0.0.12,db
00:16:3e:00:00:0b,10.0.0.11,[2001:db8::11],web
id:00:03:00:01:00:16:3e:00:00:0b,[2001:db8::11]
`)
    expect(names).toBe(`10.0.0.12 db.shop.internal db
10.0.0.11 web.shop.internal web
2001:db8::11 web.shop.internal web
`)
  })

  test('the order in which ports are named changes nothing', () => {
    expect(write(lan, ports.toReversed()).hosts).toBe(write(lan, ports).hosts)
  })

  test('no addresses of a family that the host does not serve', () => {
    const { hosts } = write({ ...lan, ipv6: { range: '2001:db8::/64' } }, ports)
    expect(hosts).not.toContain('2001')
  })
})

test.each(['shop\ndhcp-script=/bin/sh.lan', 'shop,evil.lan', 'shop#.lan', 'shöp.lan', '.lan'])(
  'a name that would be another order to dnsmasq is refused: %j',
  (name) => {
    const { part } = write(lan)
    expect(() => configurationOf({ ...part, name }, networkDhcpPaths('/dhcp', 'n'), undefined)).toThrow(
      `the network's name ${JSON.stringify(name)} does not begin with that of a stack`,
    )
  },
)

test('a value with a line break is written into no file', () => {
  const { part } = write(lan)
  const bridge = 'br0\ndhcp-script=/bin/sh'
  const ipv6 = { range: '2001:db8::/64', host: '2001:db8::1', dns: [], routes: [], snat: false }
  expect(() => configurationOf({ ...part, bridge, ipv6 }, networkDhcpPaths('/dhcp', 'n'), undefined)).toThrow(
    'dnsmasq is not told "interface=br0\\ndhcp-script=/bin/sh"',
  )
})
