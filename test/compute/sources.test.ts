import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { DiskStore } from '../../src/compute/disk-store.ts'
import type { Driver, Guest } from '../../src/compute/driver.ts'
import { openSources } from '../../src/compute/samples/sources.ts'
import { openUnread } from '../../src/monitor/unread.ts'
import type { Exec } from '../../src/platform/exec.ts'
import { openLog } from '../../src/platform/log.ts'

const invented = (name: string) => readFileSync(join(import.meta.dirname, '../fixtures/invented', name), 'utf8')
const guest: Guest = { id: 'a', name: 'shop.a', domid: 7, state: 'running', memoryMiB: 1, vcpus: 1, cpuSeconds: 1 }

function open(guests: Guest[]) {
  const said: Record<string, string | undefined> = {
    netstat: invented('netstat/two-guests.json'),
    iostat: invented('iostat/two-guests.txt'),
    sysctl: invented('sysctl/dev.xbbd.txt'),
  }
  const ran: string[] = []
  const exec: Exec = async ([program]) => {
    ran.push(program)
    const stdout = said[program]
    return { exitCode: stdout === undefined ? 1 : 0, signal: null, stdout: stdout ?? '', stderr: 'no' }
  }
  const driver = {
    async vcpus() {
      ran.push('xl')
      return { vcpus: [{ name: '', domid: 7, vcpu: 0, processor: 0, blocked: false, seconds: 2 }], unread: ['??'] }
    },
  } as unknown as Driver
  const store = {
    async pool() {
      ran.push('zpool')
      return { name: 'zroot', room: { sizeBytes: 10, freeBytes: 4 }, health: 'ONLINE' }
    },
  } as unknown as DiskStore
  let second = 0
  const clock = { now: () => new Date(second++ * 1000), sleep: async () => {} }
  const unread = openUnread('compute', openLog('test', 'silent'))
  const facts = () => ({
    hardware: undefined,
    guests,
    lookAgeSeconds: 0,
    instances: guests.map((it) => ({ status: { id: it.id, disks: [] }, name: it.name, guest: it }) as never),
  })
  const { collectors, figures } = openSources({ driver, store, exec, clock, unread, facts })
  const collect = (name: string) =>
    collectors.find((it) => it.name === name)?.collect(AbortSignal.timeout(1000)) as Promise<unknown>
  return { said, ran, unread, figures, collect }
}
const sources = ['host', 'interfaces', 'disks', 'pool']

test('a host without guests is asked by two programs alone, one with guests by each once for all of them', async () => {
  const empty = open([])
  await Promise.all(sources.map(empty.collect))
  expect(empty.ran.sort()).toEqual(['xl', 'zpool'])
  const full = open([guest, { ...guest, id: 'b', name: 'shop.b', domid: 12 }])
  await Promise.all(sources.map(full.collect))
  expect(full.ran.sort()).toEqual(['iostat', 'netstat', 'sysctl', 'xl', 'zpool'])
})

test('figures are of one round: they wait until every source was read', async () => {
  const { collect, figures } = open([guest])
  for (const name of sources.slice(0, 3)) await collect(name)
  expect(figures()).toBeUndefined()
  await collect('pool')
  const first = figures()
  expect(first).toMatchObject({ cpuSeconds: 2, poolBytes: 10, instances: [{ id: 'a', receivedBytes: 92_400 }] })
  await collect('host')
  expect(figures()).toBe(first)
})

test('figures do not wait for a source that is slow', async () => {
  const { collect, figures } = open([guest])
  await collect('host')
  await collect('host')
  expect(figures()).toMatchObject({ cpuSeconds: 2, instances: [{ id: 'a', cpuSeconds: 2 }] })
  expect(figures()?.poolBytes).toBeUndefined()
})

test('a source that fails costs its own figures alone, and is there again when it answers', async () => {
  const { collect, figures, said } = open([guest])
  const read = () => Promise.allSettled(sources.map(collect))
  await read()
  delete said.iostat
  expect(await read()).toContainEqual(
    expect.objectContaining({ reason: expect.objectContaining({ message: expect.stringContaining('iostat -I -x') }) }),
  )
  expect(figures()?.instances[0]).toEqual(expect.not.objectContaining({ readBytes: expect.anything() }))
  expect(figures()?.instances[0]).toMatchObject({ receivedBytes: 92_400 })
  said.iostat = invented('iostat/two-guests.txt')
  await read()
  expect(figures()?.instances[0]).toMatchObject({ readBytes: 6_815_744 })
})

test('lines that are not understood are counted by what was asked', async () => {
  const { collect, unread, said } = open([guest])
  said.iostat = 'something else\n'
  await Promise.all(sources.map(collect))
  expect(unread.family().rows).toEqual([
    { labels: { listing: 'xl vcpu-list' }, value: 1 },
    { labels: { listing: 'iostat -I -x' }, value: 1 },
  ])
})
