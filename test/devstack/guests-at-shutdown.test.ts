import { cp, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { zstdCompressSync } from 'node:zlib'
import { expect, onTestFinished, test } from 'vitest'
import { runCompute } from '../../src/compute/compute.ts'
import type { DesiredInstance } from '../../src/contract/instance.ts'
import { prepareHostFolder } from '../../src/devstack/host-folder.ts'
import { obey } from '../../src/devstack/orders.ts'
import { type Simulator, startSimulator } from '../../src/devstack/simulator.ts'
import { stateLetters } from '../../src/devstack/xen/domain.ts'
import { sha256 } from '../../src/platform/digest.ts'
import { makeFolder } from '../../src/platform/files.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { facts, machineExec } from './machine.ts'

const scripts = join(import.meta.dirname, '../../deploy/rc.d')
const times = { createMs: 1, bootMs: 10, shutdownMs: 10, destroyMs: 10, deviceMs: 1 }
const patience = { timeout: 25_000, interval: 20 }

const layer = zstdCompressSync(Buffer.alloc(1024 * 1024))
const digest = sha256(layer)

function wanted(name: string, id: string): DesiredInstance {
  return {
    id,
    name,
    revision: 1,
    wanted: 'running',
    driver: 'xen',
    vcpus: 1,
    type: 'hvm',
    boot: { from: 'disk', firmware: 'bios' },
    memoryMiB: 256,
    root: {
      source: {
        image: {
          name: 'debian',
          version: '12.0.0',
          digest: sha256('manifest'),
          layer: { digest, sizeBytes: layer.length },
          virtualSizeBytes: 1024 * 1024,
        },
      },
      sizeBytes: 1024 * 1024,
    },
    diskBackend: 'auto',
    volumes: [],
    ports: [],
    restart: 'always',
    shutdownSeconds: 60,
  }
}

/** Compute in this process, until it is ended. */
function startCompute({ machine }: Simulator): () => Promise<void> {
  const controller = new AbortController()
  const { root } = machine
  const ended = runCompute({ root, signal: controller.signal, openExec: () => machineExec(machine) })
  return async () => {
    controller.abort()
    await ended
  }
}

test('at shutdown guests that compute made are stopped in order, a deaf one is cut off, a foreign one is left; at power-on what is wanted runs', async () => {
  const root = await temporaryFolder()
  await prepareHostFolder(root, { ...facts, times, name: 'host1', agentSettings: '' })
  await cp(join(scripts, 'slipway_guests'), join(root, 'usr/local/etc/rc.d/slipway_guests'))
  for (const folder of [join('var/db/slipway/cache', digest.replace(/:.*/, '')), 'var/db/slipway/desired'])
    await makeFolder(join(root, folder))
  const instances = [
    wanted('shop.web', '4c5c0b75-d027-477a-90c2-7e1510222b90'),
    wanted('shop.deaf', 'f3435bd9-60bd-4d73-9a0b-86f756cef8ae'),
  ]
  await writeFile(join(root, 'var/db/slipway/cache', digest.replace(':', '/')), layer)
  await writeFile(
    join(root, 'var/db/slipway/desired/instances.json'),
    JSON.stringify({ generation: 1, instances, volumes: [], operations: [] }),
  )
  await writeFile(join(root, 'usr/local/etc/slipway/compute.yaml'), 'pollSeconds: 1\nlogLevel: silent\n')
  await writeFile(join(root, 'etc/rc.conf'), 'slipway_guests_enable="YES"\nslipway_guests_timeout="1"\n', { flag: 'a' })
  await writeFile(join(root, 'foreign.cfg'), 'name="foreign"\ntype="hvm"\nmemory=128\n')

  const host = await startSimulator(root)
  const { hypervisor, services } = host.machine
  const stopCompute = startCompute(host)
  const up = ({ machine }: Simulator) =>
    machine.hypervisor
      .domains()
      .filter(({ guest }) => guest.phase() === 'up')
      .map(({ config }) => config.name)
      .sort()
  await expect.poll(() => up(host), patience).toEqual(['shop.deaf', 'shop.web'])
  await machineExec(host.machine)(['xl', 'create', join(root, 'foreign.cfg')], { timeoutMs: 1000 })
  await expect.poll(() => up(host), patience).toEqual(['foreign', 'shop.deaf', 'shop.web'])
  obey({ kind: 'guest', name: 'shop.deaf', does: 'turn-deaf' }, host.machine)

  // Its service is stopped first, or it would start them again.
  await stopCompute()
  await services.shutdown()
  expect(hypervisor.domains().map((domain) => `${domain.config.name} ${stateLetters(domain)}`)).toEqual([
    'foreign -b----',
  ])
  const end = async (name: string) => await readFile(join(root, `var/log/xen/xl-${name}.log`), 'utf8')
  expect(await end('shop.web')).toContain('has shut down, reason code poweroff')
  expect(await end('shop.deaf')).not.toContain('has shut down')
  await host.stop()

  const again = await startSimulator(root)
  const stopAgain = startCompute(again)
  onTestFinished(async () => {
    await stopAgain()
    await again.stop()
  })
  await expect.poll(() => up(again), patience).toEqual(['shop.deaf', 'shop.web'])
})
