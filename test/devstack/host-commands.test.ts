import { cp, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { type Command, readInvocation } from '../../src/cli/command.ts'
import { command as doctor } from '../../src/cli/commands/host-doctor.ts'
import { command as prepare } from '../../src/cli/commands/host-prepare.ts'
import { checkHost } from '../../src/compute/host-checks.ts'
import { type HostFolderOptions, prepareHostFolder } from '../../src/devstack/host-folder.ts'
import { type Simulator, startSimulator } from '../../src/devstack/simulator.ts'
import { writeLines } from '../../src/platform/config-lines.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { facts, machineExec } from './machine.ts'

const scripts = join(import.meta.dirname, '../../deploy/rc.d')

/** A host on which the component rc is installed, and compute enabled unless it is bare. */
async function installedHost(options: Partial<HostFolderOptions> = {}): Promise<string> {
  const root = await temporaryFolder()
  await prepareHostFolder(root, { ...facts, name: 'host1', agentSettings: '', ...options })
  for (const name of ['slipway_guests', 'slipway_network'])
    await cp(join(scripts, name), join(root, 'usr/local/etc/rc.d', name))
  if (!options.bare) await writeFile(join(root, 'etc/rc.conf'), 'slipway_compute_enable="YES"\n', { flag: 'a' })
  return root
}

async function switchOn(root: string): Promise<Simulator> {
  const simulator = await startSimulator(root)
  onTestFinished(() => simulator.stop())
  return simulator
}

/** What is wrong with a host, asked in this process. */
async function badOf({ machine }: Simulator, pool = 'zroot') {
  const checks = await checkHost({ exec: machineExec(machine), root: machine.root, pool })
  return checks.filter(({ good }) => !good)
}

describe('what a host needs in order to run instances', () => {
  test('a host that was prepared has it', async () => {
    expect(await badOf(await switchOn(await installedHost()))).toEqual([])
  })

  test('one whose pool is not there lacks that alone, and no line mends it', async () => {
    expect(await badOf(await switchOn(await installedHost()), 'tank/vm')).toEqual([
      {
        name: 'the pool tank is healthy',
        good: false,
        found: "cannot open 'tank': no such pool",
        mend: 'zpool status tank; or name another pool in compute.yaml (store)',
        lines: [],
      },
    ])
  })

  test('a rc.conf that lacks something is mended at once by the lines that are told', async () => {
    const root = await installedHost()
    const rcConf = join(root, 'etc/rc.conf')
    await writeFile(rcConf, 'hostname="host1"\ncloned_interfaces="bridge0"\nslipway_guests_timeout=120 # slow ones\n')
    const simulator = await switchOn(root)
    const bad = await badOf(simulator)
    expect(bad.map(({ name }) => name)).toEqual([
      'service xencommons is enabled',
      'instances are stopped when the host goes down',
      'the shutdown waits for instances',
    ])
    await writeLines(
      root,
      bad.flatMap(({ lines }) => lines),
    )
    expect((await readFile(rcConf, 'utf8')).split('\n').slice(2)).toEqual([
      'slipway_guests_timeout=120 # slow ones',
      'xencommons_enable="YES"',
      'slipway_guests_enable="YES"',
      'rcshutdown_timeout="150"',
      '',
    ])
    expect(await badOf(simulator)).toEqual([])
  })

  test('a Xen that runs with other words keeps them, and gives dom0 a part of the machine, not of what dom0 has', async () => {
    const root = await installedHost({ xen: { commandLine: 'dom0=pv sync_console ucode=scan', totalMiB: 24 * 1024 } })
    const bad = await badOf(await switchOn(root))
    expect(bad.map(({ name }) => name)).toEqual(['dom0 has memory of a fixed size'])
    expect(bad[0]?.lines[1]?.value).toBe('dom0=pvh dom0_mem=6144M sync_console ucode=scan')
  })

  test('one that Xen cannot boot on says so, even after it was prepared', async () => {
    const names = (await badOf(await switchOn(await installedHost({ xen: { present: false } })))).map(
      ({ name }) => name,
    )
    expect(names).toEqual(expect.arrayContaining(['booted under Xen', 'the host is dom0', 'xl answers']))
    expect(names).not.toContain('memory can be locked')
  })
})

test('slipway host prepare makes a FreeBSD as it is installed a host, which slipway host doctor finds after a reboot', async () => {
  const root = await installedHost({ bare: true })
  const before = await readFile(join(root, 'etc/rc.conf'), 'utf8')
  const first = await startSimulator(root)
  try {
    expect((await badOf(first)).map(({ name }) => name)).toEqual([
      'booted under Xen',
      'the host is dom0',
      'xl answers',
      'Xen 4.18 or newer',
      'hardware for hvm and pvh guests',
      'dom0 has memory of a fixed size',
      'memory can be locked',
      'module if_tuntap',
      'service xencommons is enabled',
      'instances are stopped when the host goes down',
    ])
    const prepared = await slipway(prepare, '--yes', '--root', root)
    expect(prepared.exitCode).toBe(0)
    expect(prepared.said).toMatch(/^\/boot\/loader\.conf: xen_kernel="\/boot\/xen"\n/)
    expect(prepared.said).toMatch(
      /\nwritten: \/etc\/pf\.conf, \/boot\/loader\.conf, \/etc\/sysctl\.conf, \/etc\/rc\.conf; reboot this host, then run slipway host doctor\n$/,
    )
    expect(await slipway(prepare, '--yes', '--root', root)).toEqual({
      exitCode: 0,
      said: 'all is written; reboot this host, then run slipway host doctor\n',
    })
  } finally {
    await first.stop()
  }
  expect(await readFile(join(root, 'etc/rc.conf.before-slipway'), 'utf8')).toBe(before)
  expect(await readFile(join(root, 'boot/loader.conf'), 'utf8')).toContain('xen_cmdline="dom0=pvh dom0_mem=8192M ')

  await switchOn(root)
  const found = await slipway(doctor, '--json', '--root', root)
  expect(JSON.parse(found.said).filter(({ good }: { good: boolean }) => !good)).toEqual([])
  expect(found.exitCode).toBe(0)
})

/** Runs a command in this process: on the host every tool of it is a program. */
async function slipway(command: Command, ...words: string[]): Promise<{ exitCode: number | undefined; said: string }> {
  const stdout = vi.spyOn(process.stdout, 'write').mockReturnValue(true)
  try {
    const exitCode = await command.run(readInvocation(command, words))
    return { exitCode, said: stdout.mock.calls.map(([text]) => text).join('') }
  } finally {
    stdout.mockRestore()
  }
}
