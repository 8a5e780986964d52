import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { noNetworks } from '../../../src/contract/network.ts'
import type { Machine } from '../../../src/devstack/machine.ts'
import { learn } from '../../../src/devstack/net/bridge-addresses.ts'
import type { Bridge } from '../../../src/devstack/net/interfaces.ts'
import { openInterfaces } from '../../../src/network/interfaces/interfaces.ts'
import { networkPaths } from '../../../src/network/paths.ts'
import type { Exec } from '../../../src/platform/exec.ts'
import { makeFolder } from '../../../src/platform/files.ts'
import { openLog } from '../../../src/platform/log.ts'
import { portGroup } from '../../../src/rules/names.ts'
import { machineExec, openTestMachine } from '../../devstack/machine.ts'
import { desiredNetworks } from '../../support/networks.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

const metadata = { address: '169.254.169.254', port: 80 }
const front = { name: 'front', ipv4: { range: '10.0.0.0/24', host: '10.0.0.1' } }
const web = { name: 'web', network: 'front', addresses: ['10.0.0.11'] }
const shop = desiredNetworks({
  networks: [
    { ...front, mtu: 1450, ipv6: { range: '2001:db8:1::/64', host: '2001:db8:1::1' } },
    { name: 'back', vlan: 42, ipv4: { range: '10.1.0.0/24', host: '10.1.0.1' } },
    { name: 'flat', bridge: 'bridge0', own: false, ipv4: { range: '192.0.2.0/24' } },
    { name: 'bare' },
  ],
  ports: [web, { name: 'raw', network: 'bare', addresses: [] }],
  floatingIps: [
    { name: 'web', address: '192.0.2.51', fixed: '10.0.0.11' },
    { name: 'far', address: '192.0.2.99', fixed: '10.0.0.11', routed: true },
  ],
})

interface Options {
  release?: string
  config?: { egress?: string; trunk?: string }
}

async function openHost({ release = '14.3-RELEASE-p5', config = {} }: Options = {}) {
  const host = await openTestMachine({ release })
  const paths = networkPaths(await temporaryFolder())
  await makeFolder(paths.state)
  const calls: string[] = []
  const run = machineExec(host.machine)
  /** As a daemon that has just been started; `exec`: what it runs programs with. */
  const daemon = (exec: Exec = run) =>
    openInterfaces({
      exec(argv, options) {
        calls.push(argv.join(' '))
        return exec(argv, options)
      },
      config: { metadata, ...config },
      paths,
      log: openLog('test', 'silent'),
    })
  const changes = () => calls.splice(0).filter((call) => !/^(ifconfig -f|route|sysctl -e)/.test(call))
  return { ...host, paths, daemon, run, changes, state: () => stateOf(host.machine) }
}

/** All that network may change on a machine, as text. */
function stateOf({ interfaces, sysctls }: Machine): string[] {
  const lines = interfaces.all().map(({ name, groups, addresses, bridge, up, mtu, vlan }) => {
    const members = bridge ? [...bridge.members.keys()].sort() : []
    const texts = addresses.map(({ address, prefixLength }) => `${address}/${prefixLength}`).sort()
    return [name, up, mtu, vlan?.id, [...groups].sort(), texts, members].join(' ')
  })
  return [...lines.sort(), ...[...sysctls].map(([name, value]) => `${name}=${value}`).sort()]
}

describe('the interfaces of a host are brought to what is desired', () => {
  test('bridges, a VLAN, addresses, settings; done again, nothing is left to do', async () => {
    const { daemon, changes, machine } = await openHost()
    expect(await daemon().apply(shop)).toEqual([])
    const front = machine.interfaces.get('br-front')
    expect(front).toMatchObject({ up: true, mtu: 1450, description: 'Slipway: shop.front', ipv6Disabled: false })
    expect([...front.groups]).toEqual(['bridge', 'slipway', 'osnetx'])
    expect(front.addresses.map(({ address }) => address).sort()).toEqual([
      '10.0.0.1',
      '2001:db8:1::1',
      expect.stringMatching(/^fe80::/),
    ])
    expect(machine.interfaces.get('osvlan42').vlan).toEqual({ id: 42, parent: 'em0' })
    expect([...machine.interfaces.get('osvlan42').groups]).toEqual(['vlan', 'slipway', 'ostrunk'])
    expect([...(machine.interfaces.get('br-back').bridge?.members.keys() ?? [])]).toEqual(['osvlan42'])
    // The administrator's bridge is only made known to the rules; a network without addresses is not.
    expect([...machine.interfaces.get('bridge0').groups]).toEqual(['bridge', 'osnetx'])
    expect(machine.interfaces.get('bridge0').addresses).toEqual([])
    expect([...machine.interfaces.get('br-bare').groups]).toEqual(['bridge', 'slipway'])
    expect(machine.interfaces.get('em0').addresses.map(({ address }) => address)).toEqual(['192.0.2.11', '192.0.2.51'])
    expect(machine.interfaces.get('lo0').addresses.at(-1)).toMatchObject({
      address: metadata.address,
      prefixLength: 32,
    })
    expect(Object.fromEntries(machine.sysctls)).toEqual({
      'net.inet.ip.forwarding': '1',
      'net.inet6.ip6.forwarding': '1',
      'net.link.bridge.pfil_local_phys': '1',
      'net.link.bridge.pfil_member': '1',
      'net.link.ether.inet.garp_rexmit_count': '3',
    })
    changes()
    expect(await daemon().apply(shop)).toEqual([])
    expect(changes()).toEqual([])
  })

  test('networks that go take with them what was made for them, and nothing else', async () => {
    const { daemon, ok, state, machine } = await openHost()
    const interfacesOf = (lines: string[]) => lines.filter((line) => !line.includes('='))
    await ok('ifconfig', 'em0', 'inet', '192.0.2.52/32', 'alias')
    await ok('ifconfig', 'bridge9', 'create')
    const before = interfacesOf(state())
    await daemon().apply(shop)
    await ok('ifconfig', 'bridge0', 'inet', '198.51.100.7/24', 'alias')
    await daemon().apply(noNetworks)
    expect(machine.interfaces.get('bridge0').addresses).toHaveLength(1)
    await ok('ifconfig', 'bridge0', 'inet', '198.51.100.7', '-alias')
    expect(interfacesOf(state())).toEqual(before.map((line) => line.replace('bridge0 false', 'bridge0 true')))
  })

  test("an address that the administrator had before is not Slipway's to remove", async () => {
    const { daemon, ok, machine } = await openHost()
    await ok('ifconfig', 'em0', 'inet', '192.0.2.51/32', 'alias')
    await daemon().apply(shop)
    await daemon().apply(noNetworks)
    expect(machine.interfaces.get('em0').addresses.map(({ address }) => address)).toContain('192.0.2.51')
  })

  test('P2: what somebody else took away or changed is put back', async () => {
    const { daemon, ok, state } = await openHost()
    await daemon().apply(shop)
    const before = state()
    await ok('ifconfig', 'br-front', 'down')
    await ok('ifconfig', 'br-front', 'inet', '10.66.0.1/24', 'alias')
    await ok('ifconfig', 'br-front', '-group', 'osnetx')
    await ok('ifconfig', 'em0', 'inet', '192.0.2.51', '-alias')
    await ok('ifconfig', 'br-back', 'deletem', 'osvlan42')
    await ok('sysctl', 'net.link.bridge.pfil_member=0')
    expect(await daemon().apply(shop)).toEqual([])
    expect(state()).toEqual(before)
  })

  test('a floating IP that goes to another host goes from this one, and comes back announced', async () => {
    const { daemon, machine, changes } = await openHost()
    await daemon().apply(shop)
    await daemon().apply({ ...shop, floatingIps: [] })
    expect(machine.interfaces.get('em0').addresses.map(({ address }) => address)).toEqual(['192.0.2.11'])
    changes()
    await daemon().apply(shop)
    expect(changes()).toEqual(['ifconfig em0 inet 192.0.2.51/32 alias'])
  })

  test('a bridge that still has a guest on it stays until that is gone', async () => {
    const { daemon, ok, machine } = await openHost()
    await daemon().apply(shop)
    machine.interfaces.plug('xnb1.0', 'xnb')
    await ok('ifconfig', 'xnb1.0', 'group', 'osport')
    await ok('ifconfig', 'br-front', 'addm', 'xnb1.0')
    expect(await daemon().hasPorts()).toBe(true)
    expect(await daemon().apply(noNetworks)).toEqual([])
    expect([...machine.interfaces.get('br-front').groups]).toContain('osnetx')
    machine.interfaces.unplug('xnb1.0')
    await daemon().apply(noNetworks)
    expect(machine.interfaces.find('br-front')).toBeUndefined()
    expect(await daemon().hasPorts()).toBe(false)
  })
})

describe('ports', () => {
  test('vif-slipway finds what it has to know of each port, and a running one follows', async () => {
    const { daemon, ok, machine, paths } = await openHost()
    const networks = desiredNetworks({ networks: [front], ports: [web] })
    const mac = networks.ports[0]?.mac as string
    const name = mac.replaceAll(':', '')
    await daemon().apply(networks)
    expect(await readFile(join(paths.ports, name), 'utf8')).toBe('filtered=yes\nisolated=no\n')
    machine.interfaces.plug('xnb7.0', 'xnb')
    await ok('ifconfig', 'xnb7.0', 'group', portGroup(mac), 'group', 'osport', 'group', 'osnetx')
    await ok('ifconfig', 'br-front', 'addm', 'xnb7.0')
    const other = desiredNetworks({ networks: [{ ...front, isolated: true }], ports: [{ ...web, addresses: [] }] })
    await daemon().apply(other)
    expect(await readFile(join(paths.ports, name), 'utf8')).toBe('filtered=no\nisolated=yes\n')
    expect([...machine.interfaces.get('xnb7.0').groups]).toEqual(['xnb', portGroup(mac)])
    expect(machine.interfaces.get('br-front').bridge?.members.get('xnb7.0')?.isPrivate).toBe(true)
    await daemon().apply(networks)
    expect([...machine.interfaces.get('xnb7.0').groups]).toEqual(['xnb', portGroup(mac), 'osport', 'osnetx'])
    expect(machine.interfaces.get('br-front').bridge?.members.get('xnb7.0')?.isPrivate).toBe(false)
    await daemon().apply(noNetworks)
    expect(await readdir(paths.ports)).toEqual([])
  })
})

test('the MAC of a guest with an emulated card is fixed once its drivers have come, and taken from a neighbour who took it', async () => {
  const { daemon, ok, machine, changes } = await openHost()
  const networks = desiredNetworks({ networks: [front], ports: [web] })
  const mac = networks.ports[0]?.mac as string
  await daemon().apply(networks)
  for (const name of ['xnb7.0', 'xnb7.0-emu', 'xnb8.0']) {
    machine.interfaces.plug(name, 'xnb')
    if (name !== 'xnb8.0') await ok('ifconfig', name, 'group', portGroup(mac), 'group', 'osport', 'group', 'osnetx')
    await ok('ifconfig', 'br-front', 'addm', name)
  }
  const bridge = machine.interfaces.get('br-front').bridge as Bridge
  const at = () => bridge.addresses.get(mac)
  changes()
  learn(bridge, 'xnb7.0-emu', mac)
  await daemon().apply(networks)
  expect(at()).toEqual({ member: 'xnb7.0-emu', kind: 'dynamic' })
  learn(bridge, 'xnb8.0', mac)
  await daemon().apply(networks)
  expect(at()).toBeUndefined()
  learn(bridge, 'xnb7.0', mac)
  await daemon().apply(networks)
  learn(bridge, 'xnb8.0', mac)
  expect(at()).toEqual({ member: 'xnb7.0', kind: 'static' })
  await daemon().apply(networks)
  expect(changes().filter((call) => !call.endsWith(' addr'))).toEqual([
    `ifconfig br-front deladdr ${mac}`,
    `ifconfig br-front static xnb7.0 ${mac}`,
  ])
})

describe('what cannot be had is told, and keeps nothing else', () => {
  test.each<[string, string[][], Parameters<typeof desiredNetworks>[0]['networks'][0], string]>([
    [
      'a bridge of others that is not there',
      [],
      { name: 'x', bridge: 'bridge5', own: false },
      'there is no bridge bridge5 on this host, which shop.x needs: make it',
    ],
    ['a bridge of others that is none', [], { name: 'x', bridge: 'em0', own: false }, 'em0 is no bridge'],
    [
      'a bridge of our own whose name is taken',
      [],
      { name: 'x', bridge: 'bridge0' },
      'bridge0 is there and was not made by Slipway',
    ],
    [
      'a VLAN that the administrator has',
      [['em0.7', 'create']],
      { name: 'x', vlan: 7 },
      'VLAN 7 of em0 is taken by em0.7',
    ],
    ['an MTU that the trunk has not', [], { name: 'x', vlan: 7, mtu: 9000 }, 'ifconfig vlan create vlandev em0 vlan 7'],
  ])('%s', async (_name, before, network, problem) => {
    const { daemon, ok, machine } = await openHost()
    for (const words of before) await ok('ifconfig', ...words)
    const problems = await daemon().apply(desiredNetworks({ networks: [network, front] }))
    expect(problems.join('\n')).toContain(problem)
    expect(machine.interfaces.get('br-front').addresses).toMatchObject([{ address: '10.0.0.1' }])
  })

  test('floating IPs without an outside interface; one that network.yaml names will do', async () => {
    const lost = await openHost()
    lost.machine.routes.inet = undefined
    expect((await lost.daemon().facts()).egress).toBeUndefined()
    expect((await lost.daemon().apply(shop)).join()).toContain(
      'nobody reaches its floating IPs (192.0.2.51): name the outside',
    )
    const named = await openHost({ config: { egress: 'em0' } })
    named.machine.routes.inet = undefined
    expect(await named.daemon().apply(shop)).toEqual([])
  })

  test('a file of remembered addresses that is broken stops everything, with what to do', async () => {
    const { daemon, paths } = await openHost()
    await writeFile(paths.interfaces, '{"format":2}')
    await expect(daemon().apply(shop)).rejects.toThrow('it says which addresses of this host are Slipway')
  })
})

test('what rules depend on: the outside with its own first addresses, and whether PF sees what the host says to itself', async () => {
  const { daemon, ok } = await openHost()
  await daemon().apply(shop)
  // After a reboot the administrator's address may come last.
  await ok('ifconfig', 'em0', 'inet', '192.0.2.11', '-alias')
  await ok('ifconfig', 'em0', 'inet', '192.0.2.11/24', 'alias')
  await ok('ifconfig', 'em0', 'inet6', '2001:db8::11/64')
  await ok('sysctl', 'net.pf.filter_local=1')
  expect(await daemon().facts()).toEqual({
    egress: { interface: 'em0', ipv4: '192.0.2.11', ipv6: '2001:db8::11' },
    filterLocal: true,
    metadata,
  })
})

test.each(['14.3-RELEASE-p5', '15.1-RELEASE-p1'])(
  'killed before or after any command on %s, the next one ends the same',
  async (release) => {
    const measure = await openHost({ release })
    await measure.daemon().apply(shop)
    const forth = measure.changes().length
    const wanted = measure.state()
    await measure.daemon().apply(noNetworks)
    const back = measure.changes().length
    const empty = measure.state()
    expect(forth).toBeGreaterThan(10)

    /** Runs until the command of this number, which is done, or is not, and then nothing more is. */
    const killedAt = (run: Exec, at: number, done: boolean): Exec => {
      let count = 0
      return async (argv, options) => {
        const isChange = !['-f', '-n', '-e'].includes(argv[1] ?? '')
        if (isChange && ++count >= at) {
          if (done && count === at) await run(argv, options)
          throw new Error('killed')
        }
        if (count >= at) throw new Error('killed')
        return run(argv, options)
      }
    }
    for (const done of [false, true])
      for (let at = 1; at <= Math.max(forth, back); at++) {
        const { daemon, run, state } = await openHost({ release })
        await daemon(killedAt(run, at, done))
          .apply(shop)
          .catch(() => {})
        expect(await daemon().apply(shop)).toEqual([])
        expect(state()).toEqual(wanted)
        await daemon(killedAt(run, at, done))
          .apply(noNetworks)
          .catch(() => {})
        expect(await daemon().apply(noNetworks)).toEqual([])
        expect(state()).toEqual(empty)
      }
  },
)
