/**
 * `npm run bench:monitor`: what it costs to sample and to scrape a full host: 100 instances, 10,000 rules of PF, 1,000 tables. Compute, network and the
 * agent's page are the real ones; the host's programs are replaced by one that prints what they said, because their time is not ours. The page is
 * scraped beside the same series in prom-client and beside Debian's node_exporter (`sudo test/real/setup.sh bench` installs it).
 */
import { execFile, spawn } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { loadavg } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import { freePort } from '../support/processes.ts'
import { type BenchProcess, startDaemon, startPage } from './monitor/process.ts'
import { recordHost } from './monitor/recorded-host.ts'
import { scrape, scrapeOften } from './monitor/scrape.ts'
import type { Usage } from './monitor/usage.ts'

const MiB = 1024 * 1024
/** The first samples, what the compiler has to learn, and all that network reads once, when it starts. */
const settleSeconds = 90
const sampledSeconds = 60
const say = (line: string) => process.stdout.write(`${line}\n`)

say(`load ${loadavg()[0]?.toFixed(1)}`)
const host = await recordHost()
const components = await build()
try {
  // What daemons look at on their own, to put the host right, is no sampling.
  await host.lookEvery(600)
  await withDaemons(async (daemons) => {
    const agent = startPage('agent-process.ts', host.root)
    const address = await agent.address()
    await delay(settleSeconds * 1000)
    await benchCollecting(daemons, 'of sampling every 15 s', '   (target: 2 %)')
    await benchScraping(address, agent)
    await agent.end()
  })
  await host.lookEvery(10)
  await withDaemons(async (daemons) => {
    await delay(settleSeconds * 1000)
    await benchCollecting(daemons, 'of sampling every 15 s and a look every 10 s')
  })
} finally {
  await host.close()
}

/** The bundles that hosts run. */
async function build(): Promise<string> {
  const [out, top] = [join(host.root, 'dist'), join(import.meta.dirname, '../..')]
  await promisify(execFile)(process.execPath, ['deploy/build.ts', '--out', out, 'compute', 'network'], { cwd: top })
  return join(out, 'components')
}

type Daemons = Readonly<Record<'compute' | 'network', BenchProcess>>

async function withDaemons(work: (daemons: Daemons) => Promise<void>): Promise<void> {
  const daemons = {
    compute: await startDaemon('compute', components, host.root),
    network: await startDaemon('network', components, host.root),
  }
  try {
    await work(daemons)
  } finally {
    for (const it of Object.values(daemons)) await it.end()
  }
}

/** What the daemons use in a time in which nothing else happens. */
async function benchCollecting(daemons: Daemons, what: string, target = ''): Promise<void> {
  const look = async () => ({ compute: await daemons.compute.usage(), network: await daemons.network.usage() })
  const before = await look()
  await delay(sampledSeconds * 1000)
  const after = await look()
  let sum = 0
  for (const name of ['compute', 'network'] as const) {
    const share = (after[name].cpuMs - before[name].cpuMs) / (sampledSeconds * 1000)
    sum += share
    say(`${name.padEnd(8)} ${percent(share)} of a core for ${sampledSeconds} s ${what}; ${mib(after[name])}`)
  }
  say(`together ${percent(sum)}${target}\n`)
}

async function benchScraping(address: string, agent: BenchProcess): Promise<void> {
  const text = await scrape(address, { gzip: false })
  const lines = text
    .toString()
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
  const ruleLines = lines.filter((line) => line.startsWith('pf_rule_evaluations_total{')).length
  const tableLines = lines.filter((line) => line.startsWith('pf_table_addresses{')).length
  const guests = lines.filter((line) => line.startsWith('slipway_instance_info{')).length
  say(
    `${lines.length} series of ${guests} instances, ${ruleLines} rules, ${tableLines} tables: ${(text.length / MiB).toFixed(1)} MiB`,
  )
  const failed = lines.filter((line) => /^slipway_\w+_success\{.* 0$/.test(line))
  if (failed.length > 0) throw new Error(`not all was sampled: ${failed.join(', ')}`)

  await compare('slipway', address, 60, agent, '   (target: 100 ms, 1 MiB)')
  const file = join(host.root, 'page.txt')
  await writeFile(file, text)
  const promClient = startPage('prom-client-process.ts', file)
  await compare('prom-client', await promClient.address(), 15, promClient)
  await promClient.end()

  const port = await freePort()
  const nodeExporter = spawn('prometheus-node-exporter', [`--web.listen-address=127.0.0.1:${port}`], {
    stdio: 'ignore',
  })
  nodeExporter.on('error', () => say('node_exporter: not installed; run sudo test/real/setup.sh bench'))
  await delay(2000)
  if (nodeExporter.exitCode === null && nodeExporter.pid) await compare('node_exporter', `127.0.0.1:${port}`, 60)
  nodeExporter.kill()
}

async function compare(name: string, address: string, times: number, by?: BenchProcess, target = ''): Promise<void> {
  const before = await by?.usage()
  const { p50Ms, p95Ms, bytes } = await scrapeOften(address, times)
  const after = await by?.usage()
  const cpu =
    before && after
      ? `${((after.cpuMs - before.cpuMs) / (times + 1)).toFixed(1)} ms of processor time, ${mib(after)}`
      : ''
  say(
    `${name.padEnd(14)} p50 ${p50Ms.toFixed(1)} ms, p95 ${p95Ms.toFixed(1)} ms, ${(bytes / MiB).toFixed(2)} MiB gzipped; ${cpu}${target}`,
  )
}

function percent(share: number): string {
  return `${(share * 100).toFixed(2)} %`
}

function mib({ rssBytes }: Usage): string {
  return `${(rssBytes / MiB).toFixed(0)} MiB resident`
}
