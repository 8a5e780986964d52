import { describe, expect, test } from 'vitest'
import { obey } from '../../../src/devstack/orders.ts'
import { callTool, toolNamed } from '../machine.ts'
import { openPfMachine, type PfMachine } from './pf-machine.ts'

/** Two connections through security groups: tap2 to tap1 on the bridge, and tap1 to the outside with its floating IP. */
async function openConnections(): Promise<PfMachine> {
  const host = await openPfMachine('15.1-RELEASE-p1', ['net.link.bridge.pfil_local_phys=1'])
  await host.loaded('-f -', 'nat-anchor "os/*"\nbinat-anchor "os/*"\nanchor "os/*"\npass all no state\n')
  await host.loaded('-a os/nat -f -', 'binat on ext0 inet from 10.0.0.11 to any -> 192.0.2.51\n')
  await host.loaded(
    '-a os/sg -f -',
    `table <ports> { 10.0.0.11, 10.0.0.12 }
pass in quick from <ports> to any keep state label "eg"
pass out quick inet proto tcp from any to 10.0.0.11 port 80 keep state label "in:80"
block drop out quick from any to <ports> label "drop:in"
`,
  )
  expect(host.packet({ from: 'tap2', to: 'tap1', protocol: 'tcp', port: 80, sourcePort: 26_556 }).complete).toBe(true)
  expect(host.packet({ from: 'tap1', to: '192.0.2.100', protocol: 'tcp', port: 81, sourcePort: 21_836 }).complete).toBe(
    true,
  )
  return host
}

const four = `all tcp 10.0.0.11:80 <- 10.0.0.12:26556       ESTABLISHED:ESTABLISHED
all tcp 10.0.0.12:26556 -> 10.0.0.11:80       ESTABLISHED:ESTABLISHED
all tcp 192.0.2.100:81 <- 10.0.0.11:21836       ESTABLISHED:ESTABLISHED
all tcp 192.0.2.51:21836 (10.0.0.11:21836) -> 192.0.2.100:81       ESTABLISHED:ESTABLISHED
`

describe('states of connections that were tried', () => {
  test('are listed as in transcript e13 B2, two for each connection', async () => {
    const { loaded } = await openConnections()
    expect(await loaded('-s states')).toBe(four)
    expect(await loaded('-i tap1 -s states')).toBe('')
  })

  test('P4 one is killed by its id, and nothing else; the connection is over, a new one may begin', async () => {
    const { loaded, pfctl, packet } = await openConnections()
    const verbose = await loaded('-vv -s states')
    const lines = verbose.split(/\n(?=\S)/).find((text) => text.includes('-> 10.0.0.11:80 ')) ?? ''
    const [, id, creator] = /id: (\w{16}) creatorid: (\w{8})/.exec(lines) ?? []
    expect(await pfctl(`-k id -k ${id}/00000001`)).toMatchObject({ stderr: 'killed 0 states\n' })
    expect(await pfctl(`-k id -k ${id}/${creator}`)).toMatchObject({ exitCode: 0, stderr: 'killed 1 states\n' })
    expect(await pfctl(`-k id -k ${id}`)).toMatchObject({ exitCode: 0, stderr: 'killed 0 states\n' })
    expect((await loaded('-s states')).split('\n')).toEqual(
      four.split('\n').filter((line) => !line.includes('12:26556 -> ')),
    )
    expect(packet({ from: 'tap2', to: 'tap1', protocol: 'tcp', port: 80 }).complete).toBe(true)
  })

  test.each([
    ['-k label -k in:80', 'killed 1 states'],
    ['-k label -k nope', 'killed 0 states'],
    ['-k 10.0.0.12', 'killed 2 states from 1 sources and 0 destinations'],
    ['-k 0.0.0.0/0 -k 10.0.0.11', 'killed 2 states from 1 sources and 1 destinations'],
    ['-k 10.0.0.11', 'killed 1 states from 1 sources and 0 destinations'],
    ['-k nat -k 10.0.0.11', 'killed 2 states from 1 sources and 0 destinations'],
    ['-F states', '4 states cleared'],
  ])('%s: %s', async (words, said) => {
    const { pfctl } = await openConnections()
    expect(await pfctl(words)).toEqual({ exitCode: 0, stdout: '', stderr: `${said}\n` })
  })

  test('are gone when their time is over', async () => {
    const { loaded, packet, clock } = await openConnections()
    packet({ from: 'tap2', to: 'tap1', protocol: 'tcp', port: 80, single: true })
    packet({ from: 'tap1', to: '192.0.2.100', protocol: 'udp', port: 53 })
    const count = async () => (await loaded('-s states')).split('\n').length - 1
    expect(await count()).toBe(8)
    await clock.advance(61_000)
    expect(await count()).toBe(6)
    await clock.advance(60_000)
    expect(await loaded('-s states')).toBe(four)
    await clock.advance(86_400_000)
    expect(await loaded('-s states')).toBe('')
  })

  test('labels count what their states carried, in and out', async () => {
    const { loaded } = await openConnections()
    expect(await loaded('-a os/sg -s labels')).toMatch(
      // What goes to the outside is seen on the tap and on the bridge.
      /^eg \d+ 15 900 9 540 6 360 2\nin:80 \d+ 6 360 3 180 3 180 1\ndrop:in \d+ 0 0 0 0 0 0 0\n$/,
    )
  })
})

describe('a packet', () => {
  test('tells each place where PF saw it, and the label that decided', async () => {
    const { packet } = await openConnections()
    expect(packet({ from: 'tap2', to: 'tap1', protocol: 'tcp', port: 22 })).toEqual({
      reached: false,
      answered: false,
      complete: false,
      end: 'blocked',
      hops: [
        { interface: 'tap2', direction: 'in', action: 'pass', byState: false, anchor: 'os/sg', label: 'eg' },
        { interface: 'tap1', direction: 'out', action: 'block', byState: false, anchor: 'os/sg', label: 'drop:in' },
      ],
    })
  })

  test('from a guest, from outside and from the host itself finds who has the address', async () => {
    const { packet } = await openConnections()
    expect(
      packet({ from: 'outside', source: '198.51.100.7', to: '192.0.2.51', protocol: 'tcp', port: 80 }).complete,
    ).toBe(true)
    expect(
      packet({ from: 'outside', source: '198.51.100.7', to: '10.0.0.11', protocol: 'tcp', port: 80 }).reached,
    ).toBe(true)
    expect(packet({ from: 'host', to: 'tap1', protocol: 'tcp', port: 80 }).complete).toBe(true)
    expect(packet({ from: 'host', to: 'tap1', protocol: 'tcp', port: 81 }).reached).toBe(false)
    expect(packet({ from: 'tap1', to: '10.0.0.77', protocol: 'icmp' })).toMatchObject({ reached: false })
    expect(() => packet({ from: 'nobody', to: '10.0.0.11', protocol: 'icmp' })).toThrow('no guest is called nobody')
  })

  test('that the host routes to a guest goes out of its interface, where PF does not see it', async () => {
    const { machine, packet } = await openConnections()
    const words = ['-i', '-b', '-n', '-I', 'tap1', '--libxo', 'json']
    const sent = async () =>
      JSON.parse((await callTool(toolNamed('netstat'), machine, words)).stdout).statistics.interface[0]['sent-packets']
    const seen = () => [...machine.pf.kernel.interfaceStats.of('tap1')].map(([, { packets }]) => packets)
    const [before, seenBefore] = [await sent(), seen()]
    packet({ from: 'outside', source: '198.51.100.7', to: '10.0.0.11', protocol: 'tcp', port: 80, single: true })
    expect(await sent()).toBe(before + 1)
    expect(seen()).toEqual(seenBefore)
  })

  test('is counted on the interfaces that netstat shows', async () => {
    const { machine } = await openConnections()
    const { stdout } = await callTool(toolNamed('netstat'), machine, [
      '-i',
      '-b',
      '-n',
      '-I',
      'ext0',
      '--libxo',
      'json',
    ])
    const [link, address, ...rest] = JSON.parse(stdout).statistics.interface
    expect(link).toMatchObject({
      name: 'ext0',
      flags: '0x8843',
      mtu: 1500,
      network: expect.stringMatching(/^<Link#\d+>$/),
      'received-packets': 3,
      'received-bytes': 180,
      'sent-packets': 3,
      'sent-bytes': 180,
      collisions: 0,
    })
    expect(address).toMatchObject({ network: '192.0.2.0/24', address: '192.0.2.1' })
    expect(rest).toEqual([])
    const routes = JSON.parse((await callTool(toolNamed('netstat'), machine, ['-rn', '--libxo', 'json'])).stdout)
    expect(routes.statistics['route-information']['route-table']['rt-family'][0]['rt-entry']).toContainEqual({
      destination: '10.0.0.0/24',
      gateway: expect.stringMatching(/^link#\d+$/),
      flags: 'U',
      'interface-name': 'bridge0',
    })
  })
})

describe('arp', () => {
  test('knows the host itself for good, and a guest that has taken an address until it is forgotten', async () => {
    const { machine, run, clock } = await openPfMachine()
    const mac = machine.interfaces.get('tap1').mac
    const shown = (await run('arp', '-an')).stdout.split('\n')
    expect(shown).toContain(`? (10.0.0.1) at ${machine.interfaces.get('bridge0').mac} on bridge0 permanent [ethernet]`)
    expect(shown).toContain(`? (10.0.0.11) at ${mac} on bridge0 expires in 1200 seconds [ethernet]`)
    const { arp } = JSON.parse((await run('arp', '-an', '--libxo', 'json')).stdout)
    expect(arp['arp-cache']).toContainEqual({
      hostname: '?',
      'ip-address': '10.0.0.11',
      'mac-address': mac,
      interface: 'bridge0',
      expires: 1200,
      type: 'ethernet',
    })
    expect(await run('arp', '-d', '10.0.0.11')).toEqual({
      exitCode: 0,
      stdout: '10.0.0.11 (10.0.0.11) deleted\n',
      stderr: '',
    })
    expect(await run('arp', '-d', '10.0.0.11')).toMatchObject({
      exitCode: 1,
      stderr: 'arp: delete: cannot locate 10.0.0.11\n',
    })
    await clock.advance(1_200_000)
    expect((await run('arp', '-an')).stdout).not.toContain('10.0.0.12')
  })

  test('what is set for good, no guest changes', async () => {
    const { machine, run } = await openPfMachine()
    expect(await run('arp', '-s', '10.0.0.11', '00:16:3E:aa:bb:01')).toMatchObject({ exitCode: 0 })
    obey({ kind: 'take-addresses', guest: 'tap2', addresses: ['10.0.0.11'] }, machine)
    expect((await run('arp', '-an')).stdout).toContain(
      '? (10.0.0.11) at 00:16:3e:aa:bb:01 on bridge0 permanent [ethernet]',
    )
    expect(await run('arp', '-s', '203.0.113.9', '00:16:3e:aa:bb:01')).toMatchObject({
      exitCode: 1,
      stderr: 'arp: cannot intuit interface index and type for 203.0.113.9\n',
    })
  })
})
