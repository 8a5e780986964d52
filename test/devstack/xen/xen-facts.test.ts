import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, open, readFile, realpath, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'
import type { Machine } from '../../../src/devstack/machine.ts'
import { openMachine } from '../../../src/devstack/open-machine.ts'
import { type Clock, systemClock } from '../../../src/platform/clock.ts'
import { xenFactsSuite } from '../../suites/xen-facts.ts'
import { until } from '../../support/processes.ts'
import { callTool, facts, toolNamed } from '../machine.ts'

/** Time goes faster here, and guests beat every second. */
const speed = 50
const started = Date.now()
const fastClock: Clock = {
  now: () => new Date(started + (Date.now() - started) * speed),
  sleep: (ms, signal) => systemClock.sleep(ms / speed, signal),
}

let machine: Machine
afterAll(async () => {
  await machine.hypervisor.stop()
  await rm(machine.root, { recursive: true })
})

xenFactsSuite('the simulated Xen', async () => {
  const root = await realpath(await mkdtemp(join(tmpdir(), 'slw-')))
  machine = openMachine(root, { ...facts, xen: { consoleLog: true } }, fastClock, ['bridge0'])
  const guest = { kernel: join(root, 'boot/guest/kernel'), ramdisk: join(root, 'boot/guest/initrd') }
  for (const folder of ['boot/guest', 'tmp']) await mkdir(join(root, folder), { recursive: true })
  for (const file of Object.values(guest)) await writeFile(file, '')
  // Programs on a simulated host have its root in front of every path.
  const below = (text: string) => text.replaceAll('/dev/zvol/', `${root}/dev/zvol/`)
  const openDevice = async (volume: string) => {
    const device = join(root, 'dev/zvol/zroot', volume)
    await until(`the device of ${volume}`, async () => existsSync(device))
    return await open(device, 'r+')
  }
  return {
    system: 'freebsd',
    exec: ([program, ...words]) =>
      program === 'ping' ? ping(words.at(-1) ?? '') : callTool(toolNamed(program), machine, words.map(below)),
    writeFile: (path, text) => writeFile(path, below(text)),
    readFile: (path) => readFile(path, 'utf8'),
    async writeVolume(volume, text) {
      const file = await openDevice(volume)
      await file.write(text.padEnd(512, '\0'), 0)
      await file.close()
    },
    async readVolume(volume) {
      const file = await openDevice(volume)
      const { buffer } = await file.read(Buffer.alloc(512), 0, 512, 0)
      await file.close()
      return buffer.toString().replace(/\0.*$/s, '')
    },
    async console(domain) {
      const log = await readFile(join(root, `var/log/xen/console/guest-${domain}.log`), 'utf8').catch(() => '')
      return log.replaceAll('\r', '')
    },
    pool: 'zroot',
    bridge: 'bridge0',
    guest: { ...guest, commandLine: 'guest.tells' },
    folder: join(root, 'tmp'),
  }
})

/** The network of a simulated machine carries nothing: whoever is up, and in its bridge, would answer. */
async function ping(address: string) {
  const answers = machine.hypervisor
    .domains()
    .some(
      ({ config, guest, paused, vifs }) =>
        config.cmdline?.includes(`guest.ip=${address}`) && guest.phase() === 'up' && !paused && vifs[0]?.connected,
    )
  return { exitCode: answers ? 0 : 2, stdout: '', stderr: '' }
}
