import { execFile } from 'node:child_process'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { knownDashboard, knownDashboards } from '../support/known-dashboards.ts'
import { until } from '../support/processes.ts'
import type { Series } from '../support/prometheus.ts'
import { deployed, shippedRules } from '../support/shipped-prometheus.ts'
import { type Expected, watchAlerts } from './support/alert-watch.ts'
import { hasten } from './support/hasten.ts'
import { startInstanceExporters } from './support/instance-exporters.ts'
import { applyShop, patienceMs, shopFile, startMonitoredDevstack, visitShop } from './support/monitored-devstack.ts'
import { onHost } from './support/on-host.ts'
import { startTroubledServer } from './support/troubled-server.ts'
import { cloudTroubles, type Scene, serverTroubles } from './support/troubles.ts'

/*
 * A real Prometheus scrapes a devstack by service discovery, with the configuration and the rules that ship. Only what lasts is shorter: `for` is left
 * out, windows are seconds (support/hasten.ts); promtool looks at the rules as they are. Each alert is made to fire by what it is for, and to clear.
 */

const recording = (await shippedRules('recording.yml')).groups.flatMap(({ rules }) => rules)
const alerting = (await shippedRules('alerts.yml')).groups.flatMap(({ rules }) => rules)

/** Alerts whose cause cannot be made here, and why. */
const notMade = {
  SlipwayPfOutOfMemory: 'the simulated PF drops nothing for want of memory',
  SlipwayNoLeader: 'a server of SQLite always leads',
}

const running = new AsyncDisposableStack()
let scene: Scene

beforeAll(async () => {
  const exporters = await startInstanceExporters()
  running.defer(exporters.close)
  const cloud = await startMonitoredDevstack({ hasten, instancesProxy: exporters.url })
  running.defer(cloud.stop)
  await applyShop(cloud)
  await visitShop(cloud)
  const { url, token, root } = cloud.devstack
  const troubled = await startTroubledServer(cloud.folder, { url, token }, hasten)
  running.defer(troubled.stop)
  const [host1, host2] = [onHost('host1', root('host1')), onHost('host2', root('host2'))]
  const [watch, troubledWatch] = [watchAlerts(cloud.prometheus), watchAlerts(troubled.prometheus)]
  scene = { cloud, host1, host2, exporters, troubled, watch, troubledWatch }
}, 600_000)
afterAll(() => running.disposeAsync())

async function promtool(words: readonly string[], stdin = ''): Promise<{ stdout: string; stderr: string }> {
  const started = promisify(execFile)('promtool', words, { cwd: deployed })
  started.child.stdin?.end(stdin)
  return started.catch((error: { stdout: string; stderr: string }) => error)
}

test('promtool finds nothing wrong with the configuration and the rules, and their unit tests pass', async () => {
  expect((await promtool(['check', 'config', 'prometheus.yml'])).stderr).toBe('')
  expect((await promtool(['check', 'rules', 'rules/recording.yml', 'rules/alerts.yml'])).stderr).toBe('')
  const tests = (await readdir(join(deployed, 'tests'))).map((file) => `tests/${file}`)
  const { stdout, stderr } = await promtool(['test', 'rules', ...tests])
  expect([stdout.match(/SUCCESS/g)?.length, stderr]).toEqual([tests.length, ''])
}, 600_000)

interface Target {
  labels: Record<string, string>
  health: string
  scrapeUrl: string
}
const targets = async () => (await scene.cloud.prometheus.get<{ activeTargets: Target[] }>('/targets')).activeTargets

test('every target is up: the server, the hosts and the exporter in an instance, each with its labels', async () => {
  const { cloud, exporters } = scene
  const up = async () => {
    const found = await targets()
    return found.length === 4 && found.every(({ health }) => health === 'up')
  }
  await until('all targets are up', up, patienceMs, 250)
  const host = (await cloud.instances()).find(({ name }) => name === 'shop.db')?.host
  const labels = (await targets()).map((target) => target.labels)
  expect(labels.toSorted((a, b) => (`${a.job} ${a.instance}` < `${b.job} ${b.instance}` ? -1 : 1))).toEqual([
    { job: 'slipway-hosts', instance: 'host1', host: 'host1', channel: 'stable' },
    { job: 'slipway-hosts', instance: 'host2', host: 'host2', channel: 'stable' },
    { job: 'slipway-instances', instance: 'shop.db', slipway_instance: 'shop.db', stack: 'shop', host },
    { job: 'slipway-server', instance: new URL(cloud.devstack.url).host },
  ])
  expect([...exporters.asked]).toEqual(['http://10.0.0.50:9100/metrics'])
})

/** What promtool would name otherwise: the first is what dashboards of pf_exporter query, the second counts what pfctl calls counters. */
const keptNames = [
  'pf_state_total non-counter metrics should not have "_total" suffix',
  "pf_counter_total metric name should not include type 'counter'",
]

test('promtool finds nothing wrong with the pages of the server and of hosts, but for two names', async () => {
  const lint = async (url: string) => {
    const { stderr } = await promtool(['check', 'metrics'], await (await fetch(url)).text())
    return stderr.split('\n').filter(Boolean).toSorted()
  }
  expect(await lint(`${scene.cloud.devstack.url}/metrics`)).toEqual([])
  for (const { labels, scrapeUrl } of await targets())
    if (labels.job === 'slipway-hosts') expect(await lint(scrapeUrl)).toEqual(keptNames.toSorted())
})

/** The answer to a query as soon as it has data, and `is` holds of it. */
async function data(expression: string, is: (series: Series[]) => boolean = () => true): Promise<Series[]> {
  let found: Series[] = []
  const ask = async () => {
    found = await scene.cloud.prometheus.query(expression)
    return found.length > 0 && is(found)
  }
  await until(`that ${expression} has data`, ask, patienceMs, 500)
  return found
}

test.each(recording.map(({ record = '' }) => record))('%s has data', async (record) => {
  for (const { labels, points } of await data(record)) {
    expect(points[0]?.[1]).toBeGreaterThanOrEqual(0)
    if (!record.startsWith('instance')) expect(labels.host).toMatch(/^host[12]$/)
  }
})

describe.each(knownDashboards)('the dashboard %s finds what it queries, on both hosts', (name) => {
  test.each(Object.entries(knownDashboard(name).series))('%s', async (metric, labels) => {
    const selector = `${metric}{${labels.map((label) => `${label}!=""`).join(',')}}`
    await data(`group by (host) (${selector})`, (hosts) => hosts.length === 2)
  })
})

test('nothing fires while all is well', async () => {
  const { watch } = scene
  const isQuiet = async () => (await watch.firing()).length === 0
  await until('that nothing fires', isQuiet, patienceMs, 500).catch(() => {})
  expect(await watch.firing()).toEqual([])
})

const settings = 'usr/local/etc/slipway/agent.yaml'

test('SlipwayUpdateHangs, SlipwayComponentUnhealthy, SlipwayRollback, SlipwayHostStuck, SlipwayUpdateFailing: updates that go wrong', async () => {
  const { cloud, host1, host2, watch } = scene
  const publish = (folder: string, version: string) =>
    cloud.run(`publish ${cloud.folder}/data/examples/${folder} --version ${version} --channel stable`)
  const [on1, on2] = [{ host: 'host1' }, { host: 'host2' }]
  const rollback: Expected[] = [
    { alert: 'SlipwayUpdateHangs', labels: on1, says: /^host1 has been .*: (probe|rollback)$/ },
    {
      alert: 'SlipwayComponentUnhealthy',
      labels: on1,
      says: /^host1: compute is not healthy, its check hypervisor fails$/,
    },
    { alert: 'SlipwayRollback', labels: on1, says: /^host1 went back .*: health-check-failed of compute$/ },
  ]
  const stuck: Expected[] = [{ alert: 'SlipwayHostStuck', labels: on2, says: /^host2 is stuck: .* \(\S+, compute\)$/ }]
  const failing: Expected[] = [
    { alert: 'SlipwayUpdateFailing', labels: on1, says: /^host1 cannot take its update: bundle-refused/ },
  ]

  // Of the same release host1 goes back; on host2 the way back fails as well.
  const how = { exitCode: 1, stderr: 'no' }
  await cloud.order('host2', { kind: 'fault', program: 'service', word: 'slipway_compute', times: 1000, how })
  await publish('compute-1.2.0-broken', '1.2.0')
  await Promise.all([...rollback, ...stuck].map((one) => watch.fire([one])))

  await cloud.order('host2', { kind: 'no-faults' })
  await cloud.run(`host release --root ${host2.root}`)
  await host1.edit(settings, (text) => text.replace('update:\n', 'update:\n  maxEntries: 1\n'))
  await host1.service('slipway_agent restart')
  await publish('compute-1.1.0', '1.3.0')
  await watch.fire(failing)
  await watch.clear([...rollback, ...stuck])

  await host1.edit(settings, (text) => text.replace('  maxEntries: 1\n', ''))
  await host1.service('slipway_agent restart')
  await watch.clear(failing)
}, 600_000)

describe.concurrent('troubles beside each other', () => {
  const all = [
    ...cloudTroubles.map((trouble) => ({ ...trouble, watch: () => scene.watch })),
    ...serverTroubles.map((trouble) => ({ ...trouble, watch: () => scene.troubledWatch })),
  ]
  test.each(all)('$alerts: $cause', { timeout: 600_000 }, async ({ expected, make, mend, watch }) => {
    const alerts = await expected(scene)
    await Promise.all([make(scene), watch().fire(alerts)])
    await mend(scene)
    await watch().clear(alerts)
  })
})

test('SlipwayHostSilent, SlipwaySamplesMissing, SlipwayHostCutOff: an agent that is off, a daemon that is off, an agent that does not find the server', async () => {
  const { cloud, host1, host2, watch } = scene
  const off: Expected[] = [
    { alert: 'SlipwayHostSilent', labels: { host: 'host2' }, says: /^host2 is silent: / },
    {
      alert: 'SlipwaySamplesMissing',
      labels: { host: 'host1', component: 'network' },
      says: /^host1: the figures of network are missing/,
    },
  ]
  await Promise.all([host2.service('slipway_agent stop'), host1.service('slipway_network stop')])
  await watch.fire(off)
  await Promise.all([host2.service('slipway_agent start'), host1.service('slipway_network start')])
  await watch.clear(off)

  const cutOff: Expected[] = [
    { alert: 'SlipwayHostCutOff', labels: { host: 'host1' }, says: /^host1 does not reach the server, which runs/ },
  ]
  // The page stays where it is: the server, which tells Prometheus, will not hear of another address.
  const { metricsAddress } = JSON.parse(await cloud.run('host show host1 --json')).report
  await host1.edit(settings, (text) =>
    text.replace('127.0.0.1:0', metricsAddress).replace(/^server: .*$/m, 'server: http://127.0.0.1:1'),
  )
  await host1.service('slipway_agent restart')
  await watch.fire(cutOff)
  await host1.edit(settings, (text) => text.replace(/^server: .*$/m, `server: ${cloud.devstack.url}`))
  await host1.service('slipway_agent restart')
  await watch.clear(cutOff)
}, 600_000)

test('SlipwayNetworkBehind, SlipwayNetworkOnTrial, SlipwayNetworkRefused, SlipwayServerDown: rules that do not come into force, and a server that falls silent', async () => {
  const { cloud, host1, host2, watch } = scene
  const apply = async (port: number) => {
    const rule = `      - {direction: in, protocol: tcp, ports: ${port}}\n`
    await cloud.run(`apply -f ${await shopFile(cloud.folder, rule)} --yes --no-wait`)
  }
  const notLoaded: Expected[] = [
    { alert: 'SlipwayNetworkBehind', labels: { host: 'host2' }, says: /^host2: the networks that it should have/ },
    {
      alert: 'SlipwayNetworkRefused',
      labels: { host: 'host2' },
      says: /^host2 refuses generation \d+ of its networks/,
    },
  ]
  const how = { exitCode: 1, stderr: 'no' }
  await cloud.order('host2', { kind: 'fault', program: 'pfctl', times: 1_000_000, how })
  await apply(8001)
  await Promise.all(notLoaded.map((one) => watch.fire([one])))
  await cloud.order('host2', { kind: 'no-faults' })
  await cloud.run(`host clear-rejected --root ${host2.root}`)
  await watch.clear(notLoaded)

  const onTrial: Expected[] = [
    { alert: 'SlipwayNetworkOnTrial', labels: { host: 'host1' }, says: /^host1: its networks have been on trial/ },
    { alert: 'SlipwayServerDown', says: /^The Slipway server 127\.0\.0\.1:\d+ does not answer$/ },
  ]
  const refused: Expected[] = [
    {
      alert: 'SlipwayNetworkRefused',
      labels: { host: 'host1' },
      says: /^host1 refuses generation \d+ of its networks/,
    },
  ]
  const network = Number(await readFile(host1.file('var/run/slipway/slipway_network.pid'), 'utf8'))
  const desired = () => readFile(host1.file('var/db/slipway/desired/network.json'), 'utf8')
  try {
    // The new rules reach the host; before they are in force the server falls silent, as it does when they cut the host off.
    process.kill(network, 'SIGSTOP')
    await apply(8002)
    await until('the host has what is desired', async () => (await desired()).includes('8002'), patienceMs)
    process.kill(cloud.devstack.serverPid, 'SIGSTOP')
    process.kill(network, 'SIGCONT')
    await Promise.all([watch.fire(onTrial), watch.fire(refused)])
  } finally {
    for (const pid of [network, cloud.devstack.serverPid]) process.kill(pid, 'SIGCONT')
  }
  await watch.clear(onTrial)
  await cloud.run(`host clear-rejected --root ${host1.root}`)
  await watch.clear(refused)
}, 600_000)

test('every alert has fired and cleared, but those whose cause cannot be made here', () => {
  const seen = new Set([...scene.watch.seen, ...scene.troubledWatch.seen])
  const names = alerting.map(({ alert = '' }) => alert)
  expect(names.filter((name) => !seen.has(name))).toEqual(Object.keys(notMade))
})

test('every series that a rule or a summary asks for is there', async () => {
  const names = new Set<string>()
  for (const { prometheus } of [scene.cloud, scene.troubled])
    for (const name of await prometheus.get<string[]>('/label/__name__/values')) names.add(name)
  const texts = [...recording, ...alerting].flatMap(({ expr, annotations }) => [expr, annotations?.summary ?? ''])
  // What compute did not understand was told above; nothing here makes network meet such a line.
  names.add('slipway_network_unread_lines_total')
  const series = /\b(?:(?:slipway|pf|xen|libvirt)_[a-z0-9_]+|[a-z_]+:[a-z_]+:[a-z0-9_]+)/g
  const asked = new Set(texts.flatMap((text) => text.match(series) ?? []))
  expect(asked.size).toBeGreaterThan(40)
  expect([...asked].filter((name) => !names.has(name))).toEqual([])
})
