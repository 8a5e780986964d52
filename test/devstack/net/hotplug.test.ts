import { chmod, copyFile, mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { prepareHostFolder } from '../../../src/devstack/host-folder.ts'
import { obey } from '../../../src/devstack/orders.ts'
import { startSimulator } from '../../../src/devstack/simulator.ts'
import { portGroup } from '../../../src/rules/names.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'
import { callTool, facts, toolNamed } from '../machine.ts'

const source = join(import.meta.dirname, '../../../deploy/components/rc/xen/vif-slipway')
const mac = '00:16:3e:aa:bb:01'
const patience = { timeout: 20_000, interval: 20 }

/** A host that is switched on, with the script, and a configuration of a guest that names it. */
async function openHost(vif: string) {
  const root = await temporaryFolder()
  const times = { createMs: 0, bootMs: 0, shutdownMs: 0, destroyMs: 0 }
  await prepareHostFolder(root, { ...facts, name: 'host1', agentSettings: '', times })
  const script = join(root, 'usr/local/etc/xen/scripts/vif-slipway')
  await mkdir(dirname(script), { recursive: true })
  await copyFile(source, script)
  await chmod(script, 0o755)
  const { machine, stop } = await startSimulator(root)
  onTestFinished(stop)
  await writeFile(join(root, 'kernel'), '')
  const config = join(root, 'vm.cfg')
  await writeFile(
    config,
    `name="vm"\n${vif.replaceAll('KERNEL', join(root, 'kernel')).replace('SCRIPT', `script=${script}`)}\n`,
  )
  return { machine, config, xl: (...words: string[]) => callTool(toolNamed('xl'), machine, words) }
}

test('a guest that reboots has another interface, in the same groups, which its rules go on knowing', async () => {
  const { machine, config, xl } = await openHost(
    `type="pvh"\nkernel="KERNEL"\nvif=["mac=${mac},bridge=bridge0,SCRIPT"]`,
  )
  const { interfaces } = machine
  expect(await xl('create', config)).toMatchObject({ exitCode: 0 })
  expect([...interfaces.get('xnb1.0').groups]).toEqual(['xnb', portGroup(mac), 'osport', 'osnetx'])
  expect(interfaces.get('bridge0').bridge).toMatchObject({
    members: new Map([['xnb1.0', { maxAddresses: 1, sticky: true, isPrivate: false }]]),
    addresses: new Map([[mac, { member: 'xnb1.0', kind: 'static' }]]),
  })
  await expect.poll(() => machine.hypervisor.byName('vm')?.guest.phase(), patience).toBe('up')
  obey({ kind: 'guest', name: 'vm', does: 'reboot' }, machine)
  await expect.poll(() => interfaces.inGroup(portGroup(mac)), patience).toEqual(['xnb2.0'])
  await expect.poll(() => interfaces.find('xnb2.0')?.up, patience).toBe(true)
  expect(await xl('destroy', 'vm')).toMatchObject({ exitCode: 0 })
  expect(interfaces.all().map(({ name }) => name)).toEqual(['em0', 'lo0', 'bridge0'])
})

test('both interfaces of a guest with an emulated card are guarded; what cannot be set up is told in the words of the script', async () => {
  const { machine, config, xl } = await openHost(`type="hvm"\nvif=["mac=${mac},bridge=bridge0,type=ioemu,SCRIPT"]`)
  expect(await xl('create', config)).toMatchObject({ exitCode: 0 })
  expect(machine.interfaces.inGroup(portGroup(mac))).toEqual(['xnb1.0', 'xnb1.0-emu'])
  expect(machine.interfaces.get('xnb1.0-emu').up).toBe(true)
  machine.interfaces.destroy('bridge0')
  const said = await xl('create', config, 'name="other"')
  expect(said.exitCode).toBe(3)
  expect(said.stderr).toMatch(/vif-slipway add \[\d+\] exited with error status 1\n/)
  expect(said.stderr).toMatch(/device_hotplug_child_death_cb: script: vif-slipway: the bridge bridge0 does not exist/)
  expect(machine.interfaces.all().map(({ name }) => name)).toEqual(['em0', 'lo0', 'xnb1.0', 'xnb1.0-emu'])
})
