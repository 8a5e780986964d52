/**
 * `npm run bench:fanout`: a thousand hosts wait for their documents at two servers of one PostgreSQL; a release is promoted on one of them. How long is it
 * until every host has its new document? Beside it, in this run: all hosts at one of the two, all at one server with SQLite, and all at a program that
 * only answers, which shows the limit of the client.
 */
import { cpus, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import type { ServerConfig } from '../../src/contract/server-config.ts'
import { benchFolder, cleaning } from './cleanup.ts'
import { startEngines } from './engines.ts'
import { component, enrolHosts, publishReleases } from './fanout/fleet.ts'
import { FollowingHost, promote } from './fanout/hosts.ts'
import { quantile } from './quantile.ts'
import { freePort, type ServerProgram, startServerProgram } from './registry/server-program.ts'
import { type Slipway, startSlipway } from './slipway.ts'

const { values: options } = parseArgs({
  options: {
    hosts: { type: 'string', default: '1000' },
    rounds: { type: 'string', default: '10' },
    pause: { type: 'string', default: '3' },
    on: { type: 'string', default: 'alone,sqlite,postgres' },
    profile: { type: 'string' },
    folder: { type: 'string', default: tmpdir() },
    help: { type: 'boolean', default: false },
  },
})
const hostCount = Number(options.hosts)
const rounds = Number(options.rounds)
const kinds = ['alone', 'sqlite', 'postgres']
/** Longer than a host waits for one answer. */
const patienceMs = 90_000

/** Where hosts wait, which take turns at the servers; a release is promoted at the first. */
interface Place {
  what: string
  servers: readonly Pick<Slipway, 'port' | 'headers'>[]
  credentials: readonly string[]
  /** One for each round, that no host has had. */
  versions: readonly string[]
}

if (options.help)
  say(`npm run bench:fanout -- [--hosts N] [--rounds N] [--pause SECONDS] [--on A,B] [--profile DIR] [--folder DIR]
  --hosts    that wait (${options.hosts})
  --rounds   promotions (${options.rounds}), with a --pause before each (${options.pause}), in which every host is waiting again
  --on       of ${kinds.join(', ')}
  --profile  where the servers leave a profile of their processor time
  --folder   where all data is, for as long as it runs (${options.folder})`)
else
  await cleaning(async (cleanup) => {
    const on = options.on.split(',')
    const unknown = on.find((name) => !kinds.includes(name))
    if (unknown !== undefined) throw new Error(`there is no ${unknown}; there are ${kinds.join(', ')}`)
    const folder = await benchFolder(cleanup, options.folder)
    say(
      `${cpus()[0]?.model}, ${cpus().length} cores, Node ${process.version}, load before ${loadavg()[0]?.toFixed(1)}; ${hostCount} hosts, ${rounds} promotions\n`,
    )
    say(`${''.padEnd(40)}${['p50', 'p99', 'max'].map((one) => one.padStart(12)).join('')}   answer to the promotion`)
    if (on.includes('alone')) {
      const alone = await startWaiting()
      cleanup.defer(() => alone.stop())
      const servers = [{ port: alone.port, headers: {} }]
      const credentials = Array.from({ length: hostCount }, () => 'nobody')
      await bench({ what: 'client alone', servers, credentials, versions: versionsOf(1) })
    }
    if (on.includes('sqlite')) {
      const data = join(folder, 'sqlite')
      const server = await start(data, {})
      const credentials = await fill(server, { data })
      await bench({ what: 'one server, SQLite', servers: [server], credentials, versions: versionsOf(1) })
      await server.stop()
    }
    if (on.includes('postgres')) {
      const engines = await startEngines(join(folder, 'engines'))
      cleanup.defer(() => engines.stop())
      const settings = await engines.settings()
      const first = await start(join(folder, 'first'), settings)
      const second = await start(join(folder, 'second'), settings)
      const credentials = await fill(first, { ...settings, data: join(folder, 'first') })
      await bench({ what: 'one of them, PostgreSQL', servers: [first], credentials, versions: versionsOf(1) })
      await bench({ what: 'two servers, PostgreSQL', servers: [first, second], credentials, versions: versionsOf(2) })
    }

    async function start(data: string, settings: Partial<ServerConfig>): Promise<Slipway> {
      const server = await startSlipway(data, { ...settings, logLevel: 'warn' }, options.profile)
      cleanup.defer(() => server.stop())
      return server
    }

    /** Enrols the hosts, and publishes what all rounds promote. Answers the credentials of the hosts. */
    async function fill(server: Slipway, settings: Partial<ServerConfig>): Promise<string[]> {
      const credentials = await enrolHosts(settings, hostCount)
      await publishReleases(server, [...versionsOf(1), ...versionsOf(2)], join(folder, 'published'))
      return credentials
    }
  })

function versionsOf(major: number): string[] {
  return Array.from({ length: rounds }, (_, round) => `${major}.0.${round}`)
}

async function startWaiting(): Promise<ServerProgram> {
  const port = await freePort()
  const program = join(import.meta.dirname, 'fanout/waiting-process.ts')
  return startServerProgram([process.execPath, program, String(port)], { port, path: '/' })
}

async function bench({ what, servers, credentials, versions }: Place): Promise<void> {
  const seats = credentials.map((credential, at) => ({ credential, at: at % servers.length }))
  const hosts = await Promise.all(
    seats.map(({ credential, at }) => FollowingHost.open({ credential, port: servers[at]?.port as number })),
  )
  const times: number[][] = servers.map(() => [])
  const answers: number[] = []
  try {
    const [{ port, headers } = { port: 0, headers: {} }] = servers
    for (const version of versions) {
      await delay(Number(options.pause) * 1000)
      const hearing = Promise.all(hosts.map((host) => host.hears(`"version":"${version}"`)))
      const start = performance.now()
      const [answer, heard] = await Promise.all([
        promote(port, headers, { component, version, hosts: hosts.length }),
        within(hearing, hosts, what),
      ])
      answers.push(answer)
      for (const [index, at] of heard.entries()) times[seats[index]?.at ?? 0]?.push(at - start)
    }
  } finally {
    for (const host of hosts) host.close()
  }
  sayTimes(what, times.flat(), `${quantile(answers, 0.5).toFixed(1)} ms`)
  if (servers.length > 1)
    for (const [index, some] of times.entries())
      sayTimes(`  hosts at the ${index === 0 ? 'one that was asked to promote' : 'other'}`, some)
}

/** @throws when hosts hear nothing until long after the end of their wait */
async function within<T>(hearing: Promise<T>, hosts: readonly FollowingHost[], what: string): Promise<T> {
  const over = new AbortController()
  try {
    return await Promise.race([
      hearing,
      delay(patienceMs, undefined, { signal: over.signal }).then(() => {
        const deaf = hosts.filter((host) => host.isWaiting).length
        throw new Error(`${what}: ${deaf} of ${hosts.length} hosts heard nothing for ${patienceMs / 1000} s`)
      }),
    ])
  } finally {
    over.abort()
  }
}

function sayTimes(what: string, times: readonly number[], note = ''): void {
  const cells = [0.5, 0.99, 1].map((part) => `${quantile(times, part).toFixed(1)} ms`.padStart(12))
  say(`${what.padEnd(40)}${cells.join('')}   ${note}`.trimEnd())
}

function say(text: string): void {
  process.stdout.write(`${text}\n`)
}
