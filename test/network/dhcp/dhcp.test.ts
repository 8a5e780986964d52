import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { noNetworks } from '../../../src/contract/network.ts'
import { openDhcp } from '../../../src/network/dhcp/dhcp.ts'
import type { Exec } from '../../../src/platform/exec.ts'
import { listFolder, remove } from '../../../src/platform/files.ts'
import { openLog } from '../../../src/platform/log.ts'
import { desiredNetworks, idOf, type PortSpec } from '../../support/networks.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'
import { simulatedDnsmasq } from './simulated-dnsmasq.ts'

const web: PortSpec = { name: 'web', network: 'lan', addresses: ['10.0.0.11'], mac: '00:16:3e:00:00:01' }
const db: PortSpec = { name: 'db', network: 'lan', addresses: ['10.0.0.12'], mac: '00:16:3e:00:00:02' }

const lanOf = (...ports: PortSpec[]) =>
  desiredNetworks({
    networks: [{ name: 'lan', ipv4: { range: '10.0.0.0/24', host: '10.0.0.1', dns: ['10.0.0.1'] } }],
    ports,
  })

async function host() {
  const folder = join(await temporaryFolder(), 'dhcp')
  const machine = simulatedDnsmasq()
  machine.addBridge('br-lan', '10.0.0.1')
  const open = (exec: Exec = machine.exec) =>
    openDhcp({ exec, folder, metadataAddress: '169.254.169.254', log: openLog('network', 'silent') })
  return { ...machine, folder, open, pids: () => machine.daemons.all().map(({ pid }) => pid) }
}

test('an instance gets its address, its name, and the way to everything from the host; nobody else gets anything', async () => {
  const { open, leases } = await host()
  expect(await open().apply(lanOf(web, db))).toEqual([])
  expect(leases('00:16:3e:00:00:01')).toEqual([
    {
      interface: 'br-lan',
      ipv4: '10.0.0.11',
      ipv6: [],
      hostname: 'web',
      domain: 'shop.internal',
      options: expect.objectContaining({ router: ['10.0.0.1'], 'dns-server': ['10.0.0.1'] }),
    },
  ])
  expect(leases('00:16:3e:00:00:99')).toEqual([])
})

test('what runs is taken over by the next daemon, and a look at it is one ps', async () => {
  const { open, pids, ran } = await host()
  await open().apply(lanOf(web))
  const before = pids()
  ran.length = 0
  const next = open()
  expect(await next.apply(lanOf(web))).toEqual([])
  expect(pids()).toEqual(before)
  expect(ran).toEqual(['ps -axww -o pid= -o stat= -o args='])
  expect(next.look()).toEqual([{ network: idOf('lan'), pid: before[0] }])
})

test('a dnsmasq that was killed is started again at the next look', async () => {
  const { open, daemons, pids, leases } = await host()
  const dhcp = open()
  await dhcp.apply(lanOf(web))
  const [first] = daemons.all()
  if (first) await daemons.signal(first, 'KILL')
  expect(pids()).toEqual([])
  expect(await dhcp.apply(lanOf(web))).toEqual([])
  expect(pids()).toHaveLength(1)
  expect(leases('00:16:3e:00:00:01')).toHaveLength(1)
})

test('an instance that comes is told to the running dnsmasq; the others do not notice', async () => {
  const { open, pids, leases } = await host()
  const dhcp = open()
  await dhcp.apply(lanOf(web))
  const before = pids()
  await dhcp.apply(lanOf(web, db))
  expect(pids()).toEqual(before)
  expect(leases('00:16:3e:00:00:02')).toMatchObject([{ ipv4: '10.0.0.12' }])
})

test('an address that goes to another instance is given to it, though its first owner has it still', async () => {
  const { open, leases } = await host()
  const dhcp = open()
  await dhcp.apply(lanOf(web))
  expect(leases('00:16:3e:00:00:01')).toHaveLength(1)
  await dhcp.apply(lanOf({ ...db, addresses: ['10.0.0.11'] }))
  expect(leases('00:16:3e:00:00:02')).toMatchObject([{ ipv4: '10.0.0.11', hostname: 'db' }])
  expect(leases('00:16:3e:00:00:01')).toEqual([])
})

test('the dnsmasq of a network that is gone ends, and its files are removed', async () => {
  const { open, pids, folder } = await host()
  const dhcp = open()
  await dhcp.apply(lanOf(web))
  expect(await listFolder(folder)).toEqual([idOf('lan')])
  expect(await dhcp.apply(noNetworks)).toEqual([])
  expect(pids()).toEqual([])
  expect(await listFolder(folder)).toEqual([])
})

test('another number of another program in the pid file, a lost record, a second dnsmasq: one is left, and it serves', async () => {
  const { open, pids, folder, exec, leases } = await host()
  await open().apply(lanOf(web))
  const there = join(folder, idOf('lan'))
  await writeFile(join(there, 'pid'), '1\n')
  expect(await open().apply(lanOf(web))).toEqual([])
  expect(pids()).toHaveLength(1)

  await remove(join(there, 'loaded.json'))
  expect(await open().apply(lanOf(web))).toEqual([])
  expect(pids()).toHaveLength(1)

  await writeFile(join(there, 'dnsmasq.conf'), 'port=0\nlisten-address=10.0.0.1\n')
  await exec(['dnsmasq', `--conf-file=${there}/dnsmasq.conf`], { timeoutMs: 1000 })
  expect(pids()).toHaveLength(2)
  expect(await open().apply(lanOf(web))).toEqual([])
  expect(pids()).toHaveLength(1)
  expect(leases('00:16:3e:00:00:01')).toHaveLength(1)
})

test('a network whose bridge is not there yet is told, does not keep another, and is served when the bridge comes', async () => {
  const { open, addBridge, leases } = await host()
  const two = desiredNetworks({
    networks: [
      { name: 'back', ipv4: { range: '10.1.0.0/24', host: '10.1.0.1' } },
      { name: 'lan', ipv4: { range: '10.0.0.0/24', host: '10.0.0.1' } },
    ],
    ports: [web, { name: 'web', network: 'back', addresses: ['10.1.0.11'], mac: '00:16:3e:00:00:03' }],
  })
  const dhcp = open()
  expect(await dhcp.apply(two)).toEqual([
    expect.stringMatching(
      /^shop\.back has no DHCP: dnsmasq .* exit code 2: dnsmasq: failed to create listening socket for 10\.1\.0\.1: Can't assign/,
    ),
  ])
  expect(leases('00:16:3e:00:00:01')).toHaveLength(1)
  expect(dhcp.look()).toEqual([{ network: idOf('back') }, { network: idOf('lan'), pid: expect.any(Number) }])
  addBridge('br-back', '10.1.0.1')
  expect(await dhcp.apply(two)).toEqual([])
  expect(leases('00:16:3e:00:00:03')).toMatchObject([{ ipv4: '10.1.0.11' }])
})

test('without dnsmasq the problem says what to install', async () => {
  const { open, exec } = await host()
  const missing: Exec = (argv, options) => {
    if (argv[0] !== 'dnsmasq') return exec(argv, options)
    const cause = Object.assign(new Error('spawn ENOENT'), { code: 'ENOENT' })
    throw Object.assign(new Error('cannot start /usr/local/sbin/dnsmasq: spawn ENOENT', { cause }))
  }
  expect(await open(missing).apply(lanOf(web))).toEqual([
    'shop.lan has no DHCP: cannot start /usr/local/sbin/dnsmasq: spawn ENOENT; install the package dnsmasq',
  ])
})

const killed = Object.assign(new Error('killed'), { killed: true })

test.each([
  { from: 'nothing', first: undefined, wanted: lanOf(web) },
  { from: 'an instance less', first: lanOf(web), wanted: lanOf(web, db) },
  { from: 'an instance more', first: lanOf(web, db), wanted: lanOf(web) },
  { from: 'a network more', first: lanOf(web, db), wanted: noNetworks },
])(
  'killed before or after any program that it calls, on the way from $from, it comes to the same',
  async ({ first, wanted }) => {
    for (const after of [false, true])
      for (let step = 0; ; step += 1) {
        const { open, exec, pids, leases } = await host()
        if (first) await open().apply(first)
        let left = step
        let fell = false
        const falling: Exec = async (argv, options) => {
          if (fell) throw killed
          if (left-- > 0) return exec(argv, options)
          fell = true
          if (after) await exec(argv, options)
          throw killed
        }
        await open(falling)
          .apply(wanted)
          .catch(() => {})
        if (!fell) break
        expect(await open().apply(wanted)).toEqual([])
        const count = wanted.networks.length
        expect(pids()).toHaveLength(count)
        expect(leases('00:16:3e:00:00:01')).toHaveLength(count)
        expect(leases('00:16:3e:00:00:02')).toHaveLength(wanted.ports.length > 1 ? 1 : 0)
      }
  },
)
