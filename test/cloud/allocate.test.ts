import { describe, expect, test } from 'vitest'
import { allocatePort, firstFree, macOf, newInstanceId, newVncPassword } from '../../src/cloud/allocate.ts'
import { sizeBytes, sizeText } from '../../src/cloud/size.ts'
import { DesiredInstance, InstanceId, Mac } from '../../src/contract/instance.ts'
import { parse } from '../../src/contract/parse.ts'
import { addressText, parseAddress, parseRange } from '../../src/rules/address.ts'
import { openCloud, stackText } from './test-cloud.ts'

test('an id that cloud-init would take for one of Amazon is drawn again, in either byte order', () => {
  const drawn = [
    'ec2aaaaa-0000-4000-8000-000000000000',
    'aaaa2aec-0000-4000-8000-000000000000',
    '12ec2aaa-0000-4000-8000-000000000000',
  ]
  expect(newInstanceId(() => drawn.shift() ?? '')).toBe('12ec2aaa-0000-4000-8000-000000000000')
  parse(InstanceId, newInstanceId(), 'id')
})

test('a MAC is that of the port, and another one when it is taken', async () => {
  expect(macOf('0123456789abcdef', 0)).toBe(macOf('0123456789abcdef', 0))
  parse(Mac, macOf('0123456789abcdef', 0), 'mac')
  expect(macOf('0123456789abcdef', 1)).not.toBe(macOf('0123456789abcdef', 0))
  const cloud = await openCloud()
  await cloud.host('host1')
  await cloud.apply(stackText())
  const { instance, network } = await cloud.db.selectFrom('ports').selectAll().executeTakeFirstOrThrow()
  const id = '0123456789abcdef'
  await cloud.db
    .insertInto('ports')
    .values({ id: 'other', instance, network, mac: macOf(id, 0), allowed: '[]', leaving: 0 })
    .execute()
  expect(await allocatePort(cloud.db, instance, network, id)).toEqual({ id, mac: macOf(id, 1) })
})

test('a screen password has the eight letters that VNC looks at', () => {
  parse(DesiredInstance.properties.vnc, { password: newVncPassword() }, 'vnc')
})

describe('addresses', () => {
  test.each([
    ['192.0.2.1', '192.0.2.1'],
    ['2001:DB8:0:0:0:0:0:1', '2001:db8::1'],
    ['::', '::'],
    ['::1', '::1'],
    ['fe80::1:0:0:1', 'fe80::1:0:0:1'],
    ['::ffff:192.0.2.1', '::ffff:c000:201'],
  ])('%s is written %s', (text, written) => {
    const address = parseAddress(text)
    expect(address && addressText(address)).toBe(written)
  })

  test.each(['', '192.0.2', '192.0.2.256', '192.0.2.1/24', '1::2::3', 'fe80::1%lan', 'x'])(
    '%j is no address',
    (text) => {
      expect(parseAddress(text)).toBeUndefined()
    },
  )

  test.each(['192.0.2.0/33', '192.0.2.1/24', '192.0.2.0', '2001:db8::1/64', '2001:db8::/129', '/24'])(
    '%j is no range',
    (text) => {
      expect(parseRange(text)).toBeUndefined()
    },
  )

  test.each<[fact: string, range: Parameters<typeof firstFree>[0], taken: string[], given: string | undefined]>([
    ['the first behind the network address', { range: '192.0.2.0/24' }, [], '192.0.2.1'],
    [
      'not the gateway, not a name server',
      { range: '192.0.2.0/24', gateway: '192.0.2.1', dns: ['192.0.2.2', '198.51.100.1'] },
      [],
      '192.0.2.3',
    ],
    ['the first hole', { range: '192.0.2.0/24' }, ['192.0.2.1', '192.0.2.2', '192.0.2.4'], '192.0.2.3'],
    [
      'out of the pool',
      { range: '192.0.2.0/24', pool: { from: '192.0.2.10', to: '192.0.2.11' } },
      ['192.0.2.10'],
      '192.0.2.11',
    ],
    [
      'none when the pool is used up',
      { range: '192.0.2.0/24', pool: { from: '192.0.2.10', to: '192.0.2.10' } },
      ['192.0.2.10'],
      undefined,
    ],
    ['never the broadcast', { range: '192.0.2.0/30' }, ['192.0.2.1', '192.0.2.2'], undefined],
    ['both of a range of two', { range: '192.0.2.0/31' }, ['192.0.2.0'], '192.0.2.1'],
    ['IPv6, not the anycast address of routers', { range: '2001:db8::/64' }, [], '2001:db8::1'],
  ])('%s', (_fact, range, taken, given) => {
    const give = () => firstFree(range, new Set(taken), 'the network s.lan')
    if (given === undefined) expect(give).toThrow('no free address left')
    else expect(give()).toBe(given)
  })
})

test('sizes are read in whole MiB and told in the largest unit that says them', () => {
  expect([sizeBytes('512MiB'), sizeBytes('1.5GiB'), sizeBytes('0.0001GiB')]).toEqual([512 * 2 ** 20, 1536 * 2 ** 20, 0])
  expect([sizeText(512 * 2 ** 20), sizeText(1.5 * 2 ** 30), sizeText(2 ** 30 + 2 ** 20), sizeText(2 ** 41)]).toEqual([
    '512 MiB',
    '1.5 GiB',
    '1025 MiB',
    '2 TiB',
  ])
})
