import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, open, readFile, realpath, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { zstdCompressSync } from 'node:zlib'
import { runCompute } from '../../src/compute/compute.ts'
import { openSimulatedHost } from '../../src/devstack/host.ts'
import { openMachine } from '../../src/devstack/open-machine.ts'
import { obey } from '../../src/devstack/orders.ts'
import { simulatedTools } from '../../src/devstack/tools/table.ts'
import { systemClock } from '../../src/platform/clock.ts'
import { sha256 } from '../../src/platform/digest.ts'
import type { Exec } from '../../src/platform/exec.ts'
import { replaceFile } from '../../src/platform/files.ts'
import { openHttp } from '../../src/platform/http.ts'
import { freebsdTools, type Tool } from '../../src/platform/tools.ts'
import type { ComputeHost } from '../suites/compute-host.ts'
import { typeAtConsole } from './type-at-console.ts'

const program = join(import.meta.dirname, '../../src/compute/main.ts')
const times = { createMs: 1, bootMs: 20, shutdownMs: 20, destroyMs: 20, deviceMs: 1 }

/** Compute in this process, on a simulated machine in this process: nothing is started, so it is fast, and nothing can be killed. */
export async function openInProcessHost(): Promise<ComputeHost> {
  const root = await realpath(await mkdtemp(join(tmpdir(), 'slw-')))
  const facts = { hostname: 'host1', release: '14.3-RELEASE-p5', architecture: 'amd64' as const, hostuuid: '1', times }
  const machine = openMachine(root, { ...facts, zfs: '2.2.7' }, systemClock, ['bridge0'])
  await machine.zfs.importAll()
  const exec: Exec = async ([name, ...words]) => {
    const tool = simulatedTools[freebsdTools[name as Tool] ?? name]
    if (!tool) throw new Error(`the simulator has no ${name}`)
    const said = await tool({ arguments: words, cwd: root, signal: new AbortController().signal }, machine)
    return { signal: null, ...said }
  }
  let running: { controller: AbortController; ended: Promise<void> } | undefined
  return await hostAt(root, {
    exec,
    async start() {
      const controller = new AbortController()
      running = { controller, ended: runCompute({ root, signal: controller.signal, openExec: () => exec }) }
    },
    async end() {
      running?.controller.abort()
      await running?.ended
    },
    async guest(name, does) {
      obey({ kind: 'guest', name, does }, machine)
    },
    async close() {
      await machine.hypervisor.stop()
      await rm(root, { recursive: true, force: true })
    },
  })
}

/** A simulated host as the devstack has it: every program is a process, and compute is killed for real. */
export async function openProcessHost(): Promise<ComputeHost> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'slw-')))
  const simulated = await openSimulatedHost({ folder: join(folder, 'host'), name: 'host1', times })
  const { root } = simulated
  let compute: ReturnType<typeof spawn> | undefined
  return await hostAt(root, {
    exec: ([tool, ...args]) => simulated.run([(freebsdTools[tool as Tool] ?? tool) as `/${string}`, ...args]),
    async start() {
      compute = spawn(process.execPath, [program, '--root', root], { stdio: 'ignore' })
    },
    async end() {
      const ended = compute && once(compute, 'exit')
      compute?.kill('SIGKILL')
      await ended
      compute = undefined
    },
    guest: (name, does) => simulated.order({ kind: 'guest', name, does }),
    async close() {
      await simulated.stop()
      await rm(folder, { recursive: true, force: true })
    },
  })
}

interface Machinery extends Pick<ComputeHost, 'guest' | 'close'> {
  exec: Exec
  start(): Promise<void>
  end(): Promise<void>
}

async function hostAt(root: string, machinery: Machinery): Promise<ComputeHost> {
  const at = (path: string) => join(root, path)
  const socketPath = at('var/run/slipway/compute.sock')
  const disk = Buffer.alloc(64 * 1024 * 1024)
  disk.write('a boot sector')
  const layer = zstdCompressSync(disk)
  const digest = sha256(layer)
  for (const folder of [
    'var/db/slipway/cache/sha256',
    'var/db/slipway/desired',
    'usr/local/etc/slipway',
    'usr/local/share/edk2-xen',
    'tmp',
  ])
    await mkdir(at(folder), { recursive: true })
  await writeFile(at(join('var/db/slipway/cache', digest.replace(':', '/'))), layer)
  await writeFile(at('usr/local/etc/slipway/compute.yaml'), 'pollSeconds: 1\nsampleSeconds: 1\nlogLevel: silent\n')
  await writeFile(at('usr/local/share/edk2-xen/XEN_X64_EFI.fd'), 'firmware')
  const http = openHttp({ url: 'http://compute', socketPath })

  const get: ComputeHost['get'] = async (path) => {
    const response = await http.send('GET', path)
    return [response.status, await response.text()]
  }
  return {
    pool: 'zroot',
    bridge: 'bridge0',
    upText: 'login:',
    shape: { type: 'hvm', boot: { from: 'disk', firmware: 'bios' }, memoryMiB: 256 },
    otherShape: { type: 'pvh', boot: { from: 'disk', firmware: 'uefi' }, memoryMiB: 256 },
    image: {
      name: 'debian',
      version: '12.0.0',
      digest: sha256('manifest'),
      layer: { digest, sizeBytes: layer.length },
      virtualSizeBytes: disk.length,
    },
    // Programs on a simulated host have its root in front of every path.
    exec: ([tool, ...args]) =>
      machinery.exec([tool as Tool, ...args.map((word) => (word.startsWith('/') ? at(word) : word))], {
        timeoutMs: 60_000,
      }),
    writeFile: (path, text) => replaceFile(at(path), text.replaceAll('/dev/zvol', at('dev/zvol'))),
    readFile: (path) => readFile(at(path), 'utf8'),
    get,
    async startCompute() {
      await machinery.start()
      for (let tries = 0; ; tries++) {
        const answer = await get('/healthz').catch((error: Error) => error)
        if (Array.isArray(answer)) return
        if (tries > 600) throw answer
        await delay(50)
      }
    },
    killCompute: machinery.end,
    type: (id, line, until) => typeAtConsole(connect(socketPath), id, line, until),
    guest: machinery.guest,
    async writeDisk(path, text) {
      const file = await open(at(path), 'r+')
      await file.write(text, 0)
      await file.close()
    },
    async readDisk(path, length) {
      const file = await open(at(path), 'r')
      const { buffer } = await file.read(Buffer.alloc(length), 0, length, 0)
      await file.close()
      return buffer.toString()
    },
    async close() {
      await machinery.end()
      await http.close()
      await machinery.close()
    },
  }
}
