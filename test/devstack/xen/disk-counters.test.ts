import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { readBackends } from '../../../src/compute/samples/backends-output.ts'
import { readIostat } from '../../../src/compute/samples/iostat-output.ts'
import { readInterfaces } from '../../../src/compute/samples/netstat-output.ts'
import { readVcpuList } from '../../../src/compute/xen/vcpu-list.ts'
import { obey } from '../../../src/devstack/orders.ts'
import type { TestMachine } from '../machine.ts'
import { openRig, startGuest } from './guests.ts'

const backends = async (host: TestMachine) => readBackends(await host.ok('sysctl', '-i', 'dev.xbbd'))
const totals = async (host: TestMachine, ...devices: string[]) => {
  const { devices: found, unread } = readIostat(await host.ok('iostat', '-I', '-x', ...devices))
  expect(unread).toEqual([])
  return found
}

describe('the disks of guests', () => {
  test('are told by sysctl as FreeBSD’s blkback names them; a host without guests has none', async () => {
    const host = await openRig()
    expect(await host.run('sysctl', 'dev.xbbd')).toMatchObject({ stderr: "sysctl: unknown oid 'dev.xbbd'\n" })
    expect(await host.ok('sysctl', '-i', 'dev.xbbd')).toBe('')
    await startGuest(host, { name: 'pv1' })
    expect(await host.ok('sysctl', '-n', 'dev.xbbd.0.xenstore_peer_path')).toBe('/local/domain/1/device/vbd/51712\n')
    expect(await host.ok('sysctl', 'dev.xbbd.0.xenbus_peer_domid')).toBe('dev.xbbd.0.xenbus_peer_domid: 1\n')
    expect(await backends(host)).toEqual({
      backends: [{ unit: 0, domid: 1, number: 51_712, shortages: 0 }],
      unread: [],
    })
  })

  test('are read and written as time passes, only while their guest runs', async () => {
    const host = await openRig()
    await startGuest(host, { name: 'pv1' })
    const before = (await totals(host)).get('xbbi0')
    await host.clock.advance(60_000)
    const after = (await totals(host)).get('xbbi0')
    expect(after?.reads).toBeGreaterThan(before?.reads as number)
    expect(after?.writtenBytes).toBeGreaterThan(before?.writtenBytes as number)
    await host.ok('xl', 'pause', 'pv1')
    await host.clock.advance(60_000)
    expect((await totals(host)).get('xbbi0')).toEqual(after)
  })

  test('begin at 0 with a reboot of their guest, under the lowest number that is free', async () => {
    const host = await openRig()
    await startGuest(host, { name: 'pv1' })
    await startGuest(host, {
      name: 'pv2',
      mac: '00:16:3e:00:00:12',
      disk: `format=raw,vdev=xvda,access=rw,target=${host.root}/tmp/c1.img`,
    })
    await host.clock.advance(600_000)
    const old = (await totals(host)).get('xbbi0')?.writes as number
    expect((await backends(host)).backends.map(({ unit, domid }) => [unit, domid])).toEqual([
      [0, 1],
      [1, 2],
    ])
    await host.ok('xl', 'destroy', 'pv1')
    expect([...(await totals(host)).keys()]).toEqual(['ada0', 'xbb1', 'xbbi1'])
    await startGuest(host, { name: 'pv1' })
    expect((await backends(host)).backends.map(({ unit, domid }) => [unit, domid])).toEqual([
      [0, 3],
      [1, 2],
    ])
    expect((await totals(host)).get('xbbi0')?.writes).toBeLessThan(old)
  })

  test('that qemu serves are counted nowhere', async () => {
    const host = await openRig()
    await startGuest(host, { name: 'pv1', disk: `format=qcow2,vdev=xvda,access=rw,target=${host.root}/tmp/ov.qcow2` })
    expect([...(await totals(host)).keys()]).toEqual(['ada0'])
  })

  test('that come later begin at 0 then', async () => {
    const host = await openRig()
    await startGuest(host, { name: 'pv1' })
    await host.clock.advance(600_000)
    await writeFile(join(host.root, 'tmp/late.img'), Buffer.alloc(512))
    await host.ok('xl', 'block-attach', 'pv1', `format=raw,vdev=xvdf,access=rw,target=${host.root}/tmp/late.img`)
    expect((await totals(host)).get('xbbi1')).toMatchObject({ reads: 0, writes: 0 })
  })
})

test('iostat passes over a device that is not there', async () => {
  const host = await openRig()
  expect([...(await totals(host, 'xbb7', 'ada0')).keys()]).toEqual(['ada0'])
})

test('netstat -d tells drops of both ways, under one key', async () => {
  const host = await openRig()
  const told = await host.ok('netstat', '--libxo', 'json', '-i', '-b', '-n', '-d', '-W')
  const { interfaces, unread } = readInterfaces(told)
  expect(unread).toEqual([])
  expect(interfaces.find(({ name }) => name === 'em0')).toMatchObject({ received: { drops: 0 }, sent: { drops: 0 } })
})

test('guests are busy each in its own measure, and processors say so', async () => {
  const host = await openRig()
  await startGuest(host, { name: 'pv1', uuid: '4c5c0b75-d027-477a-90c2-7e1510220000' })
  await startGuest(host, {
    name: 'pv2',
    uuid: '4c5c0b75-d027-477a-90c2-7e1510220007',
    disk: `format=raw,vdev=xvda,access=rw,target=${host.root}/tmp/c1.img`,
  })
  await host.clock.advance(100_000)
  const { vcpus, unread } = readVcpuList(await host.ok('xl', 'vcpu-list'))
  expect(unread).toEqual([])
  const [lazy = 0, busy = 0] = vcpus.filter(({ domid }) => domid > 0).map(({ seconds }) => seconds)
  expect(busy).toBeGreaterThan(4 * lazy)
})

test('a pool whose disk fails says so', async () => {
  const host = await openRig()
  const health = () => host.ok('zpool', 'list', '-H', '-o', 'health', 'zroot')
  obey({ kind: 'pool', name: 'zroot', health: 'DEGRADED' }, host.machine)
  expect(await health()).toBe('DEGRADED\n')
  expect(await host.ok('zpool', 'status', '-x')).toContain(' state: DEGRADED\n')
  obey({ kind: 'pool', name: 'zroot', health: 'ONLINE' }, host.machine)
  expect(await health()).toBe('ONLINE\n')
  expect(await host.ok('zpool', 'status', '-x')).toBe('all pools are healthy\n')
})
