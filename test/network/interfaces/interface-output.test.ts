import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readInterfaces } from '../../../src/network/interfaces/interface-output.ts'

const fixture = (release: number) =>
  readFile(join(import.meta.dirname, `../../fixtures/invented/ifconfig/freebsd-${release}.txt`), 'utf8')

test.each([13, 14, 15])('P15: interfaces are read alike from what ifconfig of FreeBSD %i says', async (release) => {
  const { interfaces, unreadLines } = readInterfaces(await fixture(release))
  expect(unreadLines).toBe(0)
  expect(interfaces).toEqual([
    {
      name: 'em0',
      up: true,
      mtu: 1500,
      groups: [],
      addresses: [
        { address: '192.0.2.11', prefixLength: 24 },
        { address: '192.0.2.51', prefixLength: 32 },
        { address: 'fe80::207:43ff:fe3d:b770', prefixLength: 64 },
        { address: '2001:db8::11', prefixLength: 64 },
      ],
      ipv6Disabled: false,
    },
    {
      name: 'lo0',
      up: true,
      mtu: 16_384,
      groups: ['lo'],
      addresses: [
        { address: '::1', prefixLength: 128 },
        { address: 'fe80::1', prefixLength: 64 },
        { address: '127.0.0.1', prefixLength: 8 },
      ],
      ipv6Disabled: false,
    },
    {
      name: 'bridge0',
      up: true,
      mtu: 1450,
      groups: ['bridge', 'slipway', 'osnetx'],
      addresses: [{ address: '10.0.0.1', prefixLength: 24 }],
      ipv6Disabled: true,
      members: [
        { name: 'xnb2.0', isPrivate: true },
        { name: 'em0.42', isPrivate: false },
      ],
    },
    {
      name: 'em0.42',
      up: true,
      mtu: 1450,
      groups: ['vlan', 'ostrunk'],
      addresses: [],
      ipv6Disabled: true,
      vlan: { id: 42, parent: 'em0' },
    },
    {
      name: 'xnb2.0',
      up: true,
      mtu: 1450,
      groups: ['xnb', 'p163eaabb01x', 'osport', 'osnetx'],
      addresses: [],
      ipv6Disabled: true,
    },
  ])
})

test('P15: lines of no known form are counted and change nothing; what stands below one belongs to nobody', () => {
  const { interfaces, unreadLines } = readInterfaces(
    [
      'em0: flags=8843<UP> metric 0 mtu 1500',
      '\tinet 192.0.2.11 netmask 0xffffff00 broadcast 192.0.2.255',
      '\tinet6 2001:db8::11 prefixlen 64',
      '\tinet sixteen/24',
      '\tquantum: entangled',
      'em1: something new',
      '\tinet 198.51.100.1/24',
      '',
    ].join('\n'),
  )
  expect(unreadLines).toBe(4)
  expect(interfaces).toMatchObject([
    {
      name: 'em0',
      addresses: [
        { address: '192.0.2.11', prefixLength: 24 },
        { address: '2001:db8::11', prefixLength: 64 },
      ],
    },
  ])
})
