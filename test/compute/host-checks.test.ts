import { mkdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { checkHost } from '../../src/compute/host-checks.ts'
import type { ConfigLine } from '../../src/contract/host-check.ts'
import { withLine, writeLines } from '../../src/platform/config-lines.ts'
import type { Exec } from '../../src/platform/exec.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const info = `xen_major              : 4
xen_minor              : 20
xen_version            : 4.20.1
virt_caps              : pv hvm hap
xen_commandline        : dom0=pvh dom0_mem=8192M
`

/** What a host that lacks nothing says. */
const good: Readonly<Record<string, string>> = {
  'sysctl -n kern.osreldate': '1501000',
  'sysctl -n kern.vm_guest': 'xen',
  'sysctl -n vm.max_user_wired': '-1',
  'sysctl -n hw.physmem': String(64 * 2 ** 30),
  'uname -m': 'amd64',
  'xl info': info,
  'kldstat -q -m if_tuntap': '',
  'kldstat -q -m if_bridge': '',
  'service xencommons enabled': '',
  'service slipway_guests enabled': '',
  'sysrc -n -i slipway_guests_timeout': '',
  'sysrc -n rcshutdown_timeout': '90',
  'zpool list -Hp -o health tank': 'ONLINE',
}

async function checked(change: Readonly<Record<string, string | undefined>> = {}) {
  const root = await temporaryFolder()
  await mkdir(join(root, 'dev/xen'), { recursive: true })
  await writeFile(join(root, 'dev/xen/xenstored'), '')
  const exec: Exec = async (argv) => {
    const said = { ...good, ...change }[argv.join(' ')]
    return {
      exitCode: said === undefined ? 1 : 0,
      signal: null,
      stdout: `${said ?? ''}\n`,
      stderr: said === undefined ? 'no' : '',
    }
  }
  return checkHost({ exec, root, pool: 'tank/vm' })
}

test('a host that lacks nothing is good, and nothing has to be written', async () => {
  const checks = await checked()
  expect(checks.filter((it) => !it.good)).toEqual([])
  expect(checks.flatMap(({ lines }) => lines)).toEqual([])
})

test.each<[Record<string, string | undefined>, string, Partial<ConfigLine>[]]>([
  [{ 'sysctl -n kern.osreldate': '1302001' }, 'FreeBSD 14 or newer', []],
  [
    { 'sysctl -n kern.vm_guest': 'none' },
    'booted under Xen',
    [{ key: 'xen_kernel' }, { key: 'xen_cmdline', value: expect.stringContaining('dom0=pvh dom0_mem=8192M') }],
  ],
  [{ 'xl info': info.replace('hvm', '') }, 'hardware for hvm and pvh guests', []],
  [{ 'xl info': info.replace(': 20', ': 17') }, 'Xen 4.18 or newer', []],
  [
    { 'xl info': info.replace('dom0_mem=8192M', '') },
    'dom0 has memory of a fixed size',
    [{ key: 'xen_kernel' }, { key: 'xen_cmdline' }],
  ],
  [
    { 'sysctl -n vm.max_user_wired': '131072' },
    'memory can be locked',
    [{ file: '/etc/sysctl.conf', key: 'vm.max_user_wired', value: '-1' }],
  ],
  [{ 'kldstat -q -m if_tuntap': undefined }, 'module if_tuntap', [{ key: 'if_tuntap_load' }]],
  [{ 'service xencommons enabled': undefined }, 'service xencommons is enabled', [{ key: 'xencommons_enable' }]],
  [
    { 'service slipway_guests enabled': undefined },
    'instances are stopped when the host goes down',
    [{ key: 'slipway_guests_enable' }],
  ],
  [
    { 'sysrc -n -i slipway_guests_timeout': '300' },
    'the shutdown waits for instances',
    [{ key: 'rcshutdown_timeout', value: '330' }],
  ],
  [{ 'zpool list -Hp -o health tank': 'DEGRADED' }, 'the pool tank is healthy', []],
])('%j: %s', async (change, name, lines) => {
  const bad = (await checked(change)).filter((it) => !it.good)
  expect(bad.map((it) => it.name)).toEqual([name])
  expect(bad[0]?.mend).not.toBe('')
  expect(bad[0]?.lines).toMatchObject(lines)
})

describe('a line in a file of the host', () => {
  const line: ConfigLine = { file: '/etc/rc.conf', key: 'rcshutdown_timeout', value: '120' }

  test.each([
    ['', 'rcshutdown_timeout="120"\n'],
    ['a="b"\n', 'a="b"\nrcshutdown_timeout="120"\n'],
    ['a="b"', 'a="b"\nrcshutdown_timeout="120"\n'],
    ['rcshutdown_timeout="90" # old\nb=1\n', 'rcshutdown_timeout="120"\nb=1\n'],
    ['rcshutdown_timeout=1\nrcshutdown_timeout=2\n', 'rcshutdown_timeout=1\nrcshutdown_timeout="120"\n'],
    ['#rcshutdown_timeout="90"\n', '#rcshutdown_timeout="90"\nrcshutdown_timeout="120"\n'],
  ])('%j becomes %j', (before, after) => {
    expect(withLine(before, line)).toBe(after)
    expect(withLine(after, line)).toBe(after)
  })

  test('is written once, and the file as it was before stays beside it', async () => {
    const root = await temporaryFolder()
    await mkdir(join(root, 'etc'))
    await writeFile(join(root, 'etc/rc.conf'), 'hostname="h"\n', { mode: 0o600 })
    const wired: ConfigLine = { file: '/etc/sysctl.conf', key: 'vm.max_user_wired', value: '-1' }
    expect(await writeLines(root, [line, wired])).toEqual(['/etc/rc.conf', '/etc/sysctl.conf'])
    expect(await writeLines(root, [line, wired])).toEqual([])
    expect(await writeLines(root, [{ ...line, value: '200' }])).toEqual(['/etc/rc.conf'])
    expect(await readFile(join(root, 'etc/rc.conf'), 'utf8')).toBe('hostname="h"\nrcshutdown_timeout="200"\n')
    expect(await readFile(join(root, 'etc/rc.conf.before-slipway'), 'utf8')).toBe('hostname="h"\n')
    for (const name of ['etc/rc.conf', 'etc/rc.conf.before-slipway'])
      expect((await stat(join(root, name))).mode & 0o777).toBe(0o600)
    expect(await readFile(join(root, 'etc/sysctl.conf'), 'utf8')).toBe('vm.max_user_wired=-1\n')
  })
})
