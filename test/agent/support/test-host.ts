import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { cp, mkdir, mkdtemp, readdir, readFile, realpath, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type AgentPaths, agentPaths, linkToRelease, linkToSet } from '../../../src/agent/paths.ts'
import { parseJson } from '../../../src/contract/parse.ts'
import { releaseFileName } from '../../../src/contract/release-file.ts'
import type { ReleaseSet } from '../../../src/contract/release-set.ts'
import { Journal } from '../../../src/contract/update.ts'
import { openHttp } from '../../../src/platform/http.ts'
import { writeShims } from './host-shims.ts'
import { setOf, type TestRelease } from './releases.ts'
import type { TestServer } from './test-server.ts'

const launcher = join(import.meta.dirname, '../../../deploy/host/agent-launcher')

export interface TestHost {
  id: string
  root: string
  paths: AgentPaths
  /** Starts the agent through the launcher, as daemon(8) does: again whenever it ends. */
  supervise(env?: Record<string, string>): void
  /** Ends the agent by a signal and does not start it again. Answers exit code or signal. */
  end(signal: NodeJS.Signals): Promise<number | NodeJS.Signals | null>
  /** How the agent ended until now. */
  exits: (number | NodeJS.Signals | null)[]
  /** What the agent said on stderr. */
  said(): string
  journal(): Promise<Journal>
  /** The set that `current` points to. */
  current(): Promise<string>
  /** The version that the running daemon of compute told. */
  running(): Promise<string>
  control(method: string, path: string): Promise<{ status: number; text: string }>
  /** Every temporary file below the root. */
  temporaries(): Promise<string[]>
  dispose(): Promise<void>
}

/** Times of a test: everything is quick, and nothing depends on how quick. */
const quick = {
  reportSeconds: 1,
  pollWaitSeconds: 10,
  update: {
    serviceTimeoutSeconds: 20,
    probeSuccesses: 2,
    probeIntervalSeconds: 0.01,
    probeDeadlineSeconds: 20,
    confirmSeconds: 20,
    fetchRetrySeconds: 10,
  },
}

export interface TestHostOptions {
  server: TestServer
  /** The set that was installed before the test; its services run. */
  installed: readonly TestRelease[]
  update?: Partial<typeof quick.update>
  logLevel?: string
}

/** A host with FreeBSD's tools, an installed set, and an agent that is not started yet. `dispose` ends all that it started. */
export async function openTestHost({
  server,
  installed,
  update = {},
  logLevel = 'info',
}: TestHostOptions): Promise<TestHost> {
  const root = await realpath(await mkdtemp(join(tmpdir(), 'slh-')))
  const id = randomBytes(8).toString('hex')
  const paths = agentPaths(root)
  await writeShims(root)
  await mkdir(paths.configuration, { recursive: true })
  await mkdir(join(root, 'etc'))
  await mkdir(join(root, 'var/run'), { recursive: true })
  await writeFile(join(root, 'etc/rc.conf'), 'hostname="test"\n')
  const config = { ...quick, update: { ...quick.update, ...update }, server: server.url, host: id }
  await writeFile(paths.agentConfig, JSON.stringify({ ...config, logLevel, metrics: { listen: '127.0.0.1:0' } }))
  await writeFile(paths.credential, `slw_${id}_${randomBytes(32).toString('hex')}\n`, { mode: 0o600 })
  if (installed.length > 0) await install(paths, setOf(...installed), installed)
  if (installed.some(({ ref }) => ref.name === 'compute')) {
    await mkdir(join(root, 'usr/local/etc/rc.d'), { recursive: true })
    const link = '../../../../var/db/slipway/current/rc/rc.d/slipway_compute'
    await symlink(link, join(root, 'usr/local/etc/rc.d/slipway_compute'))
    await writeFile(join(root, 'etc/rc.conf'), 'hostname="test"\nslipway_compute_enable="YES"\n')
    await run(join(root, 'usr/sbin/service'), 'slipway_compute', 'start')
  }

  let child: ChildProcess | undefined
  let stopped = false
  let said = ''
  const exits: (number | NodeJS.Signals | null)[] = []

  async function loop(env: Record<string, string>): Promise<void> {
    while (!stopped) {
      child = spawn('sh', [launcher, '--root', root], {
        env: {
          PATH: process.env.PATH ?? '',
          SLIPWAY_NODE: process.execPath,
          ...env,
        },
        stdio: ['ignore', 'ignore', 'pipe'],
      })
      child.stderr?.setEncoding('utf8').on('data', (text: string) => {
        said += text
      })
      const [code, signal] = await once(child, 'exit')
      exits.push(code ?? signal)
    }
  }
  let supervisor: Promise<void> | undefined

  const it: TestHost = {
    id,
    root,
    paths,
    exits,
    supervise(env = {}) {
      stopped = false
      supervisor = loop(env)
    },
    async end(signal) {
      stopped = true
      child?.kill(signal)
      await supervisor
      return exits.at(-1) ?? null
    },
    said: () => said,
    async journal() {
      return parseJson(Journal, await readFile(paths.journal, 'utf8'), 'journal.json')
    },
    async current() {
      return JSON.parse(await readFile(paths.setFile(paths.current), 'utf8')).digest
    },
    async running() {
      const pid = Number(await readFile(join(root, 'var/run/slipway_compute.pid'), 'utf8'))
      process.kill(pid, 0)
      return (await readFile(join(root, 'var/run/slipway_compute.version'), 'utf8')).trim()
    },
    async control(method, path) {
      const http = openHttp({ url: 'http://agent', socketPath: paths.socket('agent.sock') })
      try {
        const response = await http.send(method, path)
        return { status: response.status, text: await response.text() }
      } finally {
        await http.close()
      }
    },
    async temporaries() {
      return (await readdir(root, { recursive: true })).filter((path) => path.includes('.tmp-'))
    },
    async dispose() {
      await it.end('SIGKILL')
      await run(join(root, 'usr/sbin/service'), 'slipway_compute', 'stop')
      await rm(root, { recursive: true, force: true })
    },
  }
  return it
}

/** As install.sh leaves a host. */
async function install(paths: AgentPaths, set: ReleaseSet, releases: readonly TestRelease[]): Promise<void> {
  for (const { ref, config, folder } of releases) {
    await cp(folder, paths.release(ref), { recursive: true })
    await writeFile(join(paths.release(ref), releaseFileName), JSON.stringify(config))
    await mkdir(paths.set(set), { recursive: true })
    await symlink(linkToRelease(ref), join(paths.set(set), ref.name))
  }
  await writeFile(paths.setFile(paths.set(set)), JSON.stringify(set))
  await symlink(linkToSet(set), paths.current)
}

async function run(program: string, ...args: string[]): Promise<void> {
  const child = spawn(program, args, { stdio: 'ignore' })
  await once(child, 'exit')
}
