import { once } from 'node:events'
import { chmod, mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { runCompute } from '../../../src/compute/compute.ts'
import type { ComputeStatus } from '../../../src/contract/compute-status.ts'
import type { NetworkStatus } from '../../../src/contract/network-status.ts'
import { openMachine } from '../../../src/devstack/open-machine.ts'
import { simulatedTools } from '../../../src/devstack/tools/table.ts'
import { runNetwork } from '../../../src/network/network.ts'
import { systemClock } from '../../../src/platform/clock.ts'
import type { Exec } from '../../../src/platform/exec.ts'
import { openHttp } from '../../../src/platform/http.ts'
import { freebsdTools, type Tool } from '../../../src/platform/tools.ts'
import { fullHost } from './full-host.ts'

const pfConf = `nat-anchor "org.openstack/*"
rdr-anchor "org.openstack/*"
binat-anchor "org.openstack/*"
anchor "org.openstack/*"
pass all no state label "def"
`

/** The programs of a host whose answers are asked for so often that their own time would hide ours. */
export interface RecordedHost {
  root: string
  /** How often compute and network look at the host on their own, to put it right; they read it when they start. */
  lookEvery(seconds: number): Promise<void>
  close(): Promise<void>
}

/**
 * A simulated host is told what a full one is told, until all of it runs. What its programs then answer is written to files, and their
 * place is taken by a line of shell that prints them. So whoever samples this host starts real programs and reads what they say.
 */
export async function recordHost(): Promise<RecordedHost> {
  const root = await realpath(await mkdtemp(join(tmpdir(), 'slb-')))
  const { networks, instances } = fullHost()
  await writeTree(root, {
    ...configs(10),
    'var/db/slipway/desired/network.json': JSON.stringify({ generation: 1, network: networks }),
    'var/db/slipway/desired/instances.json': JSON.stringify({ generation: 1, instances }),
  })
  const { exec, answers, stop } = await simulate(root)
  const settled = await runDaemons(root, exec)
  await until(root, 'network', ({ loaded, trial }: NetworkStatus) => loaded === 1 && !trial, confirm)
  await until(root, 'compute', (it: ComputeStatus) => it.instances.every(({ state }) => state === 'running'))
  await settled.end()

  // Once more, so that what is asked at the start of a daemon is answered as it is now.
  answers.clear()
  const again = await runDaemons(root, exec)
  await until(root, 'network', ({ loaded, trial }: NetworkStatus) => loaded === 1 && !trial)
  await delay(45_000)
  await again.end()
  await stop()
  const consoles = await openConsoles(root, answers)
  await writePrograms(root, answers)
  return {
    root,
    lookEvery: (pollSeconds) => writeTree(root, configs(pollSeconds)),
    async close() {
      for (const console of consoles) console.close()
      await rm(root, { recursive: true, force: true })
    },
  }
}

function configs(pollSeconds: number): Record<string, string> {
  const common = `logLevel: error\npollSeconds: ${pollSeconds}\n`
  return {
    'usr/local/etc/slipway/network.yaml': `${common}metadata: false\nconfirmSeconds: 3600\n`,
    'usr/local/etc/slipway/compute.yaml': common,
  }
}

/** A simulated machine, and what its programs have answered last, by program and arguments. */
async function simulate(root: string) {
  const times = { createMs: 1, bootMs: 1, shutdownMs: 1, destroyMs: 1, deviceMs: 1 }
  const facts = { hostname: 'host1', release: '14.3-RELEASE-p5', architecture: 'amd64' as const, hostuuid: '1', times }
  const xen = { totalMiB: 1024 * 1024 }
  const machine = openMachine(root, { ...facts, xen, poolBytes: 2 ** 44, zfs: '2.2.7' } as never, systemClock, [])
  await machine.zfs.importAll()
  const answers = new Map<string, string>()
  const exec: Exec = async ([name, ...words], { stdin } = { timeoutMs: 1000 }) => {
    const path = freebsdTools[name as Tool] ?? name
    const tool = simulatedTools[path]
    if (!tool) throw new Error(`the simulator has no ${name}`)
    const signal = new AbortController().signal
    const said = await tool({ arguments: words, cwd: root, signal, ...(stdin === undefined ? {} : { stdin }) }, machine)
    if (said.exitCode === 0) answers.set([path, ...words].join('\0'), said.stdout)
    return { signal: null, ...said }
  }
  await exec(['pfctl', '-f', '-'], { timeoutMs: 1000, stdin: pfConf })
  await exec(['pfctl', '-e'], { timeoutMs: 1000 })
  return { exec, answers, stop: () => machine.hypervisor.stop() }
}

async function runDaemons(root: string, exec: Exec) {
  const controller = new AbortController()
  const options = { root, signal: controller.signal, openExec: () => exec }
  const running = Promise.all([runNetwork(options), runCompute(options)])
  return {
    async end() {
      controller.abort()
      await running
    },
  }
}

/** Waits until the status of a daemon is so; `meanwhile` is called after each look. */
async function until<S>(root: string, daemon: string, is: (status: S) => boolean, meanwhile?: typeof confirm) {
  const socketPath = join(root, `var/run/slipway/${daemon}.sock`)
  for (;;) {
    const http = openHttp({ url: `http://${daemon}`, socketPath })
    try {
      const response = await http.send('GET', '/status')
      if (is(JSON.parse(await response.text(64 * 1024 * 1024)))) return
      await meanwhile?.(http)
    } catch {
      // It has just been started.
    } finally {
      await http.close()
    }
    await delay(200)
  }
}

async function confirm(http: ReturnType<typeof openHttp>): Promise<void> {
  const headers = { 'content-type': 'application/json' }
  await (await http.send('POST', '/confirm', { headers, body: JSON.stringify({ generation: 1 }) })).text()
}

/** Each program prints the file that is named as its arguments are, and fails when there is none. */
async function writePrograms(root: string, answers: ReadonlyMap<string, string>): Promise<void> {
  for (const path of Object.values(freebsdTools)) {
    await writeTree(root, { [path]: '#!/bin/sh\nIFS=" "\nexec cat "$0.d/$*.txt"\n' })
    await chmod(join(root, path), 0o755)
  }
  for (const [argv, text] of answers) {
    const [path = '', ...words] = argv.split('\0')
    await writeTree(root, { [`${path}.d/${words.join(' ')}.txt`]: withCounts(text) })
  }
}

/** Opens the consoles of the guests, which say nothing, and names them in the answers: whoever does not find one looks for it every second. */
async function openConsoles(root: string, answers: Map<string, string>): Promise<Server[]> {
  const names = new Set<string>()
  const moved = (text: string) =>
    text.replaceAll(/\/dev\/pts\/\d+/g, (name) => {
      names.add(name)
      return join(root, name)
    })
  for (const [argv, text] of answers) answers.set(argv, moved(text))
  await mkdir(join(root, 'dev/pts'), { recursive: true })
  const consoles = [...names].map((name) => createServer().listen(join(root, name)))
  await Promise.all(consoles.map((console) => once(console, 'listening')))
  return consoles
}

/** Nothing has gone through the simulated PF; on a real host all of its counters have many digits. */
function withCounts(text: string): string {
  return text.replaceAll(/\b(Evaluations|Packets|Bytes|States|Match|NoMatch): +0\b/g, (_, name) => {
    const most = name === 'States' ? 1000 : 10 ** (4 + Math.random() * 7)
    return `${name}: ${Math.floor(Math.random() * most)}`
  })
}

async function writeTree(root: string, files: Readonly<Record<string, string>>): Promise<void> {
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true })
    await writeFile(join(root, path), text)
  }
}
