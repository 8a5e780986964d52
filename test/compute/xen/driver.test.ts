import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { GuestSpec } from '../../../src/compute/driver.ts'
import { openXen } from '../../../src/compute/xen/driver.ts'
import type { Exec, ExecResult } from '../../../src/platform/exec.ts'
import { sizeIfThere } from '../../../src/platform/files.ts'
import { openTestMachine } from '../../devstack/machine.ts'

const id = '6f1b6c0e-0000-4000-8000-000000000001'
const other = '6f1b6c0e-0000-4000-8000-000000000002'

/** The driver on a simulated machine; `answers` are said in place of the tool's own, to a command line that begins so. */
async function host() {
  const test = await openTestMachine()
  const commands: string[] = []
  const answers = new Map<string, Partial<ExecResult> & { meanwhile?: () => void }>()
  /** Those that go on when the daemon is killed. */
  const outlived: string[] = []
  const exec: Exec = async ([tool, ...words], { outlives }) => {
    const line = [tool, ...words].join(' ')
    commands.push(line)
    if (outlives) outlived.push(line.split(' ', 2).join(' '))
    outlives?.started(process.pid)
    for (const [start, { meanwhile, ...answer }] of answers) {
      if (!line.startsWith(start)) continue
      meanwhile?.()
      return { exitCode: 0, signal: null, stdout: '', stderr: '', ...answer }
    }
    return { signal: null, ...(await test.run(tool, ...words)) }
  }
  // Whoever waits makes time pass.
  const clock = { now: test.clock.now, sleep: (ms: number) => test.clock.advance(ms) }
  const folder = (guest: string) => join(test.root, 'instances', guest)
  const driver = openXen({
    exec,
    firmware: { uefi: '/efi.fd', kernels: {} },
    folder,
    vifScript: '/nowhere/vif-slipway',
    clock,
  })
  const disk = join(test.root, 'disk')
  await mkdir(join(test.root, 'instances'))
  await writeFile(disk, Buffer.alloc(4096))
  const spec: GuestSpec = {
    id,
    name: 'shop.web',
    type: 'hvm',
    vcpus: 1,
    memoryMiB: 512,
    boot: { from: 'disk', firmware: 'bios' },
    disks: [{ device: 'xvda', path: disk, backend: 'phy', readOnly: false }],
    interfaces: [{ port: '1'.repeat(16), mac: '00:16:3e:00:00:01', bridge: 'bridge0', filtered: false }],
  }
  const guest = async (which = id) => (await driver.list()).guests.find((it) => it.id === which)
  const up = () => test.clock.advance(5000)
  return { ...test, driver, commands, answers, outlived, spec, disk, folder, guest, up, clock }
}

describe('starting a guest', () => {
  test('that runs already changes nothing', async () => {
    const { driver, spec, guest } = await host()
    await driver.start(spec)
    await driver.start(spec)
    expect((await guest())?.domid).toBe(1)
    expect((await driver.list()).guests).toHaveLength(1)
  })

  test('its password is in a file that nobody else can read, and in no command line', async () => {
    const { driver, spec, commands, folder } = await host()
    await driver.start({ ...spec, vnc: { password: 'hunter22' } })
    const file = join(folder(id), 'domain.cfg')
    expect(await readFile(file, 'utf8')).toContain('hunter22')
    expect((await stat(file)).mode & 0o777).toBe(0o600)
    expect(commands.join()).not.toContain('hunter22')
  })

  test('that has the name of another is refused, and the other goes on', async () => {
    const { driver, spec, guest, disk } = await host()
    await driver.start(spec)
    await writeFile(`${disk}2`, Buffer.alloc(4096))
    const second = { ...spec, id: other, disks: spec.disks.map((it) => ({ ...it, path: `${disk}2` })) }
    await expect(driver.start(second)).rejects.toMatchObject({
      code: 'conflict',
      message: 'the name shop.web is taken by domain 1, which is another guest',
    })
    expect(await guest()).toMatchObject({ state: 'running', domid: 1 })
  })

  test('with the disk of another, by whatever name, is refused before xl would accept it', async () => {
    const { driver, spec, guest, disk } = await host()
    await driver.start(spec)
    await symlink(disk, `${disk}-by-another-name`)
    const second: GuestSpec = {
      ...spec,
      id: other,
      name: 'shop.db',
      disks: [{ device: 'xvda', path: `${disk}-by-another-name`, backend: 'phy', readOnly: false }],
    }
    await expect(driver.start(second)).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringMatching(/^the disk xvda \(.*-by-another-name\) is in use by shop\.web \(domain 1\)/),
    })
    expect(await guest(other)).toBeUndefined()
  })

  test('that fails leaves no guest, and says why in a sentence', async () => {
    const { driver, spec, guest } = await host()
    const lost = { ...spec, interfaces: [{ port: 'x', mac: '00:16:3e:00:00:01', bridge: 'nobr0', filtered: false }] }
    await expect(driver.start(lost)).rejects.toMatchObject({
      code: 'command-failed',
      message: expect.stringMatching(/^shop\.web cannot be started: .*(nobr0|vif devices)/),
    })
    expect(await guest()).toBeUndefined()
    await driver.start(spec)
    expect(await guest()).toMatchObject({ state: 'running' })
  })

  test('that xl refuses in words nobody knows is tried dry, to tell whether it is the configuration', async () => {
    const { driver, spec, answers } = await host()
    answers.set('xl create /', { exitCode: 3, stderr: 'libxl: error: libxl_x.c:1:f: Domain 3:strange' })
    await expect(driver.start(spec)).rejects.toThrow('shop.web cannot be started: strange')
    answers.set('xl create -n', { exitCode: 1, stderr: 'Unknown vga type' })
    await expect(driver.start(spec)).rejects.toThrow(
      'shop.web cannot be started: xl refuses its configuration: Unknown vga type',
    )
  })

  test('that says it went well but left no guest has failed', async () => {
    const { driver, spec, answers } = await host()
    answers.set('xl create /', {})
    await expect(driver.start(spec)).rejects.toThrow('shop.web was started and is gone already')
  })
})

describe('what exit codes do not tell', () => {
  test.each(['pause', 'unpause'])('xl %s that did nothing is an error', async (word) => {
    const { driver, spec, answers } = await host()
    await driver.start(spec)
    if (word === 'unpause') await driver.pause(id)
    answers.set(`xl ${word}`, {})
    await expect(word === 'pause' ? driver.pause(id) : driver.resume(id)).rejects.toMatchObject({
      code: 'command-failed',
    })
  })

  test('a guest that runs is resumed without asking xl, which would complain', async () => {
    const { driver, spec, commands } = await host()
    await driver.start(spec)
    await driver.resume(id)
    expect(commands.filter((line) => line.startsWith('xl unpause'))).toEqual([])
  })

  test('a disk that xl says it attached is looked for', async () => {
    const { driver, spec, answers, disk } = await host()
    await driver.start(spec)
    await writeFile(`${disk}2`, Buffer.alloc(4096))
    const second = { device: 'xvdf', path: `${disk}2`, backend: 'phy', readOnly: false } as const
    answers.set('xl block-attach', {})
    await expect(driver.attachDisk(id, second)).rejects.toThrow('xvdf cannot be attached (exit code 0)')
    answers.clear()
    await driver.attachDisk(id, second)
    await driver.attachDisk(id, second)
    expect((await driver.inspect(1)).disks.map(({ device }) => device)).toEqual(['xvda', 'xvdf'])
  })

  test('a disk that xl says it detached is looked for, as long as a guest may take', async () => {
    const { driver, spec, answers, up, disk } = await host()
    await writeFile(`${disk}2`, Buffer.alloc(4096))
    const second = { device: 'xvdf', path: `${disk}2`, backend: 'phy', readOnly: false } as const
    await driver.start({ ...spec, disks: [...spec.disks, second] })
    await up()
    answers.set('xl block-detach', {})
    await expect(driver.detachDisk(id, 'xvdf')).rejects.toThrow(
      'xvdf cannot be detached: the guest does not let go of it',
    )
    answers.clear()
    await driver.detachDisk(id, 'xvdf')
    await driver.detachDisk(id, 'xvdf')
    expect((await driver.inspect(1)).disks.map(({ device }) => device)).toEqual(['xvda'])
  })

  test('memory that the guest does not give back is told, and its target is as it was', async () => {
    const { driver, spec, answers, commands } = await host()
    await driver.start(spec)
    answers.set('xl mem-set', {})
    await expect(driver.setMemory(id, 300)).rejects.toThrow(
      'the guest does not change its memory to 300 MiB while it runs',
    )
    // Always with its unit: a bare number is MiB in the code and KiB in the manual.
    expect(commands.filter((line) => line.includes('mem-set'))).toEqual(['xl mem-set 1 300m', 'xl mem-set 1 512m'])
  })

  test('a guest that is still listed after xl destroy is not gone', async () => {
    const { driver, spec, answers } = await host()
    await driver.start(spec)
    answers.set('xl destroy', {})
    await expect(driver.destroy(id)).rejects.toThrow(`the guest ${id} is still there 90 s after xl destroy`)
    answers.clear()
    await driver.destroy(id)
    await driver.destroy(id)
    expect((await driver.list()).guests).toEqual([])
  })
})

describe('asking a guest to stop', () => {
  test('one without drivers for Xen gets its power button pressed', async () => {
    const { driver, spec, commands, machine, up, guest } = await host()
    await driver.start(spec)
    await up()
    const domain = machine.hypervisor.byName('shop.web')
    if (domain) domain.guest.pvDrivers = false
    await driver.requestShutdown(id)
    expect(commands.filter((line) => line.startsWith('xl shutdown'))).toEqual(['xl shutdown 1', 'xl shutdown -F 1'])
    await up()
    expect(await guest()).toMatchObject({ state: 'ended', ended: 'poweroff' })
  })

  test('one that does not run cannot be asked', async () => {
    const { driver } = await host()
    await expect(driver.requestShutdown(id)).rejects.toThrow(`the guest ${id} does not run`)
  })
})

describe('the memory of a guest', () => {
  test('is saved while it stands still, and it goes on from there', async () => {
    const { driver, spec, root, up, guest } = await host()
    await driver.start(spec)
    await up()
    const file = join(root, 'memory')
    await driver.save(id, file, { leave: 'paused' })
    expect(await guest()).toMatchObject({ state: 'paused' })
    expect(await sizeIfThere(file)).toBeGreaterThan(0)
    await driver.resume(id)
    await driver.destroy(id)
    await driver.restore(spec, file)
    expect(await guest()).toMatchObject({ state: 'running', name: 'shop.web' })
  })

  test('that cannot be saved leaves no file, and the guest as it was', async () => {
    const { driver, spec, root, up, answers, guest } = await host()
    await driver.start(spec)
    await up()
    answers.set('xl save', { exitCode: 1, stderr: 'xc: error: Save failed: No space left on device' })
    await expect(driver.save(id, join(root, 'memory'), { leave: 'paused' })).rejects.toMatchObject({
      code: 'command-failed',
    })
    expect(await sizeIfThere(join(root, 'memory'))).toBeUndefined()
    expect(await guest()).toMatchObject({ state: 'running' })
  })
})

describe('a daemon that was killed while xl was at work', () => {
  const noted = async (folder: string, pid: number | undefined) => {
    await mkdir(folder, { recursive: true })
    await writeFile(join(folder, 'xl.pid'), `${pid}\n`)
  }

  /** A guest whose save was cut off. */
  async function suspended() {
    const given = await host()
    await given.driver.start(given.spec)
    const domain = given.machine.hypervisor.byName('shop.web')
    if (domain) given.machine.hypervisor.suspend(domain)
    expect(await given.guest()).toMatchObject({ state: 'ended', ended: 'suspend' })
    const goOn = () => domain && given.machine.hypervisor.resume(domain, { paused: true })
    return { ...given, goOn }
  }

  test('a guest that is suspended goes on with xl resume, and is unpaused', async () => {
    const { driver, commands, answers, goOn, guest } = await suspended()
    answers.set('xl resume', { meanwhile: goOn })
    await driver.resume(id)
    expect(commands.filter((line) => /^xl (resume|unpause)/.test(line))).toEqual(['xl resume 1', 'xl unpause 1'])
    expect(await guest()).toMatchObject({ state: 'running', domid: 1 })
  })

  test('a guest that is suspended and stays so, as on a Xen without xl resume, is an error', async () => {
    const { driver, answers } = await suspended()
    answers.set('xl resume', { exitCode: 2, stderr: 'command not implemented' })
    await expect(driver.resume(id)).rejects.toMatchObject({
      code: 'command-failed',
      message: `the guest ${id} is suspended, and xl resume (of Xen 4.20) does nothing`,
    })
  })

  test('a save that is still under way is waited for, and then the guest goes on', async () => {
    const { driver, spec, clock, folder, commands } = await host()
    await driver.start(spec)
    const xl = spawn(process.execPath, ['-e', 'process.stdin.resume()'], { stdio: ['pipe', 'ignore', 'ignore'] })
    await noted(folder(id), xl.pid)
    await driver.pause(id)
    const ended = once(xl, 'exit')
    let waited = 0
    const sleep = clock.sleep
    clock.sleep = async (ms) => {
      await sleep(ms)
      if (++waited === 3) xl.stdin?.end()
      if (waited >= 3) await ended
    }
    await driver.resume(id)
    expect(waited).toBe(3)
    expect(commands.at(-2)).toBe('xl unpause 1')
    expect(await sizeIfThere(join(folder(id), 'xl.pid'))).toBeUndefined()
  })

  test('a guest that was half made is made anew; one that stands still for another reason is left alone', async () => {
    const { driver, spec, guest, folder } = await host()
    await driver.start(spec)
    await driver.pause(id)
    await driver.start(spec)
    expect(await guest()).toMatchObject({ state: 'paused', domid: 1 })
    await noted(folder(id), 2 ** 30)
    await driver.start(spec)
    expect(await guest()).toMatchObject({ state: 'running', domid: 2 })
  })

  test('xl says what it says into a file of the guest, and nothing of it stays', async () => {
    const { driver, spec, root, up, folder, outlived } = await host()
    await driver.start(spec)
    await up()
    await driver.save(id, join(root, 'memory'), { leave: 'running' })
    expect(outlived).toEqual(['xl create', 'xl save'])
    expect(await readdir(folder(id))).toEqual(['domain.cfg'])
  })
})

describe('X8: a host without xenstore', () => {
  test.each<[string, Partial<ExecResult>]>([
    ['xl fails', { exitCode: 1, stderr: 'libxl: error: cannot open xenstore' }],
    ['xl shows nothing at all', {}],
  ])('%s: nothing is known of its guests', async (_, answer) => {
    const { driver, answers } = await host()
    answers.set('xl', answer)
    await expect(driver.list()).rejects.toMatchObject({ code: 'command-failed' })
    const { 'xen.hvm': hvm } = await driver.probe()
    if (answer.exitCode) expect(hvm).toMatchObject({ available: false, reason: expect.stringContaining('xenstore') })
  })

  test('X10: what the hardware cannot do is told with the way out', async () => {
    const { driver, answers } = await host()
    answers.set('xl info', { stdout: 'xen_major : 4\nxen_minor : 19\nvirt_caps : pv\n' })
    expect(await driver.probe()).toEqual({
      'xen.hvm': {
        available: false,
        reason: 'Xen 4.19 of this host cannot run hvm guests (virt_caps): switch on VT-x or AMD-V in the firmware',
      },
      'xen.pvh': expect.objectContaining({ available: false }),
      'xen.pv': { available: true },
      'snapshot.memory': { available: true },
    })
  })
})
