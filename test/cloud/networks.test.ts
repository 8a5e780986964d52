import { describe, expect, test } from 'vitest'
import { leaveHost, releaseSuccessors } from '../../src/cloud/fencing.ts'
import { declareFloatingRange, listFloatingRanges, removeFloatingRange } from '../../src/cloud/floating-ranges.ts'
import { listFloatingIps, listGroups, listNetworks, showNetwork } from '../../src/cloud/network-list.ts'
import { cloudSections } from '../../src/cloud/sections.ts'
import { showStack } from '../../src/cloud/stack-list.ts'
import { deleteStack, planStack } from '../../src/cloud/stacks.ts'
import { DesiredInstance } from '../../src/contract/instance.ts'
import { DesiredNetworks } from '../../src/contract/network.ts'
import { parse } from '../../src/contract/parse.ts'
import type { Plan } from '../../src/contract/plan.ts'
import { transact } from '../../src/database/transact.ts'
import { fenceHost } from '../../src/fleet/hosts.ts'
import { instanceStatus, openCloud, start, type TestCloud, type TestHost } from './test-cloud.ts'

/** A stack `s` of a web and a db, each in a group of its own, kept apart from each other. */
function shop({
  lan = 'ipv4: {range: 10.0.0.0/24, gateway: host}',
  groups = `  - name: web
    rules: [{direction: in, protocol: tcp, ports: 80}, {direction: out}]
  - name: db
    rules: [{direction: in, protocol: tcp, ports: 5432, group: web}]
`,
  web = 'securityGroups: [web]',
  db = 'securityGroups: [db]',
  more = '',
  name = 's',
} = {}): string {
  const shape = 'vcpus: 1, memory: 1GiB, disk: 4GiB, image: {name: debian, version: 1.0.0}, networks: [lan]'
  return `name: ${name}
networks:
  - {name: lan, ${lan}}
${groups === '' ? '' : `securityGroups:\n${groups}`}instances:
  - {name: web, ${shape}, placement: {antiAffinity: [db]}, ${web}}
  - {name: db, ${shape}, ${db}}
${more}`
}

async function networkOf(cloud: TestCloud, host: TestHost): Promise<DesiredNetworks> {
  return parse(DesiredNetworks, (await cloudSections(cloud.db, [host.id])).get(host.id)?.network, 'section')
}

const shown = ({ actions }: Plan) => actions.map(({ kind, thing, name }) => `${kind} ${thing} ${name}`)

/** Two hosts, the first of which has `s.db` and the second `s.web`, and a floating range. */
async function twoHosts(text = shop()) {
  const cloud = await openCloud()
  const [host1, host2] = [await cloud.host('host1'), await cloud.host('host2')]
  await declareFloatingRange(cloud.db, { name: 'public', range: '198.51.100.0/29', routed: false })
  await cloud.apply(text)
  return { cloud, host1, host2 }
}

test('a host is told its networks: bridge, own address, ports, groups with members elsewhere, metadata', async () => {
  const { cloud, host1, host2 } = await twoHosts()
  const [one, two] = [await networkOf(cloud, host1), await networkOf(cloud, host2)]
  const [network] = one.networks
  expect(network).toEqual({
    id: network?.id,
    name: 's.lan',
    bridge: `br${network?.id.slice(0, 10)}`,
    own: true,
    isolated: false,
    dhcp: true,
    ipv4: { range: '10.0.0.0/24', host: '10.0.0.1', router: '10.0.0.1', dns: ['10.0.0.1'], routes: [], snat: true },
  })
  expect(two.networks[0]?.ipv4).toMatchObject({ host: '10.0.0.2', router: '10.0.0.2' })
  const [{ instances }] = [await host1.told()]
  const port = parse(DesiredInstance, instances[0], 'instance').ports[0]
  expect(port).toMatchObject({
    bridge: network?.bridge,
    addresses: ['10.0.0.3/24'],
    gateways: ['10.0.0.1'],
    dns: ['10.0.0.1'],
    filtered: true,
  })
  const ids = new Map((await listGroups(cloud.db)).map(({ name, id }) => [name, id]))
  const [db, web] = [ids.get('s.db') ?? '', ids.get('s.web') ?? '']
  expect(one.ports).toEqual([
    {
      id: port?.id,
      instance: instances[0]?.id,
      network: network?.id,
      mac: port?.mac,
      addresses: ['10.0.0.3'],
      allowed: [],
      groups: [db],
    },
  ])
  const rule = { direction: 'in', protocol: 'tcp', ports: { from: 5432, to: 5432 }, remote: { group: web } }
  expect(one.groups.toSorted((a, b) => (a.name < b.name ? -1 : 1))).toEqual([
    { id: db, name: 's.db', members: [], rules: [{ id: expect.stringMatching(/^[0-9a-f]{8}$/), ...rule }] },
    { id: web, name: 's.web', members: ['10.0.0.4'], rules: [] },
  ])
  expect(one.instances).toEqual([{ id: instances[0]?.id, name: 's.db', stack: 's', hostname: 'db', sshKeys: [] }])
  expect(two.groups).toMatchObject([{ name: 's.web', members: [] }])
})

test('a host without networks is told none, which an older network understands', async () => {
  const cloud = await openCloud()
  const host = await cloud.host('host1')
  expect((await cloudSections(cloud.db, [host.id])).get(host.id)?.network).toEqual({})
})

test('a member of a group that comes on one host makes a new generation on another, whose rules name it', async () => {
  const { cloud, host1, host2 } = await twoHosts()
  const before = await host1.generation()
  const { changedHosts, plan } = await cloud.apply(
    shop({
      more: '  - {name: web2, vcpus: 1, memory: 1GiB, disk: 4GiB, image: {empty: true}, networks: [lan], securityGroups: [web], placement: {host: host2}}',
    }),
  )
  expect(shown(plan)).toEqual(['create instance s.web2'])
  expect([...changedHosts].sort()).toEqual([host1.id, host2.id].sort())
  expect(await host1.generation()).toBe(before + 1)
  expect((await networkOf(cloud, host1)).groups.find(({ name }) => name === 's.web')?.members).toEqual([
    '10.0.0.4',
    '10.0.0.5',
  ])
})

test('a rule that changes is told to the hosts of the group alone, and keeps the ids of the other rules and of the group', async () => {
  const { cloud, host1, host2 } = await twoHosts()
  const before = (await networkOf(cloud, host2)).groups[0]
  const generations = [await host1.generation(), await host2.generation()]
  const groups = `  - name: db
    rules: [{direction: in, protocol: tcp, ports: 5432, group: web}]
  - name: web
    rules: [{direction: out}, {direction: in, protocol: tcp, ports: 443}]
`
  const { plan, changedHosts } = await cloud.apply(shop({ groups }))
  expect(plan.actions).toMatchObject([
    {
      kind: 'change-live',
      thing: 'security-group',
      name: 's.web',
      interrupts: true,
      reason: 'connections of its members that no rule lets through any more are cut off',
      changes: [
        { field: 'rule', from: 'in tcp 80 from anybody', to: 'none' },
        { field: 'rule', from: 'none', to: 'in tcp 443 from anybody' },
      ],
    },
  ])
  expect(changedHosts).toEqual([host2.id])
  expect([await host1.generation(), await host2.generation()]).toEqual([generations[0], (generations[1] ?? 0) + 1])
  const after = (await networkOf(cloud, host2)).groups[0]
  expect(after?.id).toBe(before?.id)
  expect(after?.rules[0]).toEqual(before?.rules[1])
})

test('another group for an instance is a change while it runs: its document stays, its host is told the port anew', async () => {
  const { cloud, host1 } = await twoHosts()
  const [before] = (await host1.told()).instances
  const { plan } = await cloud.apply(shop({ db: 'securityGroups: [db, web]' }))
  expect(plan.actions).toMatchObject([
    {
      kind: 'change-live',
      name: 's.db',
      interrupts: false,
      changes: [{ field: 'securityGroups', from: 'db', to: 'db, web', when: 'live' }],
    },
  ])
  expect((await host1.told()).instances).toEqual([before])
  expect((await networkOf(cloud, host1)).ports[0]?.groups).toHaveLength(2)
  const back = await planStack(cloud, shop())
  expect(back.actions).toMatchObject([{ name: 's.db', interrupts: true }])
})

test('without groups an instance is in the default one; an empty list leaves it with its lifelines', async () => {
  const { cloud, host1, host2 } = await twoHosts(shop({ groups: '', web: '', db: 'securityGroups: []' }))
  expect((await networkOf(cloud, host1)).ports[0]?.groups).toEqual([])
  const { groups } = await networkOf(cloud, host2)
  expect(groups).toMatchObject([
    {
      name: 's.default',
      members: ['10.0.0.4'],
      rules: [
        { direction: 'out', protocol: 'any' },
        { direction: 'in', protocol: 'any', remote: { group: groups[0]?.id } },
      ],
    },
  ])
  expect((await listGroups(cloud.db)).map(({ rules }) => rules.map(({ text }) => text))).toEqual([
    ['out everything to anybody', 'in everything from security group s.default'],
  ])
})

test('a network without ranges is left out of PF: no addresses, no groups, nothing to wait for', async () => {
  const { cloud, host1 } = await twoHosts(shop({ lan: 'bridge: bridge0', web: '', db: '' }))
  const { networks, ports, groups } = await networkOf(cloud, host1)
  expect(networks).toMatchObject([{ bridge: 'bridge0', own: false, dhcp: false }])
  expect(ports).toMatchObject([{ addresses: [], groups: [] }])
  expect(groups).toEqual([])
  expect((await host1.told()).instances[0]?.ports[0]?.filtered).toBeUndefined()
})

test('a host gets its own address with its first instance on a network, and gives it back with the last', async () => {
  const { cloud, host1, host2 } = await twoHosts()
  const own = async () =>
    (await listNetworks(cloud.db, await cloud.fleet.hosts(cloud.db))).flatMap(({ hosts }) => hosts)
  expect(await own()).toEqual([
    { host: 'host1', addresses: ['10.0.0.1'] },
    { host: 'host2', addresses: ['10.0.0.2'] },
  ])
  await host1.obeys()
  await host2.obeys()
  await cloud.apply(shop().replace(/ {2}- \{name: web, .*\n/, ''))
  expect(await own()).toHaveLength(2)
  const generation = await host1.generation()
  await host2.obeys()
  expect(await own()).toEqual([{ host: 'host1', addresses: ['10.0.0.1'] }])
  // The one that is gone was a member that host1 knew.
  expect(await host1.generation()).toBe(generation + 1)
  expect((await cloudSections(cloud.db, [host2.id])).get(host2.id)?.network).toEqual({})
})

test('a host never takes an address that is promised to an instance, also when that is promised later', async () => {
  const fixed = (address: string) =>
    shop().replace('networks: [lan]', `networks: [{network: lan, address: ${address}}]`)
  const { cloud, host1, host2 } = await twoHosts(fixed('10.0.0.1'))
  expect((await networkOf(cloud, host2)).ports[0]?.addresses).toEqual(['10.0.0.1'])
  const before = (await networkOf(cloud, host1)).networks[0]?.ipv4?.host
  expect(before).toBe('10.0.0.2')
  await cloud.apply(fixed('10.0.0.2'))
  expect((await networkOf(cloud, host2)).ports[0]?.addresses).toEqual(['10.0.0.2'])
  const { networks } = await networkOf(cloud, host1)
  expect(networks[0]?.ipv4?.host).not.toBe('10.0.0.2')
  expect((await host1.told()).instances[0]?.ports[0]?.gateways).toEqual([networks[0]?.ipv4?.host])
})

test('IPv6 beside IPv4, a VLAN, a router elsewhere, routes and MTU are told as they are declared', async () => {
  const lan =
    'vlan: 42, mtu: 1400, isolated: true, dhcp: false, ipv4: {range: 10.0.0.0/24, gateway: 10.0.0.254, dns: [10.0.0.253], routes: [{to: 10.9.0.0/16, via: 10.0.0.9}]}, ipv6: {range: "2001:DB8::/64", gateway: host}'
  const { cloud, host1 } = await twoHosts(shop({ lan }))
  expect((await networkOf(cloud, host1)).networks).toMatchObject([
    {
      vlan: 42,
      mtu: 1400,
      isolated: true,
      dhcp: false,
      ipv4: {
        router: '10.0.0.254',
        dns: ['10.0.0.253'],
        routes: [{ to: '10.9.0.0/16', via: '10.0.0.9' }],
        snat: false,
      },
      ipv6: { range: '2001:db8::/64', host: '2001:db8::1', router: '2001:db8::1', dns: [], snat: false },
    },
  ])
  expect((await networkOf(cloud, host1)).networks[0]?.ipv4?.host).toBeUndefined()
  expect((await host1.told()).instances[0]?.ports[0]).toMatchObject({
    mtu: 1400,
    gateways: ['10.0.0.254', '2001:db8::1'],
  })
})

test('allowed addresses of a port are told to its host, and count as members of its groups', async () => {
  const text = shop().replace(
    'networks: [lan]',
    'networks: [{network: lan, allowedAddresses: [10.0.0.200, 172.16.0.0/24]}]',
  )
  const { cloud, host1, host2 } = await twoHosts(text)
  expect((await networkOf(cloud, host2)).ports[0]?.allowed).toEqual(['10.0.0.200/32', '172.16.0.0/24'])
  expect((await networkOf(cloud, host1)).groups.find(({ name }) => name === 's.web')?.members).toEqual([
    '10.0.0.200/32',
    '10.0.0.4',
    '172.16.0.0/24',
  ])
})

test('a range that holds an outside address of a host is allowed on no such host, and not where an instance is already', async () => {
  const cloud = await openCloud()
  const host1 = await cloud.host('host1', { memoryMiB: 16_384 })
  await cloud.host('host2')
  const egress = { interface: 'em0', ipv4: '192.0.2.11', ipv6: '2001:db8::11' }
  await host1.reports({}, { egress, metadata: { address: '169.254.169.254', port: 80 } })
  await declareFloatingRange(cloud.db, { name: 'a', range: '198.51.100.0/29', routed: false, labels: { rack: 'a' } })
  await declareFloatingRange(cloud.db, { name: 'any', range: '203.0.113.0/29', routed: true })
  const text = (allowed: string) => `name: s
networks:
  - {name: lan, ipv4: {range: 10.0.0.0/24, gateway: host}, ipv6: {range: "fd00::/64", gateway: host}}
instances:
  - {name: web, vcpus: 1, memory: 1GiB, disk: 4GiB, image: {empty: true}, networks: [{network: lan, allowedAddresses: [${allowed}]}]}
`
  const placed = async (allowed: string) => (await planStack(cloud, text(allowed))).placements[0]
  const smaller = 'allow it smaller ranges'
  const tooWide = [
    ['192.0.2.0/24', `192.0.2.0/24, which holds 192.0.2.11, the outside address of host1: ${smaller}`],
    ['"2001:db8::/32"', `2001:db8::/32, which holds 2001:db8::11, the outside address of host1: ${smaller}`],
    [
      '169.254.0.0/16',
      `169.254.0.0/16, which holds 169.254.169.254, where host1 tells instances what they are: ${smaller}`,
    ],
  ] as const
  for (const [allowed, why] of tooWide)
    expect(await placed(allowed)).toMatchObject({
      host: 'host2',
      hosts: [{ host: 'host1', fits: false, reason: `it may send from ${why}` }, { fits: true }],
    })
  // Addresses of `a` come to no host without the label; the networks' own addresses of a host are no part of what a port may say.
  expect(await placed('198.51.100.0/24, 10.0.0.0/24')).toMatchObject({ host: 'host1' })
  const { actions } = await planStack(cloud, text('203.0.113.0/24'))
  const everywhere = `it may send from 203.0.113.0/24, which holds addresses of the floating range any (203.0.113.0/29): ${smaller}`
  expect(actions).toContainEqual(
    expect.objectContaining({
      kind: 'refused',
      name: 's.web',
      reason: `no host fits (host1: ${everywhere}; host2: ${everywhere})`,
    }),
  )
  await cloud.apply(text('172.16.0.0/16'))
  expect((await networkOf(cloud, host1)).ports).toHaveLength(1)
  await expect(cloud.apply(text('192.0.0.0/16'))).rejects.toThrow(
    `s.web: it is on host1, but it may send from 192.0.0.0/16, which holds 192.0.2.11, the outside address of host1: ${smaller}`,
  )
  expect((await networkOf(cloud, host1)).ports[0]?.allowed).toEqual(['172.16.0.0/16'])
})

describe('what a running guest has of its networks and loses at once interrupts, and the plan says what', () => {
  const planned = async (before: string, after: string) => {
    const { cloud } = await twoHosts(before)
    const { actions } = await planStack(cloud, after)
    const of = (name: string) => actions.find((action) => action.name === name)
    return { web: of('s.web'), lan: of('s.lan'), cloud }
  }
  const at = (address: string) => shop().replace('networks: [lan], p', `networks: [{network: lan${address}}], p`)
  const byDhcp = 'at once, and is cut off until it asks for its addresses again (DHCP), or starts'

  test('another fixed address', async () => {
    const { web, cloud } = await planned(shop(), at(', address: 10.0.0.77'))
    expect(web).toMatchObject({
      kind: 'change-live',
      interrupts: true,
      reason: `it loses 10.0.0.4 ${byDhcp}`,
      changes: [{ field: 'networks', when: 'live' }],
    })
    // One that does not run has nothing to lose.
    await cloud.apply(at('').replace('{antiAffinity: [db]},', '{antiAffinity: [db]}, running: false,'))
    const { actions } = await planStack(cloud, at(', address: 10.0.0.77'))
    expect(actions).toMatchObject([{ kind: 'change-at-next-start', name: 's.web', interrupts: false }])
  })

  test('another range, with the gateway', async () => {
    const { web } = await planned(shop(), shop({ lan: 'ipv4: {range: 10.5.0.0/24, gateway: host}' }))
    expect(web).toMatchObject({ interrupts: true, reason: `it loses 10.0.0.4, 10.0.0.2 ${byDhcp}` })
  })

  test('a host that is the gateway no more, but not a router elsewhere', async () => {
    const lan = (gateway: string) => `dhcp: false, ipv4: {range: 10.0.0.0/24, gateway: ${gateway}}`
    const { web } = await planned(shop({ lan: lan('host') }), shop({ lan: lan('10.0.0.254') }))
    const reason = 'it loses 10.0.0.2 at once, and is cut off until it starts again'
    expect(web).toMatchObject({ interrupts: true, reason })
    const other = await planned(shop({ lan: lan('10.0.0.254') }), shop({ lan: lan('10.0.0.253') }))
    expect(other.web).toMatchObject({ kind: 'change-at-next-start', interrupts: false })
  })

  test('another bridge, which DHCP does not help', async () => {
    const lan = (bridge: string) => `bridge: ${bridge}, ipv4: {range: 10.0.0.0/24, gateway: host}`
    const { web } = await planned(shop({ lan: lan('bridge0') }), shop({ lan: lan('bridge1') }))
    const reason = 'it loses the bridge bridge0 at once, and is cut off until it starts again'
    expect(web).toMatchObject({ interrupts: true, reason })
  })

  test('those of other hosts, when the VLAN is another; its neighbours, when they are to be kept apart', async () => {
    const lan = (more: string) => `${more}ipv4: {range: 10.0.0.0/24, gateway: host}`
    const vlan = await planned(shop({ lan: lan('vlan: 42, ') }), shop({ lan: lan('vlan: 43, ') }))
    expect(vlan.lan).toMatchObject({
      interrupts: true,
      reason: expect.stringMatching(/^it goes from VLAN 42 to VLAN 43, /),
    })
    const apart = await planned(shop({ lan: lan('') }), shop({ lan: lan('isolated: true, ') }))
    expect(apart.lan).toMatchObject({ interrupts: true, reason: expect.stringContaining('do not reach each other') })
    const mtu = await planned(shop({ lan: lan('') }), shop({ lan: lan('mtu: 1400, ') }))
    expect(mtu.lan).toMatchObject({ interrupts: false })
  })
})

const outside = `floatingIps:
  - {name: front, instance: web}
  - {name: side, address: 198.51.100.6}
portForwards:
  - {protocol: tcp, ports: 8022, instance: db, toPort: 22, floatingIp: side}
  - {protocol: udp, ports: 5000-5009, instance: web}
`

test('floating IPs and port forwards: planned, told to the host of their instance, and cut off when they go', async () => {
  const { cloud, host1, host2 } = await twoHosts()
  const { plan } = await cloud.apply(shop({ more: outside }))
  expect(shown(plan)).toEqual([
    'create floating-ip s.front',
    'create floating-ip s.side',
    'create port-forward s.side-tcp-8022',
    'create port-forward s.udp-5000-5009',
  ])
  const [one, two] = [await networkOf(cloud, host1), await networkOf(cloud, host2)]
  const [webPort, dbPort] = [two.ports[0], one.ports[0]]
  expect(two.floatingIps).toMatchObject([
    { name: 's.front', address: '198.51.100.1', port: webPort?.id, fixed: '10.0.0.4', routed: false },
  ])
  expect(two.forwards).toMatchObject([
    { name: 's.udp-5000-5009', protocol: 'udp', ports: { from: 5000, to: 5009 }, port: webPort?.id, toPort: 5000 },
  ])
  expect(one.floatingIps).toEqual([
    { id: one.floatingIps[0]?.id, name: 's.side', address: '198.51.100.6', routed: false },
  ])
  expect(one.forwards).toMatchObject([
    {
      floatingIp: one.floatingIps[0]?.id,
      ports: { from: 8022, to: 8022 },
      port: dbPort?.id,
      fixed: '10.0.0.3',
      toPort: 22,
    },
  ])
  const hosts = await cloud.fleet.hosts(cloud.db)
  expect(await listFloatingIps(cloud.db, hosts)).toMatchObject([
    { name: 's.front', instance: 's.web', host: 'host2', range: 'public', forwards: [] },
    { name: 's.side', instance: 's.db', host: 'host1', forwards: ['tcp 8022 to s.db:22'] },
  ])
  expect(await showNetwork(cloud.db, hosts, 's.lan')).toMatchObject({
    attachments: [
      { instance: 's.db', groups: ['s.db'], floatingIps: [] },
      { instance: 's.web', groups: ['s.web'], floatingIps: ['198.51.100.1'] },
    ],
  })
  expect(await showStack(cloud.db, hosts, 's')).toMatchObject({
    securityGroups: [{ name: 'db', rules: 1, ports: 1 }, { name: 'web' }],
    floatingIps: [
      { name: 'front', address: '198.51.100.1', instance: 's.web' },
      { name: 'side', instance: 's.db' },
    ],
    portForwards: ['tcp 8022 to s.db:22', 'udp 5000-5009 to s.web:5000-5009'],
  })
  expect((await cloud.apply(shop({ more: outside }))).plan.actions).toEqual([])
  const moved = await cloud.apply(
    shop({ more: outside.replace('instance: web}\n  - {name: side', 'instance: db}\n  - {name: side') }),
  )
  expect(moved.plan.actions).toMatchObject([
    { kind: 'change-live', name: 's.front', interrupts: true, reason: 'connections through 198.51.100.1 end' },
  ])
  expect((await networkOf(cloud, host1)).floatingIps.map(({ name }) => name)).toEqual(['s.front', 's.side'])
  const gone = await cloud.apply(shop())
  expect(gone.plan.actions.map(({ interrupts, name }) => `${interrupts} ${name}`)).toContain('true s.front')
  expect((await networkOf(cloud, host1)).forwards).toEqual([])
  expect(await listFloatingIps(cloud.db, hosts)).toEqual([])
})

test('a floating IP that cannot be had is refused with what there is', async () => {
  const { cloud } = await twoHosts()
  const reason = async (ip: string) => {
    const { actions } = await planStack(cloud, shop({ more: `floatingIps:\n  - {name: front, ${ip}}\n` }))
    return actions.map((action) => `${action.kind}: ${action.reason}`)
  }
  expect(await reason('range: publik')).toEqual(['refused: there is no floating range publik; did you mean public?'])
  expect(await reason('address: 203.0.113.1')).toEqual([
    'refused: 203.0.113.1 is no address of any floating range; there are public (198.51.100.0/29)',
  ])
  await declareFloatingRange(cloud.db, { name: 'other', range: '203.0.113.0/30', routed: true })
  expect(await reason('instance: web')).toEqual([
    'refused: say which range it is taken from: other (203.0.113.0/30), public (198.51.100.0/29)',
  ])
  await cloud.apply(shop({ more: 'floatingIps:\n  - {name: a, range: public, address: 198.51.100.2}\n' }))
  const taken = shop({ name: 't', lan: 'ipv4: {range: 10.5.0.0/24, gateway: host}' })
  const { actions } = await planStack(cloud, `${taken}floatingIps:\n  - {name: b, address: 198.51.100.2}\n`)
  expect(actions).toContainEqual(expect.objectContaining({ name: 't.b', reason: '198.51.100.2 is taken by s.a' }))
  const many = Array.from({ length: 3 }, (_, index) => `  - {name: f${index}, range: other}\n`).join('')
  await expect(cloud.apply(shop({ more: `floatingIps:\n${many}` }))).rejects.toThrow(
    'the floating range other has no free address left in 203.0.113.0/30',
  )
})

test('a floating range: the same again is nothing, another of its name or its addresses is refused, a used one stays', async () => {
  const { cloud } = await twoHosts(shop({ more: 'floatingIps: [{name: front, instance: web}]\n' }))
  const { db } = cloud
  const range = { name: 'public', range: '198.51.100.0/29', routed: false }
  expect(await declareFloatingRange(db, range)).toBe(false)
  await expect(declareFloatingRange(db, { ...range, routed: true })).rejects.toMatchObject({ code: 'conflict' })
  await expect(declareFloatingRange(db, { ...range, name: 'b' })).rejects.toThrow('overlaps the floating range public')
  await expect(declareFloatingRange(db, { ...range, range: '198.51.100.1/29' })).rejects.toThrow('is no IPv4 range')
  expect(await listFloatingRanges(db)).toEqual([{ ...range, used: 1, size: 6 }])
  await expect(removeFloatingRange(db, 'public')).rejects.toThrow('public is used by s.front (198.51.100.1)')
  await expect(removeFloatingRange(db, 'none')).rejects.toThrow('no floating range none; there are public')
  await cloud.apply(shop())
  await removeFloatingRange(db, 'public')
  expect(await listFloatingRanges(db)).toEqual([])
})

test('two networks with one range are not on one host: another is taken, or the apply is refused with both names', async () => {
  const { cloud, host1, host2 } = await twoHosts()
  const single = (more = '') => `name: t
networks: [{name: net, ipv4: {range: 10.0.0.128/25, gateway: host}}]
instances: [{name: a, vcpus: 1, memory: 1GiB, disk: 4GiB, image: {empty: true}, networks: [net]${more}}]
`
  await expect(cloud.apply(single())).rejects.toThrow(
    'no host fits (host1: 10.0.0.128/25 of t.net overlaps 10.0.0.0/24 of s.lan, which is there; host2: 10.0.0.128/25 of t.net overlaps',
  )
  const host3 = await cloud.host('host3', { memoryMiB: 2048 })
  const { plan } = await cloud.apply(single())
  expect(plan.placements).toMatchObject([{ instance: 't.a', host: 'host3' }])
  expect((await networkOf(cloud, host3)).networks).toHaveLength(1)
  // What is there cannot take such a range later either.
  const grown = await planStack(cloud, single().replace('10.0.0.128/25', '10.0.0.0/25'))
  expect(grown.actions.every(({ kind }) => kind !== 'refused')).toBe(true)
  expect([(await networkOf(cloud, host1)).networks.length, (await networkOf(cloud, host2)).networks.length]).toEqual([
    1, 1,
  ])
})

test('the ports of a host lead to one instance each, and labels of a floating range choose the host', async () => {
  const cloud = await openCloud()
  await cloud.host('host1', { memoryMiB: 16_384 })
  await cloud.host('host2', { labels: { site: 'north' } })
  await declareFloatingRange(cloud.db, {
    name: 'north',
    range: '198.51.100.0/29',
    routed: true,
    labels: { site: 'north' },
  })
  const text = (name: string, net: number, more: string) => `name: ${name}
networks: [{name: net, ipv4: {range: 10.${net}.0.0/24, gateway: host}}]
instances: [{name: a, vcpus: 1, memory: 1GiB, disk: 4GiB, image: {empty: true}, networks: [net]}]
${more}
`
  const { plan } = await cloud.apply(text('f', 1, 'floatingIps: [{name: ip, instance: a}]'))
  expect(plan.placements[0]).toMatchObject({
    host: 'host2',
    hosts: [{ reason: 'label site=north missing, which addresses of north need' }, { fits: true }],
  })
  const forward = 'portForwards: [{protocol: tcp, ports: 8080-8081, instance: a, toPort: 80}]'
  expect((await cloud.apply(text('p', 2, forward))).plan.placements[0]).toMatchObject({ host: 'host1' })
  const second = await cloud.apply(text('q', 3, forward.replace('8080-8081', '8081')))
  expect(second.plan.placements[0]).toMatchObject({
    host: 'host2',
    hosts: [{ reason: 'tcp 8081 of its own address leads to p.a already' }, { fits: true }],
  })
})

test('an instance on its way out keeps its port, its group and its floating IP until it is gone', async () => {
  const more = 'floatingIps: [{name: front, instance: web}]\n'
  const { cloud, host1, host2 } = await twoHosts(shop({ more }))
  await host1.obeys()
  await host2.obeys()
  const before = await networkOf(cloud, host2)
  const text = shop({ more, web: 'securityGroups: [web]' }).replace(
    'name: web, vcpus: 1, memory: 1GiB, disk: 4GiB, image: {name: debian, version: 1.0.0}',
    'name: web, vcpus: 1, memory: 1GiB, disk: 4GiB, image: {name: debian, version: 1.1.0}',
  )
  const { plan } = await cloud.apply(text)
  expect(shown(plan)).toEqual(['replace instance s.web'])
  expect(await networkOf(cloud, host2)).toEqual(before)
  await host2.obeys()
  const after = await networkOf(cloud, host2)
  expect(after.ports).toEqual([{ ...before.ports[0], instance: after.ports[0]?.instance }])
  expect(after.ports[0]?.instance).not.toBe(before.ports[0]?.instance)
  await deleteStack(cloud, 's', { volumes: false }, cloud.deed)
  const leaving = await networkOf(cloud, host2)
  expect(leaving.ports).toEqual(after.ports)
  expect(leaving.groups).toEqual(after.groups)
  expect(leaving.floatingIps).toEqual([])
  await host2.obeys()
  // The rules of a group that is left may name one that has no members any more.
  expect((await networkOf(cloud, host1)).groups.map(({ name, members }) => [name, members]).sort()).toEqual([
    ['s.db', []],
    ['s.web', []],
  ])
  await host1.obeys()
  for (const table of ['networks', 'security_groups', 'network_addresses', 'ports', 'floating_ips'] as const)
    expect(await cloud.db.selectFrom(table).selectAll().execute()).toEqual([])
})

test('a port that is taken from a guest keeps its addresses and its rules until the guest starts again', async () => {
  const lans = (used: string) =>
    shop()
      .replace('securityGroups:', '  - {name: old, ipv4: {range: 10.1.0.0/24, gateway: host}}\nsecurityGroups:')
      .replace('networks: [lan], placement', `networks: [${used}], placement`)
  const { cloud, host2 } = await twoHosts(lans('lan, old'))
  await host2.obeys()
  const before = await networkOf(cloud, host2)
  expect(before.ports.map(({ addresses }) => addresses).sort()).toEqual([['10.0.0.4'], ['10.1.0.2']])
  const { plan } = await cloud.apply(lans('lan'))
  expect(plan.actions).toMatchObject([{ kind: 'change-at-next-start', changes: [{ field: 'networks' }] }])
  const [told] = (await host2.told()).instances
  if (!told) throw new Error('the host was told nothing')
  expect(told.ports).toHaveLength(1)
  expect((await networkOf(cloud, host2)).ports).toEqual(before.ports)
  // The file goes again without the network, which is there as long as its port.
  await cloud.apply(shop())
  await host2.reports({ instances: [instanceStatus(told, { atNextStart: ['ports'] })] })
  expect(await networkOf(cloud, host2)).toEqual(before)
  const generation = await host2.generation()
  await host2.reports({ instances: [instanceStatus(told)] })
  expect(await host2.generation()).toBe(generation + 1)
  const after = await networkOf(cloud, host2)
  expect(after.networks.map(({ name }) => name)).toEqual(['s.lan'])
  expect(after.ports.map(({ addresses }) => addresses)).toEqual([['10.0.0.4']])
  expect((await listNetworks(cloud.db, [])).map(({ name }) => name)).toEqual(['s.lan'])
})

test('a network of another name with the range of one that a guest still has is refused: a host cannot have both', async () => {
  const { cloud } = await twoHosts()
  const renamed = shop().replace('name: lan,', 'name: net,').replaceAll('networks: [lan]', 'networks: [net]')
  const { actions } = await planStack(cloud, renamed)
  expect(actions).toContainEqual(
    expect.objectContaining({
      kind: 'refused',
      name: 's.db',
      reason:
        'it is on host1, but 10.0.0.0/24 of s.net overlaps 10.0.0.0/24 of s.lan, which is there; moving it is not possible',
    }),
  )
})

test('when a host is fenced its instances go elsewhere with their floating IPs, and who knew them is told', async () => {
  const more = 'floatingIps: [{name: front, instance: web}]\n'
  const { cloud, host1, host2 } = await twoHosts(shop({ more }))
  const host3 = await cloud.host('host3', { memoryMiB: 2048 })
  cloud.clock.now = new Date(start.getTime() + 600_000)
  await host1.reports()
  await host3.reports()
  await fenceHost(cloud.db, 'host2', { now: cloud.clock.now, silentSeconds: 120 })
  await releaseSuccessors(cloud.db, cloud.fleet, host2.id)
  await cloud.apply(shop({ more }))
  expect((await networkOf(cloud, host3)).floatingIps).toMatchObject([{ address: '198.51.100.1', fixed: '10.0.0.4' }])
  expect((await networkOf(cloud, host3)).networks[0]?.ipv4?.host).toBe('10.0.0.5')
  const fenced = { id: host2.id, name: 'host2', fenced: true }
  const woken = await transact(cloud.db, (trx) => leaveHost(trx, cloud.fleet, fenced))
  expect(woken).not.toContain(host2.id)
  const left = await cloud.db.selectFrom('network_addresses').select('host').where('host', '=', host2.id).execute()
  expect(left).toEqual([])
})
