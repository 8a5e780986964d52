import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { obey } from '../../../src/devstack/orders.ts'
import { xl } from '../../../src/devstack/tools/xl.ts'
import { openTerminal } from '../../../src/devstack/xen/terminal.ts'
import type { TestMachine } from '../machine.ts'
import { guestConfig, openRig, startGuest, writeConfig } from './guests.ts'

const state = async (host: TestMachine, name: string) =>
  / ([-rbpsdcwS]{6}) /.exec((await host.run('xl', 'list', name)).stdout)?.[1]
const domid = async (host: TestMachine, name: string) => (await host.run('xl', 'domid', name)).stdout.trim()

/** A domain is built with real files: that takes a moment of real time. */
const comes = (host: TestMachine, name: string, wanted: string | undefined) =>
  expect.poll(() => state(host, name), { interval: 2 }).toBe(wanted)

test('a guest boots, is asked to shut down, and is gone a moment after it has: until then its name is taken', async () => {
  const host = await openRig()
  host.machine.hypervisor.times.destroyMs = 500
  const path = await writeConfig(host, 'pv1', guestConfig(host, { name: 'pv1' }))
  await host.ok('xl', 'create', path)
  expect(await state(host, 'pv1')).toBe('r-----')
  await host.clock.advance(1000)
  expect(await state(host, 'pv1')).toBe('-b----')

  const waiting = host.run('xl', 'shutdown', '-w', 'pv1')
  await host.clock.advance(1000)
  expect((await waiting).stderr).toContain('Domain 1 has been shut down, reason code 0\n')
  expect(await state(host, 'pv1')).toBe('--ps--')
  expect(await host.run('xl', 'create', path)).toMatchObject({ exitCode: 3 })
  await host.clock.advance(500)
  expect(await host.run('xl', 'domid', 'pv1')).toMatchObject({ exitCode: 1 })
  await host.ok('xl', 'create', path)
})

test('a guest that reboots comes back under another number, with another interface in the same bridge', async () => {
  const host = await openRig()
  await startGuest(host, { name: 'pv1' })
  expect(await host.ok('ifconfig', 'xenbr0')).toContain('member: xnb1.0 ')
  await host.ok('xl', 'reboot', 'pv1')
  await host.clock.advance(1000)
  await comes(host, 'pv1', 'r-----')
  expect(await domid(host, 'pv1')).toBe('2')
  const bridge = await host.ok('ifconfig', 'xenbr0')
  expect(bridge).toContain('member: xnb2.0 ')
  expect(bridge).not.toContain('xnb1.0')
})

test.each([
  { more: '', does: 'crash', after: undefined },
  { more: 'on_crash="preserve"', does: 'crash', after: '---sc-' },
  { more: 'on_poweroff="preserve"', does: 'poweroff', after: '---s--' },
  { more: 'on_reboot="preserve"', does: 'reboot', after: '---sr-' },
  { more: 'on_crash="restart"', does: 'crash', after: 'r-----' },
] as const)('after a $does with $more its state is $after', async ({ more, does, after }) => {
  const host = await openRig()
  await startGuest(host, { name: 'pv1', more })
  obey({ kind: 'guest', name: 'pv1', does }, host.machine)
  await comes(host, 'pv1', after)
})

test('a saved guest that goes on has lost its monitor: when it shuts down it stays until it is destroyed', async () => {
  const host = await openRig()
  await startGuest(host, { name: 'pv1' })
  await host.ok('xl', 'save', '-c', 'pv1', `${host.root}/tmp/saved`)
  await host.ok('xl', 'shutdown', 'pv1')
  await host.clock.advance(60_000)
  expect(await state(host, 'pv1')).toBe('---s--')
  await host.ok('xl', 'destroy', 'pv1')
  expect(await state(host, 'pv1')).toBeUndefined()
})

test('a deaf guest is asked in vain; it boots no further while it is paused', async () => {
  const host = await openRig()
  await host.ok('xl', 'create', '-p', await writeConfig(host, 'pv1', guestConfig(host, { name: 'pv1' })))
  await host.clock.advance(60_000)
  expect(await state(host, 'pv1')).toBe('--p---')
  await host.ok('xl', 'unpause', 'pv1')
  expect(await state(host, 'pv1')).toBe('r-----')
  await host.clock.advance(1000)
  obey({ kind: 'guest', name: 'pv1', does: 'turn-deaf' }, host.machine)
  await host.ok('xl', 'shutdown', 'pv1')
  await host.clock.advance(60_000)
  expect(await state(host, 'pv1')).toBe('-b----')
  expect(await host.ok('xenstore-read', '/local/domain/1/control/shutdown')).toBe('poweroff\n')
})

test('an HVM guest hears a shutdown only when its drivers are there, else the power button of -F; three of its disks cannot be read-only', async () => {
  const host = await openRig()
  const hvm = (more: string) => guestConfig(host, { name: 'h', more }).replace('type="pv"', 'type="hvm"')
  await host.ok('xl', 'create', await writeConfig(host, 'h', hvm('vnc=1\nvncdisplay=3')))
  expect(await host.run('xl', 'shutdown', 'h')).toMatchObject({
    exitCode: 1,
    stderr: expect.stringContaining('rc=-10'),
  })
  await host.clock.advance(1000)
  expect(await host.ok('xenstore-read', '/local/domain/1/console/vnc-port')).toBe('5903\n')
  expect(await host.ok('ifconfig', 'xenbr0')).toContain('member: xnb1.0-emu ')
  obey({ kind: 'guest', name: 'h', does: 'lose-pv-drivers' }, host.machine)
  expect(await host.run('xl', 'shutdown', '-F', 'h')).toMatchObject({ exitCode: 0 })
  await host.clock.advance(1000)
  expect(await state(host, 'h')).toBeUndefined()
  for (const [vdev, exitCode] of [
    ['xvdb', 3],
    ['xvde', 0],
  ] as const) {
    const seed = `disk+=["format=raw,vdev=${vdev},access=ro,target=${host.root}/tmp/c1.img"]`
    expect(await host.run('xl', 'create', await writeConfig(host, 'h', hvm(seed)))).toMatchObject({ exitCode })
  }
})

test('memory moves from the host to its guests and back; what is not there is not given', async () => {
  const host = await openRig()
  const free = async () => Number(await host.ok('xl', 'info', 'free_memory'))
  const before = await free()
  await startGuest(host, { name: 'pv1' })
  expect(before - (await free())).toBe(164)
  await host.ok('xl', 'mem-set', 'pv1', '100m')
  expect(before - (await free())).toBe(104)
  expect(await host.run('xl', 'mem-set', 'pv1', '161m')).toMatchObject({ exitCode: 1 })
  expect(await host.run('xl', 'vcpu-set', 'pv1', '2')).toMatchObject({ exitCode: 1 })
  await host.ok('xl', 'destroy', 'pv1')
  expect(await free()).toBe(before)
})

test('a disk is attached and detached while the guest runs; it comes back with the guest after a reboot', async () => {
  const host = await openRig()
  await startGuest(host, { name: 'pv1' })
  const spec = `format=raw,vdev=xvdb,access=rw,backendtype=phy,target=${host.root}/tmp/c1.img`
  await host.ok('xl', 'block-attach', 'pv1', spec)
  expect(await host.run('xl', 'block-attach', 'pv1', spec)).toMatchObject({ exitCode: 1 })
  await host.ok('xl', 'reboot', 'pv1')
  await host.clock.advance(1000)
  await comes(host, 'pv1', 'r-----')
  await host.clock.advance(1000)
  expect(await host.ok('xl', 'block-list', 'pv1')).toMatch(/^51728 0 {3}2 {6}4 .*\/vbd\/2\/51728$/m)
  await host.ok('xl', 'block-detach', 'pv1', 'xvdb')
  expect(await host.ok('xl', 'block-list', 'pv1')).not.toContain('51728')
  expect(await host.run('xl', 'block-detach', 'pv1', 'xvdb')).toMatchObject({
    exitCode: 1,
    stderr: 'Error: Device xvdb not connected.\n',
  })
})

test('a file whose size is no number of sectors cannot be a disk; a device that does not connect shows it', async () => {
  const host = await openRig()
  const odd = `vdev=xvda,target=${host.root}/tmp/odd.cfg`
  await writeConfig(host, 'odd', 'x')
  const path = await writeConfig(host, 'pv1', guestConfig(host, { name: 'pv1', disk: odd }))
  expect(await host.run('xl', 'create', path)).toMatchObject({
    exitCode: 3,
    stderr: expect.stringContaining('unable to add disk devices'),
  })
  await startGuest(host, { name: 'pv2' })
  obey({ kind: 'device', name: 'pv2', device: 'xvda', connected: false }, host.machine)
  expect(await host.ok('xl', 'block-list', 'pv2')).toMatch(/^51712 0 {3}2 {6}3 /m)
  expect(await host.ok('xenstore-read', '/local/domain/2/device/vbd/51712/state')).toBe('3\n')
})

test('an xl create that is killed on its way leaves a paused domain that nobody minds', async () => {
  const host = await openRig()
  host.machine.hypervisor.times.createMs = 1000
  const path = await writeConfig(host, 'pv1', guestConfig(host, { name: 'pv1' }))
  const caller = new AbortController()
  const call = xl({ arguments: ['create', path], cwd: '/', signal: caller.signal }, host.machine)
  await expect.poll(() => state(host, 'pv1')).toBe('--p---')
  caller.abort(new Error('killed'))
  await expect(call).rejects.toThrow('killed')
  expect(await state(host, 'pv1')).toBe('--p---')
  await host.ok('xl', 'destroy', 'pv1')
})

test('the console is a terminal: what the guest said before is read from it, and what is typed there it answers', async () => {
  const host = await openRig()
  await startGuest(host, { name: 'pv1' })
  const path = (await host.ok('xenstore-read', '/local/domain/1/console/tty')).trim()
  const tty = await open(path, constants.O_RDWR | constants.O_NOCTTY)
  let text = ''
  const until = async (wanted: string) => {
    while (!text.includes(wanted)) {
      const { buffer, bytesRead } = await tty.read(Buffer.alloc(4096), 0, 4096, null)
      text += buffer.toString('utf8', 0, bytesRead)
    }
  }
  await until('pv1 login: ')
  expect(text).toContain('GUEST UP pv\r\n')
  await tty.write('root\n')
  await until('# ')
  text = ''
  await tty.write('echo hello\n')
  await until('echo hello\r\nhello\r\n# ')
  await tty.write('reboot\n')
  await until('reboot\r\n')
  await tty.close()
  await host.clock.advance(1000)
  await comes(host, 'pv1', 'r-----')
  expect(await domid(host, 'pv1')).toBe('2')
})

test('a terminal carries bytes both ways, unchanged', async () => {
  const heard: string[] = []
  const terminal = await openTerminal((text) => heard.push(text))
  const tty = await open(terminal.path, constants.O_RDWR | constants.O_NOCTTY)
  terminal.write('\x03one\ntwo\r\n')
  const { buffer, bytesRead } = await tty.read(Buffer.alloc(100), 0, 100, null)
  expect(buffer.toString('utf8', 0, bytesRead)).toBe('\x03one\ntwo\r\n')
  await tty.write('\x04q\r')
  await expect.poll(() => heard.join('')).toBe('\x04q\r')
  await tty.close()
  terminal.close()
})
