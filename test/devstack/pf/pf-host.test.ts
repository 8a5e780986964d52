import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { prepareHostFolder } from '../../../src/devstack/host-folder.ts'
import { obey } from '../../../src/devstack/orders.ts'
import { sendOrder } from '../../../src/devstack/send-order.ts'
import { startSimulator } from '../../../src/devstack/simulator.ts'
import { openExec } from '../../../src/platform/exec.ts'
import { toolPaths } from '../../../src/platform/tools.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'
import { callTool, facts, toolNamed } from '../machine.ts'
import { openRig, startGuest } from '../xen/guests.ts'

/** A host as `slipway host prepare` leaves it, switched on. */
async function openPrepared() {
  const root = await temporaryFolder()
  await prepareHostFolder(root, { ...facts, name: 'host1', agentSettings: '' })
  const { machine, stop } = await startSimulator(root)
  onTestFinished(stop)
  const call = async (program: string, ...words: string[]) => callTool(toolNamed(program), machine, words)
  return { root, machine, call }
}

describe('a simulated host that was prepared', () => {
  test('has PF on after its boot, with the rules of its pf.conf, as net.pf.filter_local says', async () => {
    const { machine, call } = await openPrepared()
    expect(await call('pfctl', '-s', 'Running')).toMatchObject({ exitCode: 0 })
    expect((await call('pfctl', '-s', 'rules')).stdout).toBe(
      'anchor "org.openstack/*" all\npass all flags S/SA keep state\n',
    )
    expect(
      (await call('pfctl', '-s', 'nat')).stdout
        .split('\n')
        .slice(0, 3)
        .map((line) => line.split(' ')[0]),
    ).toEqual(['nat-anchor', 'rdr-anchor', 'binat-anchor'])
    expect(machine.pf.kernel.filtersLocal()).toBe(true)
    expect(await call('service', 'pf', 'enabled')).toMatchObject({ exitCode: 0 })
  })

  test('P8 reloads pf.conf on demand: anchors and states stay; a file that is wrong changes nothing', async () => {
    const { root, machine, call } = await openPrepared()
    const exec = openExec(toolPaths(root))
    // As a program of the host: standard input goes through the shim.
    const loaded = await exec(['pfctl', '-a', 'org.openstack/sg', '-f', '-'], {
      timeoutMs: 60_000,
      stdin: 'block in quick on em0 proto tcp from any to any port 23 label "telnet"\n',
    })
    expect(loaded).toMatchObject({ exitCode: 0, stderr: '' })
    const file = join(root, 'etc/pf.conf')
    const text = await readFile(file, 'utf8')
    const call23 = { kind: 'packet', from: 'outside', source: '198.51.100.7', protocol: 'tcp' } as const
    const own = machine.interfaces.get('em0').addresses[0]?.address ?? ''
    const [ssh, telnet] = await Promise.all(
      [22, 23].map(async (port) => JSON.parse(await sendOrder(root, { ...call23, to: own, port }))),
    )
    expect(ssh).toMatchObject({ complete: true })
    expect(telnet).toMatchObject({ reached: false, hops: [{ label: 'telnet', anchor: 'org.openstack/sg' }] })

    await writeFile(file, `${text}block in proto udp label "mine"\n`)
    expect(await call('service', 'pf', 'reload')).toMatchObject({ exitCode: 0, stdout: 'Reloading pf rules.\n' })
    expect((await call('pfctl', '-s', 'labels')).stdout).toMatch(/^mine 0 /)
    await writeFile(file, `${text}nonsense\n`)
    expect(await call('service', 'pf', 'reload')).toMatchObject({ exitCode: 1, stderr: `${file}:8: syntax error\n` })
    expect((await call('pfctl', '-s', 'labels')).stdout).toMatch(/^mine 0 /)
    expect((await call('pfctl', '-a', 'org.openstack/sg', '-s', 'labels')).stdout).toMatch(/^telnet /)
    expect((await call('pfctl', '-s', 'states')).stdout).toContain(`${own}:22 <- 198.51.100.7:`)
  })
})

test('a guest is found by its name, and rules find its interface by its group, whatever it is called after a reboot', async () => {
  const host = await openRig()
  const { machine, ok } = host
  await startGuest(host, { name: 'web', mac: '00:16:3e:00:00:11' })
  await startGuest(host, { name: 'db', mac: '00:16:3e:00:00:12' })
  await ok('sysctl', 'net.link.bridge.pfil_member=1')
  obey({ kind: 'take-addresses', guest: 'web', addresses: ['10.0.0.11'] }, machine)
  obey({ kind: 'take-addresses', guest: 'db', addresses: ['10.0.0.12'] }, machine)
  const pfctl = (words: string, stdin?: string) => callTool(toolNamed('pfctl'), machine, words.split(' '), stdin)
  await pfctl('-e')
  await pfctl('-f -', 'block out quick on pdbx proto tcp from any to any port 1:5431 label "db"\npass\n')
  const call = (port: number) => obey({ kind: 'packet', from: 'web', to: 'db', protocol: 'tcp', port }, machine)
  expect(call(22)).toMatchObject({ complete: true })
  await ok('ifconfig', 'xnb2.0', 'group', 'pdbx')
  expect(call(22)).toMatchObject({ reached: false, hops: [{}, { interface: 'xnb2.0', direction: 'out', label: 'db' }] })
  expect(call(5432)).toMatchObject({ complete: true })

  await ok('xl', 'destroy', 'db')
  expect(() => call(22)).toThrow('no guest is called db')
  await startGuest(host, { name: 'db', mac: '00:16:3e:00:00:12' })
  await ok('ifconfig', 'xnb3.0', 'group', 'pdbx')
  expect(call(22)).toMatchObject({ reached: false, hops: [{}, { interface: 'xnb3.0', label: 'db' }] })
})

describe('the traffic of guests', () => {
  /** A guest behind PF that translates, with a floating IP. */
  async function openTalking(traffic: boolean) {
    const host = await openRig()
    const { machine, ok } = host
    machine.facts.traffic = traffic
    await startGuest(host, { name: 'web', mac: '00:16:3e:00:00:11' })
    for (const line of ['xenbr0 inet 10.0.0.1/24 up', 'em0 inet 192.0.2.1/24']) await ok('ifconfig', ...line.split(' '))
    await ok('sysctl', 'net.link.bridge.pfil_member=1')
    obey({ kind: 'take-addresses', guest: 'web', addresses: ['10.0.0.11'] }, machine)
    const pfctl = (words: string, stdin?: string) => callTool(toolNamed('pfctl'), machine, words.split(' '), stdin)
    await pfctl(
      '-f -',
      'table <web> { 10.0.0.11 }\nbinat on em0 from 10.0.0.11 to any -> 192.0.2.51\nblock in proto tcp from any to any port 23 label "doors"\npass from any to <web> label "in"\npass from <web> to any label "out"\n',
    )
    await pfctl('-e')
    const packets = async (what: string) =>
      [...(await pfctl(what)).stdout.matchAll(/Packets: (\d+)/g)].reduce((sum, [, count]) => sum + Number(count), 0)
    return { ...host, packets }
  }

  test('goes on with the time, and with no timer: it is there when somebody asks', async () => {
    const { clock, packets, run } = await openTalking(true)
    const asked = ['-vv -s rules', '-vv -s nat', '-vv -s Tables', '-vv -s Interfaces -i em0']
    const look = () => Promise.all(asked.map(packets))
    const before = await look()
    expect(await look()).toEqual(before)
    await clock.advance(15_000)
    const after = await look()
    for (const [at, what] of asked.entries()) expect(after[at], what).toBeGreaterThan(before[at] ?? 0)
    const said = JSON.parse((await run('netstat', '-I', 'em0', '-b', '-n', '--libxo', 'json')).stdout)
    expect(said.statistics.interface[0]['received-bytes']).toBeGreaterThan(1200)
    // A day of which nobody looked at anything costs no more than half a minute.
    await clock.advance(86_400_000)
    expect((await packets('-vv -s rules')) - (after[0] ?? 0)).toBeLessThan(
      2 * ((after[0] ?? 0) - (before[0] ?? 0)) + 20,
    )
  })

  test('is none where nobody ordered it', async () => {
    const { clock, packets } = await openTalking(false)
    await clock.advance(60_000)
    expect(await packets('-vv -s rules')).toBe(0)
  })
})
