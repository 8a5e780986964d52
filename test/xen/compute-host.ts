import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { request } from 'node:http'
import type { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { promisify } from 'node:util'
import { zstdCompressSync } from 'node:zlib'
import { stringify } from 'yaml'
import { releaseFileName } from '../../src/contract/release-file.ts'
import { sha256 } from '../../src/platform/digest.ts'
import type { ComputeHost } from '../suites/compute-host.ts'
import { until } from '../support/processes.ts'
import { typeAtConsole } from '../support/type-at-console.ts'
import { type Dom0, type Dom0Process, guest } from './dom0.ts'
import { say } from './image.ts'

const top = join(import.meta.dirname, '../..')
const socket = '/var/run/slipway/compute.sock'
const bundleFolder = '/tmp/compute-bundle'
/** Every look costs the one processor of dom0 a tenth of a second and more. */
const patience = [240_000, 2000] as const

/** What compute needs on a Linux that is told from FreeBSD: where programs are, and a pool with another name. */
const config = {
  pollSeconds: 5,
  store: { kind: 'zvol', pool: 'tank' },
  kernels: { linux: { ...guest } },
  tools: {
    xl: '/usr/sbin/xl',
    zfs: '/usr/sbin/zfs',
    zpool: '/usr/sbin/zpool',
    'xenstore-ls': '/usr/bin/xenstore-ls',
    'xenstore-read': '/usr/bin/xenstore-read',
    uname: '/usr/bin/uname',
    ifconfig: '/usr/local/bin/ifconfig',
  },
}
/** Debian's dom0 has no ifconfig. Compute asks it whether a bridge is there, and judges its exit code. */
const ifconfig = '#!/bin/sh\nexec ip link show dev "$1"\n'

/** What a guest is told on its console to do something by itself. */
const commands = {
  crash: 'echo c >/proc/sysrq-trigger',
  poweroff: 'busybox poweroff -f',
  reboot: 'busybox reboot -f',
  'turn-deaf': `for act in poweroff reboot; do echo '#!/bin/sh' >/sbin/$act; done; echo GUEST DEAF`,
} as const

/** The dom0 of the real Xen, with the built bundle of compute in it, which is started as a process there. */
export async function openDom0Host(dom0: Dom0): Promise<ComputeHost> {
  const works = async (...argv: [string, ...string[]]) => {
    const { exitCode, stdout, stderr } = await dom0.exec(argv)
    if (exitCode !== 0) throw new Error(`dom0: ${argv.join(' ')} exits with ${exitCode}: ${stderr}`)
    return stdout
  }
  const disk = Buffer.alloc(8 * 1024 * 1024)
  disk.write('a boot sector\n')
  const layer = zstdCompressSync(disk)
  const digest = sha256(layer)
  await works('mkdir', '-p', ...['cache/sha256', 'desired'].map((it) => `/var/db/slipway/${it}`))
  await works('mkdir', '-p', bundleFolder, '/var/db/slipway/releases/compute')
  await works('mkdir', '-p', '/usr/local/etc/slipway', '/var/run/slipway', '/var/log/slipway')
  await dom0.writeFile(`/var/db/slipway/cache/${digest.replace(':', '/')}`, layer)
  await dom0.writeFile('/usr/local/etc/slipway/compute.yaml', stringify(config, { lineWidth: 0 }))
  await dom0.writeFile(config.tools.ifconfig, ifconfig, 0o755)
  for (const [name, bytes] of Object.entries(await buildBundle()))
    await dom0.writeFile(`${bundleFolder}/${name}`, bytes)
  let compute: Supervised | undefined

  /** Makes a release of this version out of the bundle. */
  async function install(version: string): Promise<string> {
    const folder = `/var/db/slipway/releases/compute/${version}`
    await works('cp', '-RT', bundleFolder, folder)
    await dom0.writeFile(`${folder}/${releaseFileName}`, JSON.stringify({ name: 'compute', version }))
    return folder
  }

  const get: ComputeHost['get'] = (path) =>
    new Promise((resolve, reject) => {
      const asked = request({ path, host: 'compute', createConnection: () => dom0.connect(socket) as Socket })
      asked.once('error', reject)
      asked.once('response', (response) => {
        text(response).then((body) => resolve([response.statusCode ?? 0, body]), reject)
      })
      asked.end()
    })

  const lines = async (name: string, start: string) =>
    (await dom0.console(name)).split('\n').filter((line) => line.startsWith(start))
  const beats = async (name: string) =>
    (await lines(name, 'GUEST BEAT')).map((line) => Number(line.split(' ')[2])).filter(Number.isFinite)

  const host: ComputeHost = {
    pool: 'tank',
    bridge: 'xenbr0',
    upText: 'GUEST UP',
    shape: { type: 'pv', boot: { from: 'kernel', kernel: 'linux' }, memoryMiB: 128 },
    otherShape: { type: 'pvh', boot: { from: 'kernel', kernel: 'linux' }, memoryMiB: 128 },
    image: {
      name: 'guest',
      version: '1.0.0',
      digest: sha256('manifest'),
      layer: { digest, sizeBytes: layer.length },
      virtualSizeBytes: disk.length,
    },
    exec: dom0.exec,
    // As the agent does: the daemon never sees half a file.
    async writeFile(path, content) {
      await dom0.writeFile(`${path}.new`, content)
      await works('mv', `${path}.new`, path)
    },
    readFile: async (path) => (await dom0.readFile(path)).toString(),
    get,
    async startCompute(version = '1.0.0') {
      compute = await supervise(dom0, `${await install(version)}/main.js`)
      await until('an answer of compute', () => get('/healthz').catch(() => undefined), ...patience)
    },
    async killCompute() {
      await compute?.kill()
      compute = undefined
    },
    type: (id, line, seen) => typeAtConsole(dom0.connect(socket), id, line, seen),
    async guest(name, does) {
      const domid = (await works('xl', 'domid', name)).trim()
      const tty = (await works('xenstore-read', `/local/domain/${domid}/console/tty`)).trim()
      await works('sh', '-c', `printf '%s\\n' "$1" >"$2"`, 'sh', commands[does], tty)
      if (does === 'turn-deaf')
        await until('GUEST DEAF', async () => (await lines(name, 'GUEST DEAF')).length > 0, ...patience)
    },
    async writeDisk(path, content) {
      const dd = ['dd', `of=${path}`, 'bs=512', 'count=1', 'conv=sync,notrunc,fsync'] as const
      const { exitCode, stderr } = await dom0.exec(dd, { stdin: content })
      if (exitCode !== 0) throw new Error(`dom0: ${dd.join(' ')}: ${stderr}`)
    },
    readDisk: async (path, length) =>
      (await works('dd', `if=${path}`, 'bs=512', 'count=1', 'iflag=direct')).slice(0, length),
    life: {
      answersPing: async (address) => (await dom0.exec(['ping', '-c', '3', '-W', '5', address])).exitCode === 0,
      said: lines,
      async beats(name) {
        const before = (await beats(name)).length
        await until('a heartbeat', async () => (await beats(name)).length > before, ...patience)
        return await beats(name)
      },
    },
    close: () => host.killCompute(),
  }
  return host
}

interface Supervised {
  /** With SIGKILL, for good. Rejected when the program has ended by itself in a way that is its own fault. */
  kill(): Promise<void>
}

/** How programs in dom0 end once in some hours because of QEMU's emulation, not by a fault of their own. */
const emulationsFault: ReadonlySet<NodeJS.Signals | null> = new Set(['SIGSEGV', 'SIGBUS', 'SIGILL', 'SIGTRAP'])

/** Runs the program of a daemon as its rc script does (daemon -r): one that ends is started again. */
async function supervise(dom0: Dom0, program: string): Promise<Supervised> {
  const log = '/var/log/slipway/compute.log'
  const start = () => dom0.spawn(['sh', '-c', `exec node ${program} >>${log} 2>&1`])
  const faults: string[] = []
  let killed = false
  let current: Dom0Process

  async function watch(): Promise<void> {
    for (;;) {
      const { exitCode, signal } = await current.ended
      if (killed) return
      const { stdout: memory } = await dom0.exec(['sh', '-c', 'free -m; dmesg | tail -n 5'])
      const fault = `${program} ended by itself: ${signal ?? `exit code ${exitCode}`}\n${memory}`
      say(fault)
      if (!emulationsFault.has(signal)) faults.push(fault)
      current = await start()
    }
  }

  current = await start()
  const watching = watch()
  // The machine is gone: whoever uses it next says so.
  watching.catch(() => {})
  return {
    async kill() {
      killed = true
      await current.kill('SIGKILL')
      await watching
      if (faults.length > 0) throw new Error(faults.join('\n'))
    },
  }
}

/** The bundle as it is shipped, built anew: only so it is never an older one. */
async function buildBundle(): Promise<Readonly<Record<string, Buffer>>> {
  const out = await mkdtemp(join(tmpdir(), 'slw-bundle-'))
  try {
    await promisify(execFile)(process.execPath, [join(top, 'deploy/build.ts'), '--out', out, 'compute'])
    const folder = join(out, 'components/compute')
    return {
      'main.js': await readFile(join(folder, 'main.js')),
      'package.json': await readFile(join(folder, 'package.json')),
    }
  } finally {
    await rm(out, { recursive: true, force: true })
  }
}
