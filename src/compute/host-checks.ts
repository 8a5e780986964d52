import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { ConfigLine, HostCheck } from '../contract/host-check.ts'
import type { Exec, ExecResult } from '../platform/exec.ts'
import type { Tool } from '../platform/tools.ts'
import { type HostInfo, numberOf, readHostInfo } from './xen/host-info.ts'

export interface CheckedHost {
  exec: Exec
  root: string
  /** The pool, or the dataset of one, in which disks are kept; undefined when they are files. */
  pool: string | undefined
}

/**
 * What boots FreeBSD under Xen, with a quarter of the machine's memory, at most 8 GiB, for dom0: ZFS keeps its cache in it. Of a command line
 * with which Xen runs already all words stay but those that are wrong.
 */
function xenLines(machineMiB: number, running: string): readonly ConfigLine[] {
  const dom0MiB = Math.min(8192, Math.max(2048, Math.floor(machineMiB / 4)))
  const words = running.split(/\s+/).filter((word) => word !== '' && !word.startsWith('dom0='))
  const kept = running === '' ? ordinaryWords : words
  const memory = words.some((word) => word.startsWith('dom0_mem=')) ? [] : [`dom0_mem=${dom0MiB}M`]
  return [
    { file: '/boot/loader.conf', key: 'xen_kernel', value: '/boot/xen' },
    { file: '/boot/loader.conf', key: 'xen_cmdline', value: ['dom0=pvh', ...memory, ...kept].join(' ') },
  ]
}

const ordinaryWords = ['dom0_max_vcpus=4', 'console=com1,vga', 'com1=115200,8n1', 'guest_loglvl=all', 'loglvl=all']

/** Checks the Xen part of a host. Changes nothing, and never throws: what cannot be asked is not good. */
export async function checkHost({ exec, root, pool }: CheckedHost): Promise<HostCheck[]> {
  const run = (...argv: [Tool, ...string[]]): Promise<ExecResult> =>
    exec(argv, { timeoutMs: 20_000 }).catch((error: Error) => ({
      exitCode: -1,
      signal: null,
      stdout: '',
      stderr: error.message,
    }))
  const said = async (...argv: [Tool, ...string[]]): Promise<string> => {
    const { stdout, stderr } = await run(...argv)
    return (stdout.trim() || stderr.trim() || 'nothing').slice(0, 300)
  }
  const check = (
    name: string,
    found: string,
    good: boolean,
    mend: string,
    lines: readonly ConfigLine[] = [],
  ): HostCheck => (good ? { name, good, found, mend: '', lines: [] } : { name, good, found, mend, lines })

  const release = await said('sysctl', '-n', 'kern.osreldate')
  const machine = await said('uname', '-m')
  const guest = await said('sysctl', '-n', 'kern.vm_guest')
  const xenstored = await stat(join(root, 'dev/xen/xenstored')).then(
    () => true,
    () => false,
  )
  const xl = await run('xl', 'info')
  const info = readHostInfo(xl.stdout)
  const wired = await said('sysctl', '-n', 'vm.max_user_wired')
  const tap = await run('kldstat', '-q', '-m', 'if_tuntap')
  const bridge = await run('kldstat', '-q', '-m', 'if_bridge')
  const xencommons = await run('service', 'xencommons', 'enabled')
  const guests = await run('service', 'slipway_guests', 'enabled')
  const guestsTimeout = Number((await run('sysrc', '-n', '-i', 'slipway_guests_timeout')).stdout.trim() || 60)
  const rcTimeout = Number((await run('sysrc', '-n', 'rcshutdown_timeout')).stdout.trim() || 90)
  // Under Xen hw.physmem is dom0's part of the machine.
  const machineMiB = numberOf(info, 'total_memory') ?? (Number(await said('sysctl', '-n', 'hw.physmem')) || 0) / 2 ** 20
  const boot = xenLines(machineMiB, info.get('xen_commandline') ?? '')
  const reboot = 'reboot under Xen (slipway host prepare writes /boot/loader.conf)'
  const yes = (good: boolean) => (good ? 'yes' : 'no')
  return [
    check('FreeBSD 14 or newer', release, Number(release) >= 1_400_000, 'upgrade FreeBSD'),
    check('amd64', machine, machine === 'amd64', 'Xen on FreeBSD needs an amd64 machine'),
    check('booted under Xen', guest, guest === 'xen', reboot, boot),
    check('the host is dom0', yes(xenstored), xenstored, `there is no /dev/xen/xenstored; ${reboot}`),
    check(
      'xl answers',
      xl.exitCode === 0 ? 'yes' : xl.stderr.trim().slice(0, 300),
      xl.exitCode === 0,
      'pkg install xen-tools, and start xencommons',
    ),
    check(
      'Xen 4.18 or newer',
      info.get('xen_version') ?? 'unknown',
      isNewEnough(info),
      'pkg upgrade xen-kernel xen-tools',
    ),
    check(
      'hardware for hvm and pvh guests',
      info.get('virt_caps') ?? 'unknown',
      (info.get('virt_caps') ?? '').split(' ').includes('hvm'),
      'switch on VT-x and VT-d, or AMD-V and AMD-Vi, in the firmware',
    ),
    check(
      'dom0 has memory of a fixed size',
      info.get('xen_commandline') || 'unknown',
      /(^| )dom0=pvh( |$)/.test(info.get('xen_commandline') ?? '') &&
        /(^| )dom0_mem=/.test(info.get('xen_commandline') ?? ''),
      'xen_cmdline in /boot/loader.conf needs dom0=pvh and dom0_mem, then reboot',
      boot,
    ),
    check('memory can be locked', wired, wired === '-1', 'vm.max_user_wired must be -1', [
      { file: '/etc/sysctl.conf', key: 'vm.max_user_wired', value: '-1' },
    ]),
    check(
      'module if_tuntap',
      yes(tap.exitCode === 0),
      tap.exitCode === 0,
      'kldload if_tuntap, before the first hvm guest',
      [{ file: '/boot/loader.conf', key: 'if_tuntap_load', value: 'YES' }],
    ),
    check('module if_bridge', yes(bridge.exitCode === 0), bridge.exitCode === 0, 'kldload if_bridge', [
      { file: '/boot/loader.conf', key: 'if_bridge_load', value: 'YES' },
    ]),
    check(
      'service xencommons is enabled',
      yes(xencommons.exitCode === 0),
      xencommons.exitCode === 0,
      'service xencommons enable, then start it',
      [{ file: '/etc/rc.conf', key: 'xencommons_enable', value: 'YES' }],
    ),
    check(
      'instances are stopped when the host goes down',
      yes(guests.exitCode === 0),
      guests.exitCode === 0,
      'enable slipway_guests in rc.conf; it comes with the component rc',
      [{ file: '/etc/rc.conf', key: 'slipway_guests_enable', value: 'YES' }],
    ),
    check(
      'the shutdown waits for instances',
      `rcshutdown_timeout=${rcTimeout}, slipway_guests_timeout=${guestsTimeout}`,
      rcTimeout >= guestsTimeout + 30,
      `rcshutdown_timeout must be ${guestsTimeout + 30} at least`,
      [{ file: '/etc/rc.conf', key: 'rcshutdown_timeout', value: String(guestsTimeout + 30) }],
    ),
    ...(pool === undefined ? [] : [await checkPool(pool.split('/', 1)[0] as string)]),
  ]

  async function checkPool(name: string): Promise<HostCheck> {
    const { exitCode, stdout, stderr } = await run('zpool', 'list', '-Hp', '-o', 'health', name)
    const health = exitCode === 0 ? stdout.trim() : stderr.trim()
    return check(
      `the pool ${name} is healthy`,
      health,
      health === 'ONLINE',
      `zpool status ${name}; or name another pool in compute.yaml (store)`,
    )
  }
}

function isNewEnough(info: HostInfo): boolean {
  const [major, minor] = [numberOf(info, 'xen_major') ?? 0, numberOf(info, 'xen_minor') ?? 0]
  return major > 4 || (major === 4 && minor >= 18)
}
