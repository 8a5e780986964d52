import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { setTimeout as delay } from 'node:timers/promises'
import type { ComputeStatus } from '../../../src/contract/compute-status.ts'
import type { DesiredInstance } from '../../../src/contract/instance.ts'
import { openMachine } from '../../../src/devstack/open-machine.ts'
import { simulatedTools } from '../../../src/devstack/tools/table.ts'
import { systemClock } from '../../../src/platform/clock.ts'
import { replaceFile } from '../../../src/platform/files.ts'
import { openHttp } from '../../../src/platform/http.ts'
import { freebsdTools, type Tool } from '../../../src/platform/tools.ts'
import type { Answered, Told } from './compute-process.ts'

/** A tool that compute had run. */
interface Run {
  argv: readonly string[]
  fromMs: number
  toMs: number
}

/** Compute in a process of its own, on a simulated machine in this one. */
export interface BenchHost {
  /** Puts the bytes of a layer where the agent would have. */
  cache(digest: string, bytes: Buffer): Promise<void>
  desire(instances: readonly DesiredInstance[]): Promise<void>
  /** Resolves when this many instances run. */
  running(count: number): Promise<void>
  /** The tools that were run from a moment on, the oldest first. */
  runs(sinceMs: number): Run[]
  /** The processor time that compute has used. */
  cpuMs(): Promise<number>
  close(): Promise<void>
}

export async function openBenchHost(): Promise<BenchHost> {
  const root = await realpath(await mkdtemp(join(tmpdir(), 'slb-')))
  const times = { createMs: 1, bootMs: 1, shutdownMs: 1, destroyMs: 1, deviceMs: 1 }
  const facts = { hostname: 'host1', release: '14.3-RELEASE-p5', architecture: 'amd64' as const, hostuuid: '1', times }
  const xen = { totalMiB: 1024 * 1024 }
  const machine = openMachine(root, { ...facts, xen, poolBytes: 2 ** 44, zfs: '2.2.7' } as never, systemClock, [
    'bridge0',
  ])
  await machine.zfs.importAll()
  const at = (path: string) => join(root, path)
  for (const folder of ['var/db/slipway/cache/sha256', 'var/db/slipway/desired', 'usr/local/etc/slipway'])
    await mkdir(at(folder), { recursive: true })
  await writeFile(at('usr/local/etc/slipway/compute.yaml'), 'pollSeconds: 1\nlogLevel: error\n')

  const done: Run[] = []
  const child = fork(join(import.meta.dirname, 'compute-process.ts'), [root], { serialization: 'advanced' })
  const answer = (answered: Answered) => child.connected && child.send(answered)
  child.on('message', async (told: Told) => {
    if (!('call' in told)) return
    const [name = '', ...words] = told.argv
    const fromMs = performance.now()
    const tool = simulatedTools[freebsdTools[name as Tool] ?? name]
    if (!tool) throw new Error(`the simulator has no ${name}`)
    const said = await tool({ arguments: words, cwd: root, signal: new AbortController().signal }, machine)
    done.push({ argv: told.argv, fromMs, toMs: performance.now() })
    answer({ call: told.call, result: { signal: null, ...said } })
  })
  const http = openHttp({ url: 'http://compute', socketPath: at('var/run/slipway/compute.sock') })
  let generation = 0
  const status = async (): Promise<ComputeStatus | undefined> => {
    const response = await http.send('GET', '/status').catch(() => undefined)
    return response && JSON.parse(await response.text(64 * 1024 * 1024))
  }

  return {
    cache: (digest, bytes) => writeFile(at(join('var/db/slipway/cache', digest.replace(':', '/'))), bytes),
    async desire(instances) {
      generation += 1
      await replaceFile(at('var/db/slipway/desired/instances.json'), JSON.stringify({ generation, instances }))
    },
    async running(count) {
      for (;;) {
        const now = await status()
        if ((now?.instances.filter(({ state }) => state === 'running').length ?? 0) >= count) return
        await delay(20)
      }
    },
    runs: (sinceMs) => done.filter(({ fromMs }) => fromMs >= sinceMs),
    async cpuMs() {
      const answered = once(child, 'message', { signal: AbortSignal.timeout(60_000) })
      answer('cpu')
      for (let [told] = await answered; ; [told] = await once(child, 'message'))
        if ('cpuMicros' in told) return told.cpuMicros / 1000
    },
    async close() {
      child.kill('SIGTERM')
      await once(child, 'exit')
      await http.close()
      await machine.hypervisor.stop()
      await rm(root, { recursive: true, force: true })
    },
  }
}
