import { describe, expect, test } from 'vitest'
import { learn } from '../../../src/devstack/net/bridge-addresses.ts'
import type { Bridge } from '../../../src/devstack/net/interfaces.ts'
import { openTestMachine } from '../machine.ts'

const refused = (stderr: string, exitCode = 1) => ({ exitCode, stdout: '', stderr: `${stderr}\n` })

describe('interfaces are made, named and destroyed', () => {
  test('the name of a new interface is printed when it was not said, or changed', async () => {
    const { run } = await openTestMachine({}, [])
    expect((await run('ifconfig', 'bridge', 'create')).stdout).toBe('bridge0\n')
    expect((await run('ifconfig', 'bridge', 'create', 'name', 'br1', 'group', 'slipway', 'up')).stdout).toBe('br1\n')
    expect((await run('ifconfig', 'bridge7', 'create')).stdout).toBe('')
    expect((await run('ifconfig', 'epair', 'create')).stdout).toBe('epair0a\n')
    expect((await run('ifconfig', 'em0.42', 'create')).stdout).toBe('')
    expect((await run('ifconfig', '-l')).stdout).toBe('em0 lo0 bridge0 br1 bridge7 epair0a epair0b em0.42\n')
    expect((await run('ifconfig', '-g', 'slipway')).stdout).toBe('br1\n')
    await run('ifconfig', 'epair0b', 'destroy')
    expect((await run('ifconfig', '-l', 'ether')).stdout).toBe('em0 bridge0 br1 bridge7 em0.42\n')
  })

  test.each([
    [['bridge0', 'create'], 'ifconfig: SIOCIFCREATE2 (bridge0): File exists'],
    [['fun', 'create'], 'ifconfig: SIOCIFCREATE2 (fun): Invalid argument'],
    [['bridge0', 'name', 'a-name-of-16-char'], 'ifconfig: ioctl SIOCSIFNAME (set name): Invalid argument'],
    [['bridge0', 'name', 'em0'], 'ifconfig: ioctl SIOCSIFNAME (set name): File exists'],
    [['em0', 'destroy'], 'ifconfig: SIOCIFDESTROY: Invalid argument'],
    [['nope', 'up'], 'ifconfig: interface nope does not exist'],
    [['bridge0', 'group', 'p0a1b2c3d4e5'], 'ifconfig: setifgroup: group names may not end in a digit'],
    [['bridge0', 'group', 'p123456789abcdex'], 'ifconfig: setifgroup: group name too long'],
    [['bridge0', 'addm', 'em0', 'inet', '10.0.0.1/24'], 'ifconfig: inet: bad value'],
    [['em0', 'inet', '10.9.9.9', '-alias'], "ifconfig: ioctl (SIOCDIFADDR): Can't assign requested address"],
    [['vlan', 'create', 'vlandev', 'em0'], 'ifconfig: must specify both vlan and vlandev'],
  ])('ifconfig %j is refused in the words of FreeBSD', async (words, text) => {
    const { run } = await openTestMachine()
    expect(await run('ifconfig', ...words)).toEqual(refused(text))
  })
})

describe('bridges', () => {
  test('what is wrong with a member is told, in FreeBSD 15 with the reason behind it', async () => {
    for (const [release, reason] of [
      ['14.3-RELEASE-p5', ''],
      ['15.1-RELEASE-p1', ' (Interface is already a member of this bridge)'],
    ] as const) {
      const { run, ok } = await openTestMachine({ release })
      await ok('ifconfig', 'bridge0', 'addm', 'em0')
      await ok('ifconfig', 'bridge1', 'create')
      expect(await run('ifconfig', 'bridge0', 'addm', 'em0')).toEqual(
        refused(`ifconfig: BRDGADD em0: File exists${reason}`),
      )
      expect((await run('ifconfig', 'bridge1', 'addm', 'em0')).stderr).toMatch(/^ifconfig: BRDGADD em0: Device busy/)
      expect((await run('ifconfig', 'bridge1', 'addm', 'x')).stderr).toBe(
        'ifconfig: BRDGADD x: No such file or directory\n',
      )
      expect((await run('ifconfig', 'bridge1', 'deletem', 'em0')).stderr).toBe(
        'ifconfig: BRDGDEL em0: No such file or directory\n',
      )
      expect((await run('ifconfig', 'bridge1', 'private', 'em0')).stderr).toMatch(
        /^ifconfig: unable to get bridge flags/,
      )
    }
  })

  test('the first member gives its MTU to the bridge, the bridge gives it to the others; a member has none of its own', async () => {
    const { run, ok, machine } = await openTestMachine()
    await ok('ifconfig', 'tap', 'create')
    await ok('ifconfig', 'tap0', 'mtu', '1400')
    await ok('ifconfig', 'bridge0', 'addm', 'tap0', 'addm', 'em0')
    expect(machine.interfaces.get('em0').mtu).toBe(1400)
    expect(await run('ifconfig', 'tap0', 'mtu', '1500')).toMatchObject({
      stderr: 'ifconfig: ioctl SIOCSIFMTU (set mtu): Operation not supported\n',
    })
    await ok('ifconfig', 'bridge0', 'mtu', '9000')
    expect(machine.interfaces.get('tap0').mtu).toBe(9000)
  })

  test('a MAC that is static, or sticky, cannot be taken by a neighbour; one too many is not let through', async () => {
    const { ok, machine } = await openTestMachine()
    for (const name of ['tap0', 'tap1']) {
      await ok('ifconfig', 'tap', 'create')
      await ok('ifconfig', 'bridge0', 'addm', name, 'ifmaxaddr', name, '1')
    }
    const bridge = machine.interfaces.get('bridge0').bridge as Bridge
    await ok('ifconfig', 'bridge0', 'static', 'tap0', '00:16:3E:00:00:01')
    expect(learn(bridge, 'tap0', '00:16:3e:00:00:99')).toBe(false)
    expect(learn(bridge, 'tap1', '00:16:3e:00:00:01')).toBe(true)
    expect(await ok('ifconfig', 'bridge0', 'addr')).toBe('00:16:3e:00:00:01 Vlan1 tap0 0 flags=1<STATIC>\n')
    // Without that, whoever spoke last has it.
    await ok('ifconfig', 'bridge0', 'deladdr', '00:16:3e:00:00:01')
    learn(bridge, 'tap0', '00:16:3e:00:00:01')
    learn(bridge, 'tap1', '00:16:3e:00:00:01')
    expect(bridge.addresses.get('00:16:3e:00:00:01')?.member).toBe('tap1')
    await ok('ifconfig', 'tap1', 'destroy')
    expect(bridge.addresses.size).toBe(0)
  })
})

test('addresses are aliases, or replace the first one; they are shown with masks, or with lengths as -f asks', async () => {
  const { ok } = await openTestMachine({}, [])
  await ok('ifconfig', 'em0', 'inet', '192.0.2.51/32', 'alias')
  await ok('ifconfig', 'em0', 'inet6', '2001:db8::1/64')
  expect((await ok('ifconfig', 'em0')).split('\n').filter((line) => line.startsWith('\tinet'))).toEqual([
    '\tinet 192.0.2.11 netmask 0xffffff00 broadcast 192.0.2.255',
    '\tinet 192.0.2.51 netmask 0xffffffff broadcast 192.0.2.51',
    '\tinet6 2001:db8::1 prefixlen 64',
  ])
  await ok('ifconfig', 'em0', 'inet', '192.0.2.12', 'netmask', '255.255.255.128')
  await ok('ifconfig', 'em0', 'inet6', '2001:db8::1/64', '-alias')
  expect(
    (await ok('ifconfig', '-f', 'inet:cidr,inet6:cidr', 'em0')).split('\n').filter((line) => line.startsWith('\tinet')),
  ).toEqual(['\tinet 192.0.2.51/32 broadcast 192.0.2.51', '\tinet 192.0.2.12/25 broadcast 192.0.2.127'])
})

test.each([
  ['14.3-RELEASE-p5', '\toptions=0', 'ifmaxaddr 0 port 3'],
  ['15.1-RELEASE-p1', '\tbridge flags=0<>', '\t        port 3'],
])('a bridge on %s is shown as that release does', async (release, first, second) => {
  const { ok } = await openTestMachine({ release })
  await ok('ifconfig', 'bridge0', 'addm', 'em0', 'up')
  const text = await ok('ifconfig', 'bridge0')
  expect(text).toContain('bridge0: flags=1008843<UP,BROADCAST,RUNNING,SIMPLEX,MULTICAST,LOWER_UP> metric 0 mtu 1500\n')
  expect(text).toContain('\tmember: em0 flags=143<LEARNING,DISCOVER,AUTOEDGE,AUTOPTP>\n')
  expect(text).toContain('\tgroups: bridge\n')
  for (const part of [first, second]) expect(text).toContain(part)
})

test('rc.conf makes interfaces and routes at boot; the route of the default is told', async () => {
  const { ok, run } = await openTestMachine({ hostname: 'host3' })
  expect(await ok('route', '-n', 'get', 'default')).toContain('    gateway: 192.0.2.1\n')
  expect(await ok('route', '-n', '-4', 'get', 'default')).toContain('  interface: em0\n')
  expect(await ok('ifconfig', 'em0')).toContain('inet 192.0.2.13 ')
  expect(await run('route', '-n', '-6', 'get', 'default')).toEqual(refused('route: route has not been found'))
})

test('settings of bridges come with their module; the security level is only raised', async () => {
  const { run, ok } = await openTestMachine({ release: '15.1-RELEASE' })
  expect(await ok('sysctl', '-n', 'net.link.bridge.member_ifaddrs')).toBe('1\n')
  await ok('sysctl', 'kern.securelevel=3')
  expect(await run('sysctl', 'kern.securelevel=-1')).toMatchObject({
    exitCode: 1,
    stderr: 'sysctl: kern.securelevel=-1: Operation not permitted\n',
  })
})
