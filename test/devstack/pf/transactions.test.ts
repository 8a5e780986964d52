import { describe, expect, test } from 'vitest'
import { obey } from '../../../src/devstack/orders.ts'
import { openPfMachine } from './pf-machine.ts'

/** One anchor with everything, called by the main ruleset, as in the transcript e5b. */
async function openAnchor(release?: string, options = '') {
  const host = await openPfMachine(release, ['net.link.bridge.pfil_local_phys=1'])
  await host.loaded(
    '-f -',
    `${options}nat-anchor "os/*"\nrdr-anchor "os/*"\nbinat-anchor "os/*"\nanchor "os/*"\npass all no state\n`,
  )
  await host.loaded('-a os/a -f -', first)
  await host.loaded('-a os/a/child -f -', 'pass in quick on tap2 all\n')
  return host
}

const first = `table <t1> { 10.0.0.11, 10.0.0.12 }
table <t2> persist
nat on ext0 inet from <t1> to any -> 192.0.2.1
rdr on ext0 inet proto tcp from any to 192.0.2.1 port 8080 -> 10.0.0.11 port 80
pass in quick on tap1 inet from <t1> to any label "p1"
block drop in on tap1 all label "d1"
`
const onlyFilter = `pass in quick on tap1 inet from 10.0.0.11 to any label "p1"
block drop in on tap1 all label "d1"
`

describe('loading an anchor is one transaction (transcripts e5 and e5b)', () => {
  test('every class that is not mentioned becomes empty; tables, anchors below and states stay', async () => {
    const { loaded, packet } = await openAnchor()
    packet({ from: 'tap1', to: '192.0.2.100', protocol: 'icmp' })
    await loaded('-a os/a -t t1 -T add 10.9.9.9')
    const before = await loaded('-s states')
    await loaded('-a os/a -f -', onlyFilter)
    expect(await loaded('-a os/a -s nat')).toBe('')
    expect(await loaded('-a os/a -s rules')).toBe(
      'pass in quick on tap1 inet from 10.0.0.11 to any flags S/SA keep state label "p1"\nblock drop in on tap1 all label "d1"\n',
    )
    expect(await loaded('-a os/a -s Tables')).toBe('t1\nt2\n')
    expect(await loaded('-a os/a -t t1 -T show')).toBe('   10.0.0.11\n   10.0.0.12\n   10.9.9.9\n')
    expect(await loaded('-s Anchors')).toBe('  os\n  os/a\n  os/a/child\n')
    expect(await loaded('-a os/a/child -s rules')).toBe('pass in quick on tap2 all flags S/SA keep state\n')
    expect(before.split('\n')).toHaveLength(3)
    expect(await loaded('-s states')).toBe(before)
  })

  test.each([
    ['a list replaces', 'table <t2> persist { 10.7.7.7 }', '   10.7.7.7\n'],
    ['persist without a list keeps', 'table <t2> persist', '   10.9.9.9\n   10.9.9.10\n'],
    ['a table without either keeps', 'table <t2>', '   10.9.9.9\n   10.9.9.10\n'],
    ['what is not declared keeps', 'pass in from <t2> to any', '   10.9.9.9\n   10.9.9.10\n'],
  ])('of the addresses of a table: %s', async (_, line, shown) => {
    const { loaded } = await openAnchor()
    await loaded('-a os/a -t t2 -T add 10.9.9.10 10.9.9.9')
    await loaded('-a os/a -f -', `${line}\n`)
    expect(await loaded('-a os/a -t t2 -T show')).toBe(shown)
  })

  test('empty text empties the anchor; without tables it is gone then', async () => {
    const { loaded } = await openAnchor()
    await loaded('-a os/b -f -', onlyFilter)
    await loaded('-a os/b -f -', '')
    expect(await loaded('-s Anchors')).toBe('  os\n  os/a\n  os/a/child\n')
  })

  test('-N loads translation alone, -R filter rules alone', async () => {
    const { loaded } = await openAnchor()
    await loaded('-a os/a -R -f -', 'pass in on tap2 all\n')
    expect(await loaded('-a os/a -s nat')).toContain('nat on ext0 inet from <t1> to any -> 192.0.2.1')
    await loaded('-a os/a -N -f -', 'nat on ext0 inet from 10.0.0.12 to any -> 192.0.2.1\n')
    expect(await loaded('-a os/a -s nat')).toBe('nat on ext0 inet from 10.0.0.12 to any -> 192.0.2.1\n')
    expect(await loaded('-a os/a -s rules')).toBe('pass in on tap2 all flags S/SA keep state\n')
  })

  test('counters begin again, unless the main ruleset says keepcounters', async () => {
    for (const [options, numbers] of [
      ['', 'p1 0 0 0 0 0 0 0 0'],
      ['set keepcounters\n', 'p1 2 4 336 2 168 2 168 0'],
    ] as const) {
      const { loaded, packet } = await openAnchor(undefined, options)
      for (const _ of [1, 2]) packet({ from: 'tap1', to: 'tap2', protocol: 'icmp' })
      expect((await loaded('-a os/a -s labels')).split('\n')[0]).toMatch(/^p1 \d+ 4 336 2 168 2 168 2$/)
      const [, evaluations] = (await loaded('-a os/a -s labels')).split(' ')
      await loaded('-a os/a -f -', first)
      expect((await loaded('-a os/a -s labels')).split('\n')[0]).toBe(numbers.replace('p1 2', `p1 ${evaluations}`))
    }
  })
})

describe('P1 what is wrong with rules is said in words of pfctl, and nothing is loaded', () => {
  test.each([
    ['pass in on tap1 all\npass nonsense here', 'stdin:2: syntax error'],
    ['pass in on $nope all', "stdin:1: macro 'nope' not defined\nstdin:1: syntax error"],
    [
      'pass all\nnat on ext0 from any to any -> 192.0.2.1',
      'stdin:2: Rules must be in order: options, ethernet, normalization, queueing, translation, filtering',
    ],
    [`pass label "${'l'.repeat(64)}"`, 'stdin:1: rule label too long (max 63 chars)'],
    [`pass on tap0123456789abc all`, 'stdin:1: interface name too long'],
  ])('%s', async (text, words) => {
    const { pfctl, loaded } = await openAnchor()
    const before = await loaded('-a * -s rules')
    expect(await pfctl('-a os/a -f -', `${text}\n`)).toEqual({
      exitCode: 1,
      stdout: '',
      stderr: `${words}\npfctl: Syntax error in config file: pf rules not loaded\n`,
    })
    expect(await pfctl('-n -a os/a -f -', `${text}\n`)).toEqual({ exitCode: 1, stdout: '', stderr: `${words}\n` })
    expect(await loaded('-a * -s rules')).toBe(before)
  })

  test('right rules change nothing with -n either', async () => {
    const { loaded } = await openAnchor()
    expect(await loaded('-n -a os/a -f -', 'block all\n')).toBe('')
    expect(await loaded('-a os/a -s rules')).toContain('p1')
  })

  test('the path of an anchor has at most 63 characters, and no name in it begins with _', async () => {
    const { pfctl } = await openAnchor()
    expect(await pfctl(`-a os/${'x'.repeat(60)} -f -`, 'pass\n')).toMatchObject({ exitCode: 0 })
    expect(await pfctl(`-n -a os/${'x'.repeat(61)} -f -`, 'pass\n')).toEqual({
      exitCode: 1,
      stdout: '',
      stderr: 'pfctl: pfctl_rules: strlcpy\n',
    })
    expect(await pfctl('-a os/_x -f -', 'pass\n')).toMatchObject({
      exitCode: 1,
      stderr: "pfctl: anchor names beginning with '_' cannot be modified from the command line\n",
    })
  })

  test('a file that is not there', async () => {
    const { pfctl } = await openAnchor()
    expect(await pfctl('-f /nowhere/pf.conf')).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('/nowhere/pf.conf: No such file or directory'),
    })
  })
})

test('P5 ten thousand addresses take the place of ten thousand others at once, and those that stay are left alone', async () => {
  const { pfctl, loaded } = await openAnchor()
  const lines = (from: number) =>
    Array.from(
      { length: 10_000 },
      (_, at) => `10.${((from + at) >> 16) & 255}.${((from + at) >> 8) & 255}.${(from + at) & 255}\n`,
    ).join('')
  const replace = (text: string) => pfctl('-a os/a -t t1 -T replace -f -', text)
  expect(await replace(lines(0))).toMatchObject({ exitCode: 0, stderr: '9998 addresses added.\n' })
  expect(await replace(`# moved on by one\n${lines(1)}`)).toMatchObject({
    exitCode: 0,
    stderr: '1 addresses added.\n1 addresses deleted.\n',
  })
  expect(await replace(lines(1))).toMatchObject({ exitCode: 0, stderr: 'no changes.\n' })
  expect((await loaded('-a os/a -t t1 -T show')).split('\n')).toHaveLength(10_001)
  expect(await replace('10.0.0.1 nobody\n')).toMatchObject({
    exitCode: 255,
    stderr: 'no IP address found for nobody\n',
  })
})

describe('what an administrator and other programs do', () => {
  test('P2 -F all empties the main ruleset, its tables and all states; what our anchors hold is called no more', async () => {
    const { pfctl, loaded, packet } = await openAnchor(undefined, 'set skip on lo0\n')
    packet({ from: 'tap1', to: 'tap2', protocol: 'icmp' })
    const { stderr } = await pfctl('-F all')
    expect(stderr).toMatch(
      /^Ethernet rules cleared\nrules cleared\nnat cleared\n0 tables deleted\.\n\d states cleared\n/,
    )
    expect(await loaded('-s rules')).toBe('')
    expect(await loaded('-s states')).toBe('')
    expect(await loaded('-a os/a -s labels')).toContain('p1')
    expect(await loaded('-v -s Interfaces -i lo0')).toBe('lo0\n')
    expect(packet({ from: 'tap1', source: '10.0.0.99', to: 'tap2', protocol: 'icmp' }).reached).toBe(true)
  })

  test('set skip on an interface shows, and lets everything through there', async () => {
    const { loaded, packet } = await openAnchor()
    const spoofed = { from: 'tap1', source: '10.0.0.99', to: 'tap2', protocol: 'icmp', single: true } as const
    await loaded('-f -', 'set skip on { lo0, bridge, tap }\nblock all\n')
    expect(await loaded('-v -s Interfaces -i tap1')).toBe('tap1 (skip)\n')
    expect(packet(spoofed)).toMatchObject({ reached: true, hops: [{ action: 'pass' }, { action: 'pass' }] })
    await loaded('-f -', 'block all\n')
    expect(packet(spoofed)).toMatchObject({ reached: false, end: 'blocked' })
  })

  test('PF that is switched off lets everything through and sees nothing', async () => {
    const { pfctl, loaded, packet } = await openAnchor()
    await loaded('-f -', 'block all label "all"\n')
    expect(packet({ from: 'tap1', to: 'tap2', protocol: 'icmp' }).reached).toBe(false)
    const before = await loaded('-s labels')
    expect(await pfctl('-d')).toMatchObject({ exitCode: 0, stderr: 'pf disabled\n' })
    expect(packet({ from: 'tap1', to: 'tap2', protocol: 'icmp' }).complete).toBe(true)
    expect(await loaded('-s labels')).toBe(before)
    expect((await loaded('-s info')).split('\n')[0]).toMatch(/^Status: Disabled for 0 days 00:00:00 +Debug: Urgent$/)
  })

  test('P13 while another program loads, a load does not come through, and what was there stays', async () => {
    const { pfctl, loaded, machine } = await openAnchor()
    obey({ kind: 'pf-busy', loads: 2 }, machine)
    const before = await loaded('-a os/a -s rules')
    for (const _ of [1, 2])
      expect(await pfctl('-a os/a -f -', 'pass\n')).toMatchObject({
        exitCode: 1,
        stderr: 'pfctl: DIOCXCOMMIT: Device busy\n',
      })
    expect(await loaded('-a os/a -s rules')).toBe(before)
    expect(await pfctl('-a os/a -f -', 'pass\n')).toMatchObject({ exitCode: 0 })
  })

  test('P14 under securelevel 3 everything can be read, and nothing changed', async () => {
    const { pfctl, loaded, machine } = await openAnchor()
    machine.sysctls.set('kern.securelevel', '3')
    for (const [words, exitCode] of [
      ['-a os/a -f -', 1],
      ['-a os/a -F rules', 1],
      ['-a os/a -t t1 -T replace 10.0.0.1', 255],
      ['-k id -k 1', 1],
      ['-d', 1],
    ] as const)
      expect(await pfctl(words, '')).toEqual({
        exitCode,
        stdout: '',
        stderr: expect.stringMatching(/Operation not permitted\.?\n$/),
      })
    expect(await loaded('-a os/a -t t1 -T show')).toBe('   10.0.0.11\n   10.0.0.12\n')
    expect(await loaded('-n -a os/a -f -', 'pass\n')).toBe('')
  })
})
