import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readTextIfThere } from '../../src/platform/files.ts'
import { compileRules } from '../../src/rules/compile/compile.ts'
import { portGroup } from '../../src/rules/names.ts'
import type { Origin } from '../../src/rules/path/host.ts'
import { openHost } from '../../src/rules/path/open-host.ts'
import { openPf } from '../../src/rules/pf/open-pf.ts'
import { opening, type Packet, tcp } from '../../src/rules/pf/packet.ts'
import { parseRuleset } from '../../src/rules/pf/parse.ts'
import { printRuleset } from '../../src/rules/pf/print.ts'
import { desiredNetworks, type PortSpec } from '../support/networks.ts'
import { until } from '../support/processes.ts'
import { type Heard, type NetworkHost, type NetworkLaboratory, openNetworkLaboratory } from './network/laboratory.ts'

/*
 * The real dnsmasq and the real metadata service, as network starts them, and real clients of both: a host and its guests are network namespaces.
 */

const macs = { web: '00:16:3e:00:00:01', db: '00:16:3e:00:00:02', stranger: '00:16:3e:00:00:63' }
// In no security group: nothing but what an instance needs to live.
const web: PortSpec = { name: 'web', network: 'lan', addresses: ['10.0.0.11', '2001:db8::11'], mac: macs.web }
const db: PortSpec = { name: 'db', network: 'lan', addresses: ['10.0.0.12', '2001:db8::12'], mac: macs.db }

function lanOf(ports: PortSpec[], routes: { to: string; via: string }[] = []) {
  const desired = desiredNetworks({
    networks: [
      {
        name: 'lan',
        bridge: 'br-lan',
        mtu: 1400,
        ipv4: { range: '10.0.0.0/24', host: '10.0.0.1', dns: ['10.0.0.1'], routes },
        ipv6: { range: '2001:db8::/64', host: '2001:db8::1', dns: ['2001:db8::1'] },
      },
    ],
    ports,
  })
  const [first] = desired.instances
  if (first) Object.assign(first, { sshKeys: ['ssh-ed25519 AAAA alice'], userData: '#!/bin/sh\necho secret\n' })
  return desired
}

let laboratory: NetworkLaboratory
let host: NetworkHost

beforeAll(async () => {
  laboratory = await openNetworkLaboratory({
    bridge: 'br-lan',
    addresses: ['10.0.0.1/24', '2001:db8::1/64'],
    guests: macs,
  })
  host = laboratory.startHost()
  expect((await host.apply(lanOf([web, db]))).problems).toEqual([])
})
afterAll(() => laboratory.close())

const pidOf = async (desired = lanOf([web, db])) => (await host.apply(desired)).sights[0]?.pid
const curl = (guest: string, path: string, ...more: string[]) =>
  laboratory.run(guest, ['curl', '-sS', '--max-time', '10', ...more, `http://169.254.169.254${path}`])
const resolve = async (guest: string, name: string) =>
  (await laboratory.run(guest, ['busybox', 'nslookup', name, '10.0.0.1'])).stdout

describe('DHCP', () => {
  test('an instance is given its address, its name, its routes, its name server and the MTU', async () => {
    expect(await laboratory.lease('web')).toMatchObject({
      ip: '10.0.0.11',
      mask: '24',
      hostname: 'web',
      domain: 'shop.internal',
      dns: '10.0.0.1',
      router: '10.0.0.1',
      staticroutes: '169.254.169.254/32 10.0.0.1 0.0.0.0/0 10.0.0.1',
      mtu: '1400',
      lease: '43200',
    })
    expect(await laboratory.lease('db')).toMatchObject({ ip: '10.0.0.12', hostname: 'db' })
  })

  test('a MAC that is no port of this host is given nothing', async () => {
    expect(await laboratory.lease('stranger')).toBeUndefined()
  })

  test.each([
    ['its address', ['-r', '10.0.0.11']],
    ['its name', ['-x', 'hostname:web', '-F', 'web']],
    ['its client identifier', ['-x', '0x3d:0100163e000001']],
  ])('an instance that asks as its neighbour, by %s, is given its own', async (_, options) => {
    expect((await laboratory.lease('db', options))?.ip).toBe('10.0.0.12')
  })

  test('the DUID by which DHCPv6 knows its neighbour opens nothing in IPv4', async () => {
    expect([undefined, '10.0.0.12']).toContain((await laboratory.lease('db', ['-x', '0x3d:0003000100163e000001']))?.ip)
    expect(await laboratory.lease('stranger', ['-x', '0x3d:0003000100163e000001'])).toBeUndefined()
  })

  test('an instance that asks with the source address of its neighbour is offered its own', async () => {
    await laboratory.lease('db')
    await laboratory.run('db', ['ip', 'address', 'add', '10.0.0.11/24', 'dev', 'e0'])
    const discover = (mac: string) =>
      laboratory.run('db', ['/usr/bin/python3', join(import.meta.dirname, 'network/discover.py'), '10.0.0.11', mac])
    expect((await discover(macs.db)).stdout).toBe('10.0.0.12\n')
    expect((await discover(macs.stranger)).stdout).toBe('nothing\n')
    await laboratory.run('db', ['ip', 'address', 'delete', '10.0.0.11/24', 'dev', 'e0'])
    // ARP has believed it.
    await laboratory.run('host', ['ip', 'neighbour', 'flush', 'dev', 'br-lan'])
  })

  test('IPv6: the host is the router that is heard of, and a client that is known by its MAC gets its address', async () => {
    const routes = await until('the router', async () => {
      const { stdout } = await laboratory.run('web', ['ip', '-6', 'route'])
      return stdout.includes('default via fe80:') && stdout
    })
    expect(routes).toMatch(/^2001:db8::\/64 dev e0 .*proto kernel/m)
    expect(routes).toMatch(/^default via fe80:\S+ dev e0 proto ra /m)
    // The link of this one was left as it is.
    const mtu = async () =>
      (await laboratory.run('stranger', ['cat', '/proc/sys/net/ipv6/conf/e0/mtu'])).stdout === '1400\n'
    await until('the MTU', mtu)
    const lease = async (guest: string) => {
      const files = ['-lf', join(laboratory.folder, `${guest}6`), '-pf', join(laboratory.folder, `${guest}6.pid`)]
      await laboratory.run(guest, [
        'timeout',
        '20',
        'dhclient',
        '-6',
        '-1',
        '-D',
        'LL',
        '-sf',
        '/bin/true',
        ...files,
        'e0',
      ])
      const text = (await readTextIfThere(files[1] ?? '')) ?? ''
      await laboratory.run(guest, ['sh', '-c', `kill "$(cat ${files[3]})"`])
      return /iaaddr (\S+)/.exec(text)?.[1]
    }
    expect(await lease('web')).toBe('2001:db8::11')
    expect(await lease('db')).toBe('2001:db8::12')
    expect(await lease('stranger')).toBeUndefined()
  })

  test('more routes than fit are told, and an instance gets the others', async () => {
    const routes = Array.from({ length: 32 }, (_, at) => ({ to: `198.51.100.${at * 4}/30`, via: '10.0.0.7' }))
    const { problems } = await host.apply(lanOf([web, db], routes))
    // As a client asks that does not know which of the two options it is given.
    const lease = await laboratory.lease('web', ['-O', '249'])
    await host.apply(lanOf([web, db]))
    expect(problems).toEqual([expect.stringContaining('are told 13 of its 34 IPv4 routes')])
    expect(lease?.staticroutes?.split(' ')).toHaveLength(26)
    expect(lease).toMatchObject({ ip: '10.0.0.11', dns: '10.0.0.1', domain: 'shop.internal', mtu: '1400' })
  })
})

describe('DNS', () => {
  test('an instance finds another by its name, and asks in vain for one of the stack that is not there', async () => {
    await laboratory.lease('web')
    expect(await resolve('web', 'db.shop.internal')).toMatch(/Address.*10\.0\.0\.12/)
    expect(await resolve('web', 'nobody.shop.internal')).toMatch(/can't find nobody.shop.internal|NXDOMAIN/)
  })

  test('no instance gives itself a name', async () => {
    await laboratory.lease('web')
    await laboratory.lease('db', ['-x', 'hostname:mail', '-F', 'mail'])
    expect(await resolve('web', 'mail.shop.internal')).toMatch(/can't find mail.shop.internal|NXDOMAIN/)
  })
})

describe('metadata', () => {
  test('curl in an instance is told what the instance is; a neighbour what the neighbour is', async () => {
    for (const guest of ['web', 'db']) {
      await laboratory.lease(guest)
      const { stdout } = await curl(guest, '/openstack/latest/meta_data.json')
      expect(JSON.parse(stdout)).toMatchObject({ name: `shop.${guest}`, hostname: guest })
      expect((await curl(guest, '/2009-04-04/meta-data/local-hostname')).stdout).toBe(guest)
    }
    expect((await curl('web', '/latest/user-data')).stdout).toBe('#!/bin/sh\necho secret\n')
  })

  test('whoever has no port here, and whoever asks for somebody else, is refused', async () => {
    await laboratory.run('stranger', ['ip', 'address', 'add', '10.0.0.99/24', 'dev', 'e0'])
    await laboratory.run('stranger', ['ip', 'route', 'add', '169.254.169.254/32', 'via', '10.0.0.1'])
    const status = async (guest: string, ...more: string[]) =>
      (await curl(guest, '/latest/user-data', '-o', '/dev/null', '-w', '%{http_code}', ...more)).stdout
    expect(await status('stranger')).toBe('404')
    expect(await status('web')).toBe('200')
    expect(await status('web', '-H', 'X-Forwarded-For: 10.0.0.12')).toBe('403')
  })

  test('cloud-init reads both trees, and makes interfaces of what it reads', async () => {
    await laboratory.lease('web')
    const script = `
import json
from cloudinit.sources.helpers import ec2, openstack
read = openstack.MetadataReader('http://169.254.169.254').read_v2()
macs = {'${macs.web}': 'e0'}
print(json.dumps({
    'uuid': read['metadata']['uuid'],
    'keys': read['metadata']['public_keys'],
    'user': read['userdata'].decode(),
    'network': openstack.convert_net_json(read['networkdata'], known_macs=macs),
    'ec2': ec2.get_instance_metadata('2009-04-04', 'http://169.254.169.254'),
}, default=str))`
    const { stdout } = await laboratory.run('web', ['/usr/bin/python3', '-c', script])
    const [instance] = lanOf([web]).instances
    expect(JSON.parse(stdout)).toMatchObject({
      uuid: instance?.id,
      keys: { key0: 'ssh-ed25519 AAAA alice' },
      user: '#!/bin/sh\necho secret\n',
      network: {
        config: expect.arrayContaining([
          expect.objectContaining({
            type: 'physical',
            name: 'e0',
            mac_address: macs.web,
            mtu: 1400,
            subnets: [
              { type: 'dhcp4' },
              expect.objectContaining({ type: 'static6', address: '2001:db8::11', netmask: 'ffff:ffff:ffff:ffff::' }),
            ],
          }),
        ]),
      },
      ec2: {
        'instance-id': instance?.id,
        'local-ipv4': '10.0.0.11',
        'public-keys': { key0: 'ssh-ed25519 AAAA alice' },
        placement: { 'availability-zone': 'slipway' },
      },
    })
  })
})

describe('while network comes and goes', () => {
  test('it is killed: DHCP and DNS go on, and the next one takes the same dnsmasq over', async () => {
    const before = await pidOf()
    await host.kill()
    expect(await laboratory.lease('web')).toMatchObject({ ip: '10.0.0.11' })
    host = laboratory.startHost()
    expect(await pidOf()).toBe(before)
    expect((await curl('web', '/latest/meta-data/hostname')).stdout).toBe('web')
  })

  test('dnsmasq is killed: it is started again', async () => {
    const before = await pidOf()
    await laboratory.run('host', ['kill', '-KILL', String(before)])
    expect(await pidOf()).not.toBe(before)
    expect(await laboratory.lease('web')).toMatchObject({ ip: '10.0.0.11' })
  })

  test('an instance comes: the running dnsmasq serves it', async () => {
    const before = await pidOf(lanOf([web]))
    expect(await laboratory.lease('db')).toBeUndefined()
    expect(await pidOf(lanOf([web, db]))).toBe(before)
    const lease = await until('the new lease', () => laboratory.lease('db'))
    expect(lease.ip).toBe('10.0.0.12')
    expect(await resolve('web', 'db.shop.internal')).toMatch(/Address.*10\.0\.0\.12/)
  })

  test('an address goes to another instance: it gets it at once, though the lease of the first has not ended', async () => {
    await host.apply(lanOf([web]))
    expect((await laboratory.lease('web'))?.ip).toBe('10.0.0.11')
    await host.apply(lanOf([{ ...db, addresses: ['10.0.0.11'] }]))
    expect((await laboratory.lease('db'))?.ip).toBe('10.0.0.11')
    expect(await laboratory.lease('web')).toBeUndefined()
    await host.apply(lanOf([web, db]))
  })

  test('the last network goes: no dnsmasq is left', async () => {
    const dnsmasqs = async () => {
      const { stdout } = await laboratory.run('host', ['ps', '-axww', '-o', 'args='])
      return stdout.split('\n').filter((line) => line.includes(`--conf-file=${laboratory.folder}/`))
    }
    expect(await dnsmasqs()).toHaveLength(1)
    const gone = await host.apply({ ...lanOf([]), networks: [] })
    expect([gone, await dnsmasqs()]).toEqual([{ problems: [], sights: [] }, []])
    await host.apply(lanOf([web, db]))
  })
})

test('each packet by which an instance without any security group lives passes the rules that it would have', async () => {
  const desired = lanOf([web, db])
  const { heard: all, stop } = await laboratory.sniff('web')
  // An advertisement that comes at the right moment saves the solicitation.
  await until('a solicitation', async () => {
    await laboratory.run('web', ['sh', '-c', 'ip link set e0 down; ip link set e0 up; sleep 4'])
    return all.some(({ type }) => type === 133)
  })
  await laboratory.lease('web')
  const files = ['-lf', join(laboratory.folder, 'sniffed6'), '-pf', join(laboratory.folder, 'sniffed6.pid')]
  await laboratory.run('web', ['timeout', '10', 'dhclient', '-6', '-1', '-D', 'LL', '-sf', '/bin/true', ...files, 'e0'])
  await laboratory.run('web', ['sh', '-c', `kill "$(cat ${files[3]})"`])
  await laboratory.run('web', ['ip', 'address', 'add', '2001:db8::11/64', 'dev', 'e0', 'nodad'])
  // Who is forgotten is asked for.
  const forget = (who: string, device: string) => laboratory.run(who, ['ip', '-6', 'neighbour', 'flush', 'dev', device])
  await forget('web', 'e0')
  for (const server of ['10.0.0.1', '2001:db8::1'])
    expect((await laboratory.run('web', ['busybox', 'nslookup', 'db.shop.internal', server])).stdout).toContain(
      '10.0.0.12',
    )
  await forget('host', 'br-lan')
  await laboratory.run('host', ['busybox', 'ping6', '-c', '1', '2001:db8::11'])
  await curl('web', '/latest/meta-data/hostname')
  await stop()
  const heard = all.filter(isLifeline)
  expect(kindsOf(heard)).toEqual([
    'dhcp',
    'dhcp from the host',
    'dhcp6',
    'dhcp6 from the host',
    'dns',
    'dns from the host',
    'icmp6 133',
    'icmp6 134 from the host',
    'icmp6 135',
    'icmp6 135 from the host',
    'icmp6 136',
    'icmp6 136 from the host',
    'metadata',
    'metadata from the host',
  ])

  for (const release of [14, 15] as const) {
    const own = new Set(
      heard.flatMap(({ sent, source }) => (sent && source.startsWith('fe80:') ? [`${source}/64`] : [])),
    )
    const send = freebsd(desired, release, [...own])
    const judged: Heard[] = []
    for (const each of heard) {
      const journey = send(packetOf(each), each.sent ? { kind: 'host' } : { kind: 'interface', interface: 'tap-web' })
      if (journey.hops.length > 0) judged.push(each)
      const blocked = journey.hops.find(({ verdict }) => verdict.action === 'block')
      expect([each, blocked?.verdict.rule?.rule.label]).toEqual([each, undefined])
    }
    // The model of a host's paths does not bring the host's own answers to an instance's address of the link: nobody judged those.
    expect(kindsOf(judged)).toEqual(kindsOf(heard).filter((kind) => kind !== 'dhcp6 from the host'))
    // And nothing else does.
    const from: Origin = { kind: 'interface', interface: 'tap-web' }
    for (const to of ['10.0.0.12', '10.0.0.1', '192.0.2.100'])
      expect(send(opening(tcp, '10.0.0.11', to, { source: 40_000, destination: 22 }), from).end.kind).toBe('blocked')
  }
})

/** The host as FreeBSD would have it, with the rules that are made of what is desired. */
function freebsd(desired: ReturnType<typeof lanOf>, release: 14 | 15, linkLocalOfHost: readonly string[]) {
  const { anchors } = compileRules(desired, {
    egress: { interface: 'em0', ipv4: '192.0.2.1' },
    filterLocal: false,
    metadata: { address: '169.254.169.254', port: 80 },
  })
  const tap = (name: 'web' | 'db') => [`tap-${name}`, [portGroup(macs[name]), 'osport', 'osnetx']] as const
  const pf = openPf({
    release,
    interfaces: Object.fromEntries([tap('web'), tap('db'), ['br-lan', ['osnetx']], ['em0', []], ['lo0', []]]),
    main: parseRuleset(
      ['nat-anchor', 'rdr-anchor', 'binat-anchor', 'anchor'].map((call) => `${call} "org.openstack/*"\n`).join(''),
    ),
    anchors: Object.fromEntries(
      anchors.map((anchor) => [`org.openstack/${anchor.name}`, parseRuleset(printRuleset(anchor))]),
    ),
  })
  const linkLocal = ['fe80::216:3eff:fe00:1', 'fe80::216:3eff:fe00:2']
  const { send } = openHost(
    {
      bridges: [
        {
          interface: 'br-lan',
          addresses: ['10.0.0.1/24', '2001:db8::1/64', ...linkLocalOfHost],
          members: [
            { interface: 'tap-web', addresses: [...web.addresses, linkLocal[0] ?? ''] },
            { interface: 'tap-db', addresses: [...db.addresses, linkLocal[1] ?? ''] },
          ],
        },
      ],
      outside: { interface: 'em0', addresses: ['192.0.2.1/24'] },
      loopback: ['169.254.169.254'],
      filterLocal: false,
    },
    pf,
  )
  return send
}

function isLifeline(heard: Heard): boolean {
  return kindOf(heard) !== undefined
}

const lifelinePorts = { 67: 'dhcp', 68: 'dhcp', 546: 'dhcp6', 547: 'dhcp6', 53: 'dns', 80: 'metadata' } as const

function kindOf({ protocol, sourcePort = 0, destinationPort = 0, type = 0, sent }: Heard): string | undefined {
  const ports: Readonly<Record<number, string>> = lifelinePorts
  const by = sent ? ' from the host' : ''
  // A namespace solicits routers; a host that is one does not.
  if (protocol === 58 && type >= (sent ? 134 : 133) && type <= 136) return `icmp6 ${type}${by}`
  const service = ports[sent ? sourcePort : destinationPort]
  return service && `${service}${by}`
}

function kindsOf(heard: readonly Heard[]): string[] {
  return [...new Set(heard.map((each) => kindOf(each) ?? ''))].sort()
}

/** As PF sees it. */
function packetOf({
  protocol,
  source,
  destination,
  sourcePort = 0,
  destinationPort = 0,
  flags,
  type,
  bytes,
}: Heard): Packet {
  const tcpFlags =
    flags === undefined ? undefined : flags & 4 ? 'R' : flags & 2 ? (flags & 16 ? 'SA' : 'S') : flags & 1 ? 'F' : 'A'
  return {
    protocol,
    source,
    destination,
    sourcePort,
    destinationPort,
    bytes,
    ...(tcpFlags && { flags: tcpFlags }),
    ...(type !== undefined && { icmp: { type, code: 0, id: 0 } }),
  }
}
