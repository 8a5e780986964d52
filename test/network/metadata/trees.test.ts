import { type Static, Type } from 'typebox'
import { describe, expect, test } from 'vitest'
import type { DesiredNetworks } from '../../../src/contract/network.ts'
import { parseJson } from '../../../src/contract/parse.ts'
import { callersOf } from '../../../src/network/metadata/callers.ts'
import { answer } from '../../../src/network/metadata/requests.ts'
import { desiredNetworks } from '../../support/networks.ts'

const desired: DesiredNetworks = desiredNetworks({
  networks: [
    {
      name: 'lan',
      mtu: 1400,
      ipv4: {
        range: '10.0.0.0/24',
        host: '10.0.0.1',
        dns: ['10.0.0.1'],
        routes: [{ to: '198.51.100.0/24', via: '10.0.0.7' }],
      },
      ipv6: { range: '2001:db8::/64', host: '2001:db8::1', dns: ['2001:db8::1', '10.0.0.1'] },
    },
    {
      name: 'back',
      dhcp: false,
      ipv4: { range: '10.1.0.0/16', router: '10.1.0.254', routes: [{ to: '203.0.113.0/26', via: '10.1.0.9' }] },
    },
    { name: 'raw' },
  ],
  ports: [
    { name: 'web', network: 'lan', addresses: ['10.0.0.11', '2001:db8::11'], groups: ['web', 'ssh'] },
    { name: 'web', network: 'back', addresses: ['10.1.0.11'], groups: ['web'] },
    { name: 'web', network: 'raw', addresses: [] },
    { name: 'db', network: 'lan', addresses: ['10.0.0.12'] },
  ],
  groups: [{ name: 'web' }, { name: 'ssh' }],
  floatingIps: [{ name: 'front', address: '192.0.2.51', fixed: '10.0.0.11' }],
})
const [web, db] = desired.instances
if (!web || !db) throw new Error('no instances')
web.sshKeys = ['ssh-ed25519 AAAA alice', 'ssh-ed25519 BBBB bob']
web.userData = '#!/bin/sh\necho hello\n'
const callers = callersOf(desired)

const passwords = { read: async () => 'sealed', leave: async () => true, keepOnly: async () => {} }

async function get(path: string, from = '10.0.0.11') {
  return answer(callers.get(from), { method: 'GET', path, forwardedFor: false, body: '' }, passwords)
}
const textOf = async (path: string, from?: string) => (await get(path, from)).body
const linesOf = async (path: string, from?: string) => (await textOf(path, from)).split('\n')

test('an instance is known by each of its IPv4 addresses, and by no other', () => {
  expect([...callers.keys()]).toEqual(['10.0.0.11', '10.1.0.11', '10.0.0.12'])
  expect(callers.get('10.1.0.11')?.instance.name).toBe('shop.web')
})

describe('the tree of OpenStack', () => {
  test('lists its versions, and what each has', async () => {
    const versions = await linesOf('/openstack')
    expect(versions).toEqual([
      '2012-08-10',
      '2013-04-04',
      '2013-10-17',
      '2015-10-15',
      '2016-06-30',
      '2016-10-06',
      '2017-02-22',
      '2018-08-27',
      '2020-10-14',
      '2025-04-04',
      'latest',
    ])
    expect(await linesOf('/openstack/')).toEqual(versions)
    const first = ['meta_data.json', 'user_data']
    expect(await linesOf('/openstack/2012-08-10')).toEqual(first)
    expect(await linesOf('/openstack/2013-04-04')).toEqual([...first, 'password'])
    expect(await linesOf('/openstack/2013-10-17/')).toEqual([...first, 'password', 'vendor_data.json'])
    const all = [...first, 'password', 'vendor_data.json', 'network_data.json', 'vendor_data2.json']
    expect(await linesOf('/openstack/2016-06-30')).toEqual(all.slice(0, 5))
    expect(await linesOf('/openstack/latest')).toEqual(all)
  })

  test('meta_data.json says who the instance is; each version adds its fields', async () => {
    const newest = JSON.parse(await textOf('/openstack/latest/meta_data.json'))
    expect(newest).toEqual({
      uuid: web.id,
      name: 'shop.web',
      hostname: 'web',
      launch_index: 0,
      availability_zone: 'slipway',
      meta: {},
      public_keys: { key0: 'ssh-ed25519 AAAA alice', key1: 'ssh-ed25519 BBBB bob' },
      keys: [
        { name: 'key0', type: 'ssh', data: 'ssh-ed25519 AAAA alice' },
        { name: 'key1', type: 'ssh', data: 'ssh-ed25519 BBBB bob' },
      ],
      random_seed: expect.any(String),
      project_id: 'shop',
      devices: [],
      dedicated_cpus: [],
    })
    expect(Buffer.from(newest.random_seed, 'base64')).toHaveLength(512)
    const fields = async (version: string) =>
      Object.keys(JSON.parse(await textOf(`/openstack/${version}/meta_data.json`))).length
    expect(
      await Promise.all(['2012-08-10', '2013-04-04', '2015-10-15', '2016-06-30', '2020-10-14'].map(fields)),
    ).toEqual([8, 9, 10, 11, 12])
  })

  test('the random seed is another one each time', async () => {
    const seed = async () => JSON.parse(await textOf('/openstack/latest/meta_data.json')).random_seed
    expect(await seed()).not.toBe(await seed())
  })

  test('user data, vendor data and the password; without user data there is none', async () => {
    expect(await textOf('/openstack/latest/user_data')).toBe('#!/bin/sh\necho hello\n')
    expect(await textOf('/openstack/latest/vendor_data.json')).toBe('{}')
    expect(await textOf('/openstack/latest/vendor_data2.json')).toBe('{}')
    expect(await textOf('/openstack/latest/password')).toBe('sealed')
    expect((await get('/openstack/latest/user_data', '10.0.0.12')).status).toBe(404)
    expect(await linesOf('/openstack/latest', '10.0.0.12')).not.toContain('user_data')
  })
})

/** What Nova's schema of network_data.json asks of those that have no bonds and no VLANs, as far as it says something about our fields. */
const v4 = Type.String({ pattern: '^(25[0-5]|2[0-4]\\d|1?\\d?\\d)(\\.(25[0-5]|2[0-4]\\d|1?\\d?\\d)){3}$' })
const v6 = Type.String({ pattern: '^[0-9a-f]{0,4}(:[0-9a-f]{0,4}){2,7}$' })
const layer3 = (types: string[], address: Type.TSchema) =>
  Type.Object(
    {
      id: Type.String(),
      link: Type.String(),
      network_id: Type.String(),
      type: Type.Enum(types),
      ip_address: Type.Optional(address),
      netmask: Type.Optional(address),
      routes: Type.Optional(Type.Array(Type.Object({ network: address, netmask: address, gateway: address }))),
    },
    { additionalProperties: false },
  )
const NetworkData = Type.Object({
  links: Type.Array(
    Type.Object({
      id: Type.String(),
      ethernet_mac_address: Type.String({ pattern: '^([0-9a-f]{2}:){5}[0-9a-f]{2}$' }),
      type: Type.Enum(['bridge', 'dvs', 'hw_veb', 'hyperv', 'ovs', 'tap', 'vhostuser', 'vif', 'phy']),
      mtu: Type.Union([Type.Integer({ minimum: 1, maximum: 65_535 }), Type.Null()]),
      vif_id: Type.String(),
    }),
  ),
  networks: Type.Array(
    Type.Union([layer3(['ipv4', 'ipv4_dhcp'], v4), layer3(['ipv6', 'ipv6_dhcp', 'ipv6_slaac'], v6)]),
  ),
  services: Type.Array(Type.Object({ type: Type.Literal('dns'), address: Type.Union([v4, v6]) })),
})
type NetworkData = Static<typeof NetworkData>

describe('network_data.json', () => {
  const read = async (from?: string): Promise<NetworkData> =>
    parseJson(NetworkData, await textOf('/openstack/latest/network_data.json', from), 'network_data.json')

  test('has the form that Nova says', async () => {
    await expect(read()).resolves.toBeDefined()
    await expect(read('10.0.0.12')).resolves.toBeDefined()
  })

  test('tells every interface, with its addresses: those of DHCP by DHCP, the others in full', async () => {
    const { links, networks, services } = await read()
    const [lan, back, raw] = desired.ports
    expect(links.map(({ ethernet_mac_address, mtu }) => [ethernet_mac_address, mtu])).toEqual([
      [lan?.mac, 1400],
      [back?.mac, null],
      [raw?.mac, null],
    ])
    expect(networks).toEqual([
      { id: 'network0', link: lan?.id, network_id: lan?.network, type: 'ipv4_dhcp' },
      {
        id: 'network1',
        link: lan?.id,
        network_id: lan?.network,
        type: 'ipv6',
        ip_address: '2001:db8::11',
        netmask: 'ffff:ffff:ffff:ffff::',
        routes: [{ network: '::', netmask: '::', gateway: '2001:db8::1' }],
      },
      {
        id: 'network2',
        link: back?.id,
        network_id: back?.network,
        type: 'ipv4',
        ip_address: '10.1.0.11',
        netmask: '255.255.0.0',
        routes: [
          { network: '0.0.0.0', netmask: '0.0.0.0', gateway: '10.1.0.254' },
          { network: '203.0.113.0', netmask: '255.255.255.192', gateway: '10.1.0.9' },
        ],
      },
    ])
    expect(services).toEqual([
      { type: 'dns', address: '10.0.0.1' },
      { type: 'dns', address: '2001:db8::1' },
    ])
  })
})

describe('the tree of EC2', () => {
  test('lists its versions at the root, and a folder with or without a slash at its end', async () => {
    expect(await linesOf('/')).toEqual([
      '1.0',
      '2007-01-19',
      '2007-03-01',
      '2007-08-29',
      '2007-10-10',
      '2007-12-15',
      '2008-02-01',
      '2008-09-01',
      '2009-04-04',
      'latest',
    ])
    expect(await linesOf('/2009-04-04')).toEqual(['meta-data/', 'user-data'])
    const leaves = await linesOf('/2009-04-04/meta-data/')
    expect(leaves).toEqual([
      'ami-id',
      'ami-launch-index',
      'ami-manifest-path',
      'block-device-mapping/',
      'hostname',
      'instance-action',
      'instance-id',
      'instance-type',
      'kernel-id',
      'local-hostname',
      'local-ipv4',
      'placement/',
      'public-hostname',
      'public-ipv4',
      'public-keys/',
      'ramdisk-id',
      'reservation-id',
      'security-groups',
    ])
    expect(await linesOf('/2009-04-04/meta-data')).toEqual(leaves)
  })

  test.each([
    ['instance-id', web.id],
    ['hostname', 'web'],
    ['local-ipv4', '10.0.0.11'],
    ['public-ipv4', '192.0.2.51'],
    ['security-groups', 'shop.ssh\nshop.web'],
    ['block-device-mapping', 'ami\nroot'],
    ['block-device-mapping/root', '/dev/xvda'],
    ['placement/availability-zone', 'slipway'],
    ['public-keys', '0=key0\n1=key1'],
    ['public-keys/0', 'openssh-key'],
    ['public-keys/1/openssh-key', 'ssh-ed25519 BBBB bob'],
  ])('%s', async (leaf, value) => {
    expect(await textOf(`/latest/meta-data/${leaf}`)).toBe(value)
  })

  test('every leaf and folder that is listed is there', async () => {
    const walk = async (folder: string): Promise<void> => {
      for (const name of await linesOf(folder)) {
        const path = `${folder}/${name.replace(/^(\d+)=.*$/, '$1')}`.replace(/\/$/, '')
        const found = await get(path)
        expect([path, found.status]).toEqual([path, 200])
        if (name.endsWith('/')) await walk(path)
      }
    }
    await walk('/latest/meta-data')
    await walk('/openstack/latest')
  })

  test('user data; without any, and without keys, there is nothing', async () => {
    expect(await textOf('/latest/user-data')).toBe('#!/bin/sh\necho hello\n')
    expect((await get('/latest/user-data', '10.0.0.12')).status).toBe(404)
    expect((await get('/latest/meta-data/public-keys/', '10.0.0.12')).status).toBe(404)
    expect(await textOf('/latest/meta-data/public-ipv4', '10.0.0.12')).toBe('')
  })
})

test.each([
  '/nothing',
  '/latest/meta-data/nothing',
  '/latest/meta-data/hostname/deeper',
  '/openstack/2099-01-01/meta_data.json',
  '/openstack/content/0000',
  '/openstack/2012-08-10/network_data.json',
  '/latest/meta-data/../user-data',
  '/latest/__proto__',
  '/latest/api/token',
])('%s is not there', async (path) => {
  expect((await get(path)).status).toBe(404)
})
