import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import type { HostDetail } from '../../src/contract/host.ts'
import type { NetworkDetail, Trace } from '../../src/contract/network-view.ts'
import type { DhcpLease } from '../../src/devstack/dhcp-lease.ts'
import type { Order } from '../../src/devstack/orders.ts'
import type { PacketAnswer, PacketOrder } from '../../src/devstack/pf/send-packet.ts'
import { sendOrder } from '../../src/devstack/send-order.ts'
import { type DevstackProcess, startDevstack } from '../support/devstack-process.ts'
import { until } from '../support/processes.ts'
import { slipway } from '../support/slipway.ts'

/*
 * Networks as an operator has them: the built programs, the real server and the command, on a host of each release of FreeBSD. The tests go on from
 * each other.
 */

const hosts = ['host1', 'host2'] as const
type Host = (typeof hosts)[number]

/** The administrator has rules of their own around ours. */
const pfConf = `set keepcounters
table <admins> persist { 198.51.100.7 }
nat-anchor "org.openstack/*"
rdr-anchor "org.openstack/*"
binat-anchor "org.openstack/*"
anchor "org.openstack/*"
pass
block in on em0 proto tcp to any port 8022
pass in quick on em0 proto tcp from <admins> to any port 8022
`
const networkYaml = 'metadata: false\npollSeconds: 2\nconfirmSeconds: 30\n'

const stack = (databaseRules: readonly string[]) => `name: shop
networks:
  - {name: front, vlan: 42, ipv4: {range: 10.0.0.0/24, gateway: host}}
  - {name: back, vlan: 43, ipv4: {range: 10.0.1.0/24, gateway: host}}
securityGroups:
  - name: web
    rules:
      - {direction: in, protocol: tcp, ports: 80}
      - {direction: out}
  - name: db
    rules: [${databaseRules.join(', ')}]
floatingIps:
  - {name: www, instance: web-0, network: front, address: 192.0.2.150}
flavors:
  - {name: small, vcpus: 1, memory: 512MiB, disk: 1GiB}
instances:
  - name: web
    count: 2
    flavor: small
    image: {name: guest, version: 1.0.0}
    networks: [{network: front}, {network: back}]
    securityGroups: [web]
    placement: {antiAffinity: [web]}
  - name: db
    flavor: small
    image: {name: guest, version: 1.0.0}
    networks: [{network: back, address: 10.0.1.50}]
    securityGroups: [db]
`
const fromWeb = '{direction: in, protocol: tcp, ports: 5432, group: web}'
const outHttps = '{direction: out, protocol: tcp, ports: 443}'

let folder: string
let devstack: DevstackProcess

beforeAll(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'slw-')))
  for (const host of hosts) {
    const root = join(folder, 'data/hosts', host)
    await mkdir(join(root, 'etc'), { recursive: true })
    await mkdir(join(root, 'usr/local/etc/slipway'), { recursive: true })
    await writeFile(join(root, 'etc/pf.conf'), pfConf)
    await writeFile(join(root, 'usr/local/etc/slipway/network.yaml'), networkYaml)
  }
  devstack = await startDevstack(folder)
})
afterAll(async () => {
  await devstack.stop()
  await rm(folder, { recursive: true })
})

/** Runs the command; answers what it prints on stdout. It must end well, unless another exit code is expected. */
async function run(words: string, exitCode = 0): Promise<string> {
  const env = { SLIPWAY_URL: devstack.url, SLIPWAY_TOKEN: devstack.token }
  const result = await slipway(words.split(' '), { env })
  expect([result.exitCode, result.exitCode === exitCode ? '' : result.stderr], words).toEqual([exitCode, ''])
  return result.stdout
}

async function apply(databaseRules: readonly string[], more = ''): Promise<string> {
  const file = join(folder, 'shop.yaml')
  await writeFile(file, stack(databaseRules))
  return run(`apply -f ${file} --yes${more}`)
}

const hostShown = async (host: Host) => JSON.parse(await run(`host show ${host} --json`)) as HostDetail
/** Other programs may be at work on the machine. */
const patience = 90_000
const untilHost = (host: Host, what: string, is: (shown: HostDetail) => boolean) =>
  until(`${host}: ${what}`, async () => is(await hostShown(host)), patience, 250)
const untilHealthy = (host: Host) => untilHost(host, 'healthy', ({ condition }) => condition === 'healthy')

/** A program of a host, as somebody who is logged in there starts it. */
async function onHost(host: Host, path: string, words: string, stdin = ''): Promise<string> {
  const running = promisify(execFile)(join(devstack.root(host), path), words.split(' '))
  running.child.stdin?.end(stdin)
  return (await running).stdout
}
const pfctl = (host: Host, words: string, stdin?: string) => onHost(host, 'sbin/pfctl', words, stdin)

const order = (host: Host, given: Order) => sendOrder(devstack.root(host), given)
const packet = async (host: Host, given: PacketOrder): Promise<PacketAnswer> =>
  JSON.parse(await order(host, { kind: 'packet', ...given }))

/** What the administrator has in PF, and its file. */
async function administrators(host: Host): Promise<string[]> {
  return [
    await readFile(join(devstack.root(host), 'etc/pf.conf'), 'utf8'),
    await pfctl(host, '-P -sr'),
    await pfctl(host, '-P -sn'),
    await pfctl(host, '-t admins -T show'),
  ]
}

/** All that PF has of ours. */
async function ours(host: Host): Promise<string[]> {
  const found: string[] = []
  for (const anchor of (await pfctl(host, '-a org.openstack -v -s Anchors')).split(/\s+/).filter(Boolean)) {
    found.push(anchor, await pfctl(host, `-a ${anchor} -P -sr`), await pfctl(host, `-a ${anchor} -P -sn`))
    for (const table of (await pfctl(host, `-a ${anchor} -s Tables`)).split(/\s+/).filter(Boolean))
      found.push(table, await pfctl(host, `-a ${anchor} -t ${table} -T show`))
  }
  return found
}

const before = new Map<Host, string[]>()
/** Where an instance is: on which host, with which interface. */
const places = new Map<string, { host: Host; guest: string; nic: number }>()

test('a stack with two networks, two security groups and a floating IP is applied, and its guests have their addresses by DHCP', async () => {
  for (const host of hosts) before.set(host, await administrators(host))
  await run(`image push guest ${join(folder, 'data/examples/guest.raw')} --version 1.0.0`)
  expect(await apply([fromWeb, outHttps])).toContain('shop is at revision 1\n')
  expect(await run('network list')).toMatch(
    /^shop\.back +10\.0\.1\.0\/24 .* 43 +3 +host1 host2\nshop\.front +10\.0\.0\.0\/24 .* 42 +2 +host1 host2$/m,
  )
  expect(await run('security-group list')).toContain(
    'shop.db\n  in tcp 5432 from security group shop.web\n  out tcp 443 to anybody\n  members: shop.db\n',
  )
  expect(await run('floating-ip list')).toMatch(/^shop\.www +192\.0\.2\.150 +public +shop\.web-0 +host[12]/m)
  expect(await run('network show shop.front')).toMatch(/^shop\.web-0 .* shop\.web +192\.0\.2\.150$/m)

  for (const [name, nic] of [
    ['front', 0],
    ['back', 1],
  ] as const) {
    const { attachments } = JSON.parse(await run(`network show shop.${name} --json`)) as NetworkDetail
    for (const { instance: guest, host: on, mac, addresses } of attachments) {
      const host = on as Host
      const leases = JSON.parse(await order(host, { kind: 'dhcp', mac })) as DhcpLease[]
      expect(
        leases.map(({ ipv4 }) => ipv4),
        guest,
      ).toEqual(addresses)
      const place = { host, guest, nic: guest === 'shop.db' ? 0 : nic }
      await order(host, { kind: 'take-addresses', ...place, addresses })
      for (const address of addresses) places.set(address, place)
    }
  }
  for (const host of hosts) await untilHealthy(host)
  expect((await hostShown('host1')).report?.release).toMatch(/^14\./)
  expect((await hostShown('host2')).report?.release).toMatch(/^15\./)
  expect(await run('host show host1')).toMatch(/^network +generation \d+ is in force, [23] ports$/m)
})

/** Who tries to reach whom, and whether the rules let them. */
const attempts = [
  { from: '10.0.1.4', to: '10.0.1.50', port: 5432, verdict: 'pass' },
  { from: '10.0.1.4', to: '10.0.1.50', port: 22, verdict: 'block' },
  { from: '10.0.1.50', to: '10.0.1.4', port: 80, verdict: 'block' },
  { from: '10.0.1.50', to: '203.0.113.7', port: 443, verdict: 'pass' },
  { from: '10.0.1.50', to: '203.0.113.7', port: 80, verdict: 'block' },
  { from: '203.0.113.7', to: '192.0.2.150', port: 80, verdict: 'pass' },
  { from: '203.0.113.7', to: '192.0.2.150', port: 443, verdict: 'block' },
  // An instance by its own floating IP.
  { from: '10.0.0.3', to: '192.0.2.150', port: 80, verdict: 'pass' },
  { from: '10.0.0.3', to: '192.0.2.150', port: 443, verdict: 'block' },
] as const

test.each(attempts)(
  'P11 what a trace says of $from to $to port $port is what becomes of the packet: $verdict',
  async (attempt) => {
    const { from, to, port, verdict } = attempt
    const exitCode = verdict === 'pass' ? 0 : 1
    const trace = JSON.parse(await run(`network trace --from ${from} --to ${to}:${port} --json`, exitCode)) as Trace
    const place = places.get(from)
    const host = place?.host ?? (trace.hops[0]?.host as Host)
    const sender = place ? { from: place.guest, nic: place.nic } : { from: 'outside', source: from }
    const answer = await packet(host, { ...sender, to, protocol: 'tcp', port })
    expect([trace.verdict, answer.complete]).toEqual([verdict, verdict === 'pass'])
    // The first packet meets the same rules in both.
    const traced = trace.hops.map(({ direction, action, rule }) => [direction, action, rule?.label])
    expect(
      answer.hops.slice(0, traced.length).map(({ direction, action, label }) => [direction, action, label]),
    ).toEqual(traced)
  },
)

test('P11 between hosts a packet leaves the one and comes to the other as the trace of both says', async () => {
  const web = places.get('10.0.1.3')
  const db = places.get('10.0.1.50')
  if (!web || !db) throw new Error('web-0 or db has no address')
  expect(web.host).not.toBe(db.host)
  for (const [port, exitCode] of [
    [5432, 0],
    [22, 1],
  ] as const) {
    const trace = JSON.parse(
      await run(`network trace --from 10.0.1.3 --to 10.0.1.50:${port} --json`, exitCode),
    ) as Trace
    expect(new Set(trace.hops.map(({ host }) => host))).toEqual(new Set([web.host, db.host]))
    const sent = { to: '10.0.1.50', protocol: 'tcp', port }
    const leaving = await packet(web.host, { from: web.guest, nic: web.nic, ...sent, single: true })
    const coming = await packet(db.host, { from: 'osvlan43', source: '10.0.1.3', ...sent, single: true })
    const traced = trace.hops.map(({ host, direction, action, rule }) => [host, direction, action, rule?.label])
    const seen = [[web.host, leaving] as const, [db.host, coming] as const].flatMap(([host, { hops }]) =>
      hops.map(({ direction, action, label }) => [host, direction, action, label]),
    )
    expect(seen).toEqual(traced)
  }
})

test('P2 P16 what another administrator removes of our rules is back within a poll, counted and told', async () => {
  const whole = await ours('host1')
  const drift = async () => (await hostShown('host1')).network?.drift?.count ?? 0
  for (const [removal, told] of [
    ['-F rules', 'the rules of org\\.openstack/sg were removed'],
    ['-t ports -T flush', '.*ports.* of org\\.openstack/sg.*'],
  ] as const) {
    const counted = await drift()
    await pfctl('host1', `-a org.openstack/sg ${removal}`)
    await until('the drift is told', async () => (await drift()) > counted, patience, 250)
    expect(await ours('host1')).toEqual(whole)
    expect(await run('host show host1')).toMatch(
      new RegExp(`^drift +\\d+ changes? of others to our rules put back, the last \\d+ s ago: ${told}$`, 'm'),
    )
  }
  // A reload, and a flush of all that pfctl flushes, do not reach our anchors; the calls are back when the administrator's rules are.
  await pfctl('host1', '-F all')
  await onHost('host1', 'usr/sbin/service', 'pf reload')
  await untilHealthy('host1')
  expect(await ours('host1')).toEqual(whole)
  expect(await administrators('host1')).toEqual(before.get('host1'))
})

test('P4 a connection ends when the rule that let it through is taken away, and another lives on', async () => {
  const states = async () => (await pfctl('host1', '-s states')).split('\n')
  const db = places.get('10.0.1.50')
  const web = places.get('10.0.1.4')
  if (db?.host !== 'host1' || web?.host !== 'host1') throw new Error('db and web-1 are to be on host1')
  const asked = { to: '10.0.1.50', protocol: 'tcp', port: 5432, sourcePort: 40_001 }
  expect(await packet('host1', { from: web.guest, nic: web.nic, ...asked })).toMatchObject({ complete: true })
  const away = { to: '203.0.113.7', protocol: 'tcp', port: 443, sourcePort: 40_002 }
  expect(await packet('host1', { from: db.guest, ...away })).toMatchObject({ complete: true })
  const toDatabase = (lines: string[]) =>
    lines.filter((line) => /10\.0\.1\.4:40001 -> 10\.0\.1\.50:5432 +ESTABLISHED/.test(line))
  const outside = (lines: string[]) => lines.filter((line) => line.includes('10.0.1.50:40002'))
  expect(toDatabase(await states())).toHaveLength(1)
  const living = outside(await states())
  expect(living).toHaveLength(2)

  const drift = (await hostShown('host1')).network?.drift?.count
  expect(await apply([outHttps])).toContain('connections of its members that no rule lets through any more are cut off')
  await until('the connection to the database ends', async () => toDatabase(await states()).length === 0, patience, 250)
  expect(outside(await states())).toEqual(living)
  await untilHost('host1', 'it is told', ({ network }) => (network?.statesKilled ?? 0) > 0)
  expect(await run('host show host1')).toMatch(/^ended +\d+ connections? that the rules deny$/m)
  expect((await packet('host1', { from: web.guest, nic: web.nic, ...asked, sourcePort: 40_003 })).reached).toBe(false)
  expect((await hostShown('host1')).network?.drift?.count).toBe(drift)
})

test('a generation under which the server is not reached is undone by itself, refused and told, until it is let be tried again', async () => {
  const former = await ours('host1')
  const network = Number(await readFile(join(devstack.root('host1'), 'var/run/slipway/slipway_network.pid'), 'utf8'))
  const desired = () => readFile(join(devstack.root('host1'), 'var/db/slipway/desired/network.json'), 'utf8')
  const signal = (pid: number, name: 'SIGSTOP' | 'SIGCONT') => process.kill(pid, name)
  onTestFinished(() => {
    for (const pid of [network, devstack.serverPid]) signal(pid, 'SIGCONT')
  })
  // The new rules reach the host; before they are in force the server falls silent, as it does when they cut the host off.
  signal(network, 'SIGSTOP')
  await apply([fromWeb, outHttps], ' --no-wait')
  await until('the host has what is desired', async () => (await desired()).includes('5432'))
  const { generation } = JSON.parse(await desired()) as { generation: number }
  signal(devstack.serverPid, 'SIGSTOP')
  signal(network, 'SIGCONT')
  const isIn = async () => (await pfctl('host1', '-a org.openstack/sg -s rules')).includes('postgresql')
  await until('the new rules are in force', isIn, patience)
  await until('they are undone', async () => !(await isIn()), patience)
  signal(devstack.serverPid, 'SIGCONT')

  await untilHost(
    'host1',
    'the refusal is told',
    ({ network: told }) => told?.refused?.generation === generation && told.loaded < generation,
  )
  expect(await ours('host1')).toEqual(former)
  const told = await run('host show host1')
  expect(told).toMatch(/^condition +unhealthy: .*generation \d+ was refused/m)
  expect(told).toMatch(
    /^refused +generation \d+, \d+ s ago: it was not confirmed within 30 s: under its rules the server was not reached$/m,
  )

  await run(`host clear-rejected --root ${devstack.root('host1')}`)
  await untilHost(
    'host1',
    'it is in force',
    ({ network: now }) => now?.loaded === generation && !now.trial && !now.refused,
  )
  await untilHealthy('host1')
  expect((await ours('host1')).join()).toContain('port = 5432')
})

test('P3 a main ruleset without the calls of our anchors is loud, with the sentence that mends it; it does', async () => {
  const conf = join(devstack.root('host2'), 'etc/pf.conf')
  await writeFile(conf, pfConf.replace(/^.*org\.openstack.*\n/gm, ''))
  await onHost('host2', 'usr/sbin/service', 'pf reload')
  await untilHost('host2', 'it is told', ({ reason = '' }) =>
    reason.includes(', anchor "org.openstack/*", so our rules have no effect'),
  )
  expect(await run('host list')).toMatch(
    /^host2 .* unhealthy .*lacks the lines nat-anchor .*, anchor "org\.openstack\/\*", so our rules have no effect: slipway host prepare writes what is missing into \/etc\/pf\.conf, then service pf reload$/m,
  )
  expect((await hostShown('host1')).condition).toBe('healthy')
  expect(await run(`host prepare --yes --root ${devstack.root('host2')}`)).toContain('/etc/pf.conf')
  await onHost('host2', 'usr/sbin/service', 'pf reload')
  await untilHealthy('host2')
})

test("P2 the administrator's file and main rules are as they were, byte for byte, and what mended the file wrote the same lines", async () => {
  for (const host of hosts) expect(await administrators(host), host).toEqual(before.get(host))
})
