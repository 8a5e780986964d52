import { describe, expect, test } from 'vitest'
import { openPfMachine, type PfMachine, terminal } from './pf-machine.ts'

async function openWith(release: string): Promise<PfMachine> {
  const host = await openPfMachine(release)
  await host.loaded(
    '-f -',
    'table <t> { 10.0.0.11, 10.0.0.12 }\nnat-anchor "os/*"\nanchor "os/*"\npass in on tap1 from <t> to any label "x"\npass all\n',
  )
  await host.loaded(
    '-a os/a -f -',
    'nat on ext0 inet from 10.0.0.11 to any -> 192.0.2.11\npass quick on tap2 label "y"\n',
  )
  return host
}

const releases = { 13: '13.2-RELEASE', 14: '14.3-RELEASE-p5', 15: '15.1-RELEASE-p1' } as const

describe('P15 what pfctl of FreeBSD 13, 14 and 15 says differs', () => {
  test.each([
    { major: 13, lines: 3, loader: /pid [1-9]\d* /, active: false },
    { major: 14, lines: 4, loader: /pid [1-9]\d* /, active: true },
    { major: 15, lines: 5, loader: /pid 0 /, active: true },
  ] as const)('$major: lines behind a rule', async ({ major, lines, loader, active }) => {
    const { loaded } = await openWith(releases[major])
    const said = (await loaded('-vv -s rules')).trimEnd().split('\n')
    expect(said).toHaveLength(lines * 3)
    expect(said.slice(lines).find((line) => line.startsWith('@1'))).toContain('from <t:2> to any')
    expect(said.join('\n')).toMatch(loader)
    expect(said.some((line) => line.includes('Last Active Time'))).toBe(active)
  })

  test.each([
    { major: 13, said: 'pfctl: DIOCGETRULES: Invalid argument\n' },
    { major: 14, said: 'pfctl: DIOCGETRULES: Invalid argument\n' },
    { major: 15, said: 'pfctl: Anchor does not exist.\n' },
  ] as const)('P12 $major: the rules of an anchor that is not there are no error', async ({ major, said }) => {
    const { pfctl } = await openWith(releases[major])
    const answer = await pfctl('-a os/nope -s rules')
    expect({ said: terminal(answer), exitCode: answer.exitCode }).toEqual({ said, exitCode: 0 })
  })

  test('anchors: 15 shows all that are below, before that -v does', async () => {
    for (const major of [13, 14] as const) {
      const { loaded } = await openWith(releases[major])
      expect(await loaded('-s Anchors')).toBe('  os\n')
      expect(await loaded('-v -s Anchors')).toBe('  os\n  os/a\n')
    }
    const { loaded, pfctl } = await openWith(releases[15])
    expect(await loaded('-s Anchors')).toBe('  os\n  os/a\n')
    expect(await pfctl('-a nope -s Anchors')).toMatchObject({ exitCode: 1, stderr: 'pfctl: Anchor does not exist.\n' })
  })

  test('labels of all anchors at once: 15 alone knows them, with braces between', async () => {
    const labels = async (major: 14 | 15) => {
      const { loaded } = await openWith(releases[major])
      return (await loaded('-a * -s labels')).replaceAll(/( \d+){8}/g, '')
    }
    expect(await labels(14)).toBe('x\n')
    expect(await labels(15)).toBe('anchor "a" all {\ny\n}\nx\n')
  })

  test('the addresses of a table are counted wrongly by 15', async () => {
    for (const [major, count] of [
      [13, 2],
      [14, 2],
      [15, 1],
    ] as const) {
      const { loaded } = await openWith(releases[major])
      expect(await loaded('-vvs Tables')).toContain(`\tAddresses:   ${count}\n`)
      expect((await loaded('-t t -T show')).split('\n')).toHaveLength(3)
    }
  })

  test('an echo has its id at both ends before 14, and its type afterwards; only 13 names a gateway', async () => {
    const states = async (major: 13 | 15) => {
      const { loaded, packet } = await openWith(releases[major])
      packet({ from: 'tap1', to: '192.0.2.100', protocol: 'icmp', sourcePort: 31_488 })
      return loaded('-vv -s states')
    }
    const [old, now] = [await states(13), await states(15)]
    expect(old).toMatch(/^all icmp 192\.0\.2\.11:(\d+) \(10\.0\.0\.11:31488\) -> 192\.0\.2\.100:\1 {7}0:0$/m)
    expect(old).toMatch(/creatorid: [0-9a-f]{8} gateway: 0\.0\.0\.0\n {3}origif: ext0\n/)
    expect(now).toMatch(/^all icmp 192\.0\.2\.11:\d+ \(10\.0\.0\.11:31488\) -> 192\.0\.2\.100:8 {7}0:0$/m)
    expect(now).toMatch(/creatorid: [0-9a-f]{8}\n {3}origif: ext0\n/)
  })

  test('limits and timeouts that came later are not there before', async () => {
    const names = async (major: 13 | 14 | 15, what: string) => {
      const { loaded } = await openWith(releases[major])
      return (await loaded(`-s ${what}`)).split('\n').map((line) => line.split(' ')[0])
    }
    expect(await names(13, 'timeouts')).not.toContain('sctp.first')
    expect(await names(14, 'timeouts')).toContain('sctp.first')
    expect(await names(14, 'memory')).not.toContain('anchors')
    expect(await names(15, 'memory')).toContain('anchors')
  })

  test('a kernel without ALTQ says so: always before 14, then with -v', async () => {
    const says = async (major: 13 | 14, words: string) => (await (await openWith(releases[major])).pfctl(words)).stderr
    expect(await says(13, '-s rules')).toBe('No ALTQ support in kernel\nALTQ related functions disabled\n')
    expect(await says(14, '-s rules')).toBe('')
    expect(await says(14, '-v -s rules')).toContain('No ALTQ support')
  })

  test("a table that has the name of another anchor's: 15 warns, and loads", async () => {
    const warning = async (major: 14 | 15) => {
      const { pfctl } = await openWith(releases[major])
      const table = 'table <own> { 10.0.0.1 }\n'
      await pfctl('-a os/a -f -', table)
      return pfctl('-a os/b -f -', table)
    }
    expect(await warning(14)).toEqual({ exitCode: 0, stdout: '', stderr: '' })
    expect(await warning(15)).toMatchObject({
      exitCode: 0,
      stderr: 'pfctl: warning: table <own> already defined in anchor "os/a"\n',
    })
  })

  test('of two anchors that translate, the first counts before 15, and the last from 15 on', async () => {
    for (const [major, address] of [
      [14, '192.0.2.11'],
      [15, '192.0.2.12'],
    ] as const) {
      const { loaded, packet } = await openWith(releases[major])
      await loaded('-a os/b -f -', 'nat on ext0 inet from 10.0.0.11 to any -> 192.0.2.12\n')
      packet({ from: 'tap1', to: '192.0.2.100', protocol: 'icmp' })
      expect(await loaded('-s states')).toContain(`icmp ${address}:`)
    }
  })
})
