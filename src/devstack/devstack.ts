import { join, relative, resolve } from 'node:path'
import { Type } from 'typebox'
import { CreatedJoinToken } from '../contract/enrolment.ts'
import { isAppError } from '../contract/errors.ts'
import { FloatingRange, FloatingRangeUse } from '../contract/floating-range.ts'
import { HostSummary } from '../contract/host.ts'
import { systemClock } from '../platform/clock.ts'
import { listFolder, readTextIfThere, remove } from '../platform/files.ts'
import { type Http, openHttp } from '../platform/http.ts'
import { requestJson } from '../platform/json-http.ts'
import { packageFolder } from '../platform/program.ts'
import { floatingRange, prepareExamples, prepareStack } from './examples.ts'
import { openSimulatedHost, type SimulatedHost } from './host.ts'
import { lockFolder } from './lock.ts'
import { hostLines, isSettled } from './progress.ts'
import { publishTree } from './publish-tree.ts'
import { startServer } from './server-process.ts'

export interface DevstackOptions {
  hosts: number
  /** Forget what earlier runs left. */
  fresh: boolean
  /** The folder for all of it: the server's data, a folder for each host, examples. */
  data: string
  /** The server's address. Absent: 127.0.0.1:8400, or a free port when that is taken. */
  listen?: string | undefined
  /** The folder of the built components. Absent: dist/components of this package. */
  components?: string | undefined
  /** Ends it. */
  signal: AbortSignal
}

/** A simulated host asks more often than a real one, and its page is on a free port, as all are on one machine. */
const agentSettings = `# Settings of a host of the devstack.
metrics:
  listen: "127.0.0.1:0"
reportSeconds: 5
update:
  probeIntervalSeconds: 0.5
  confirmSeconds: 30
`

/**
 * The one-machine cloud: the real server, and simulated hosts that install themselves with the real install.sh. Runs until `signal`
 * is aborted, then stops everything that it started; if it is killed, everything ends with it. A second run goes on where the first
 * one was.
 * @throws AppError conflict when another devstack is at work in the folder
 */
export async function runDevstack(options: DevstackOptions): Promise<void> {
  const data = resolve(options.data)
  const running = new AsyncDisposableStack()
  try {
    const lock = await lockFolder(data)
    running.defer(lock)
    if (options.fresh) for (const name of await listFolder(data)) await remove(join(data, name))
    await run(data, options, running)
  } catch (error) {
    // What fails because it is being stopped is no failure.
    if (!options.signal.aborted) throw error
  } finally {
    if (options.signal.aborted) say('Stopping')
    await running.disposeAsync()
  }
}

async function run(data: string, options: DevstackOptions, running: AsyncDisposableStack): Promise<void> {
  const { signal } = options
  const server = await startServer(join(data, 'server'), options.listen)
  running.defer(server.stop)
  if (server.notice) say(server.notice)
  say(`server: listening on ${server.url}`)

  const components = options.components ?? join(await packageFolder(import.meta.dirname), 'dist/components')
  const token = (await readTextIfThere(join(data, 'server/admin-token')))?.trim() ?? ''
  const http = openHttp({ url: server.url, authorization: `Bearer ${token}` })
  running.defer(() => http.close())
  await publishTree(http, {
    components,
    temporaryFolder: join(data, 'tmp'),
    say,
    signal,
  })
  await prepareExamples(join(components, 'compute'), join(data, 'examples'))
  await prepareStack(join(data, 'examples'))
  await declareOutside(http, signal)

  const start = systemClock.now()
  const hosts = await openHosts(options.hosts, data, server.url, running)
  signal.throwIfAborted()
  await installAgents(http, server.url, hosts, signal)

  const watching = watch(http, hosts, start, signal, () => say(wayOn(data, server.url, token)))
  await Promise.race([watching, server.failed])
}

/** Declares the outside addresses that the example stack takes one of, unless somebody declared some. */
async function declareOutside(http: Http, signal: AbortSignal): Promise<void> {
  const declared = await requestJson(http, Type.Array(FloatingRangeUse), 'GET', '/api/v1/floating-ranges', { signal })
  if (declared.length > 0) return
  const { name, range } = await requestJson(http, FloatingRange, 'POST', '/api/v1/floating-ranges', {
    body: floatingRange,
    signal,
  })
  say(`server: stacks may take floating IPs from ${name} (${range})`)
}

/** Switches all hosts on, at once; what was opened is stopped at the end even when another one could not be opened. */
async function openHosts(count: number, data: string, url: string, running: AsyncDisposableStack) {
  const hosts: SimulatedHost[] = []
  running.defer(async () => {
    await Promise.all(hosts.map((host) => host.stop()))
  })
  const opened = await Promise.allSettled(
    Array.from({ length: count }, async (_, at) => {
      const name = `host${at + 1}`
      const folder = join(data, 'hosts', name)
      const machine = machines[at % machines.length]
      hosts.push(await openSimulatedHost({ folder, name, server: url, agentSettings, traffic: true, ...machine }))
    }),
  )
  for (const { reason } of opened.filter((result) => result.status === 'rejected')) throw reason
  return hosts
}

/** Both releases of FreeBSD that hosts may have. */
const machines = [
  { release: '14.3-RELEASE-p5', zfs: '2.2.7-FreeBSD_ge269af1b3' },
  { release: '15.1-RELEASE-p1', zfs: '2.4.2-FreeBSD_g6a1b4c7d9' },
] as const

/** Enrols the hosts on which no agent is set up yet, as a user would: with a join token and install.sh. */
async function installAgents(http: Http, url: string, hosts: readonly SimulatedHost[], signal: AbortSignal) {
  const missing: SimulatedHost[] = []
  for (const host of hosts)
    if ((await host.run(['/usr/sbin/service', 'slipway_agent', 'enabled'])).exitCode !== 0) missing.push(host)
  if (missing.length === 0) return
  const { token } = await requestJson(http, CreatedJoinToken, 'POST', '/api/v1/join-tokens', {
    body: { channel: 'stable', uses: missing.length },
    signal,
  })
  await Promise.all(
    missing.map(async (host) => {
      await host.install({ url, token })
      say(`${host.name}: installed its agent with install.sh and enrolled`)
    }),
  )
}

/** Says what changes on the hosts, one line a change, until it is aborted; calls `settled` when all of
 * them have settled since `start`. */
async function watch(
  http: Http,
  hosts: readonly SimulatedHost[],
  start: Date,
  signal: AbortSignal,
  settled: () => void,
) {
  const names = new Set(hosts.map(({ name }) => name))
  let shown = new Map<string, string>()
  let told = false
  while (!signal.aborted) {
    // A server that is slow, or stopped for a while, is no reason to switch the hosts off; when it ends, `failed` of its process says so.
    const all = await requestJson(http, Type.Array(HostSummary), 'GET', '/api/v1/hosts', { signal }).catch((error) => {
      if (!isAppError(error, 'peer-unreachable')) throw error
      return []
    })
    const mine = all.filter(({ name }) => names.has(name))
    const lines = hostLines(mine)
    for (const [name, line] of lines) if (shown.get(name) !== line) say(`${name}: ${line}`)
    shown = lines
    if (!told && mine.length === hosts.length && mine.every((host) => isSettled(host, start))) {
      told = true
      settled()
    }
    await systemClock.sleep(300, signal)
  }
}

/** What to say when everything runs: where to look, and what to try. */
function wayOn(data: string, url: string, token: string): string {
  const here = relative(process.cwd(), data)
  const folder = here.startsWith('..') ? data : here
  return `
All hosts have settled. The page: ${url}/#token=${token}

To try next, in another terminal:

  export SLIPWAY_URL=${url} SLIPWAY_TOKEN=$(cat ${folder}/server/admin-token)

  # publish a new version of compute, and let the hosts have it
  npx slipway publish ${folder}/examples/compute-1.1.0 --version 1.1.0 --channel stable

  # publish one whose health check fails: the hosts go back by themselves, and say why
  npx slipway publish ${folder}/examples/compute-1.2.0-broken --version 1.2.0 --channel stable

  # watch
  npx slipway host list --watch

  # an image, and a stack of three instances of it
  npx slipway image push guest ${folder}/examples/guest.raw --version 1.0.0
  npx slipway apply -f ${folder}/examples/shop.yaml
  npx slipway instance console shop.front-0

  # its networks: who is where, and who may talk to whom
  npx slipway network show shop.lan
  npx slipway network trace --from 203.0.113.7 --to 192.0.2.129:80

Ctrl-C stops everything; the next start goes on from here.
`
}

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}
