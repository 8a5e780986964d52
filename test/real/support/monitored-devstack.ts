import { mkdir, mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { CloudInstance } from '../../../src/contract/cloud-instance.ts'
import type { NetworkDetail } from '../../../src/contract/network-view.ts'
import type { Order } from '../../../src/devstack/orders.ts'
import type { PacketAnswer, PacketOrder } from '../../../src/devstack/pf/send-packet.ts'
import { sendOrder } from '../../../src/devstack/send-order.ts'
import { type DevstackProcess, startDevstack } from '../../support/devstack-process.ts'
import { until } from '../../support/processes.ts'
import { type Prometheus, startPrometheus } from '../../support/prometheus.ts'
import { type Rule, shippedConfig } from '../../support/shipped-prometheus.ts'
import { slipway } from '../../support/slipway.ts'

/** A devstack of two hosts whose daemons take samples every second, and a real Prometheus that scrapes it by service discovery. */
export interface MonitoredDevstack {
  folder: string
  devstack: DevstackProcess
  prometheus: Prometheus
  /** Runs the command with a token that may do all; answers what it prints. @throws Error when it ends otherwise than with 0 */
  run(words: string): Promise<string>
  order(host: string, order: Order): Promise<string>
  packet(host: string, packet: PacketOrder): Promise<PacketAnswer>
  /** The instances of the example stack, each with its host. */
  instances(): Promise<CloudInstance[]>
  stop(): Promise<void>
}

const agentYaml = `metrics:
  listen: "127.0.0.1:0"
reportSeconds: 1
update:
  probeIntervalSeconds: 0.2
  probeDeadlineSeconds: 8
  confirmSeconds: 30
`
const networkYaml = 'sampleSeconds: 1\nmetadata: false\npollSeconds: 2\nconfirmSeconds: 20\n'

/** Other programs may be at work on the machine. */
export const patienceMs = 90_000

export async function startMonitoredDevstack(
  options: { hasten?: (rule: Rule) => Rule; instancesProxy?: string } = {},
): Promise<MonitoredDevstack> {
  await using starting = new AsyncDisposableStack()
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'slw-')))
  starting.defer(() => rm(folder, { recursive: true }))
  for (const host of ['host1', 'host2']) {
    const settings = join(folder, 'data/hosts', host, 'usr/local/etc/slipway')
    await mkdir(settings, { recursive: true })
    await writeFile(join(settings, 'agent.yaml'), agentYaml)
    await writeFile(join(settings, 'compute.yaml'), 'sampleSeconds: 1\n')
    await writeFile(join(settings, 'network.yaml'), networkYaml)
  }
  const devstack = await startDevstack(folder)
  starting.defer(devstack.stop)
  const { url } = devstack

  async function run(words: string): Promise<string> {
    const env = { SLIPWAY_URL: url, SLIPWAY_TOKEN: devstack.token }
    const { exitCode, stdout, stderr } = await slipway(words.split(' '), { env, home: folder })
    if (exitCode !== 0) throw new Error(`slipway ${words} ended with ${exitCode}: ${stderr}`)
    return stdout
  }

  const token = (await run('token create prometheus --role viewer')).trim()
  const config = await shippedConfig({ folder, url, token, ...options })
  const prometheus = await startPrometheus({ folder, config })
  starting.defer(prometheus.stop)
  const started = starting.move()
  return {
    folder,
    devstack,
    prometheus,
    run,
    order: (host, order) => sendOrder(devstack.root(host), order),
    packet: async (host, packet) =>
      JSON.parse(await sendOrder(devstack.root(host), { kind: 'packet', ...packet })) as PacketAnswer,
    instances: async () => JSON.parse(await run('instance list --json')) as CloudInstance[],
    stop: () => started.disposeAsync(),
  }
}

/** Applies the example stack, in which the database has an exporter, and lets its guests take their addresses. */
export async function applyShop({ folder, run, order }: MonitoredDevstack): Promise<void> {
  await run(`image push guest ${folder}/data/examples/guest.raw --version 1.0.0`)
  await run(`apply -f ${await shopFile(folder)} --yes`)
  const { attachments } = JSON.parse(await run('network show shop.lan --json')) as NetworkDetail
  for (const { instance, host, addresses } of attachments)
    await order(host, { kind: 'take-addresses', guest: instance, nic: 0, addresses })
}

/** The example stack, with an exporter in its database, and with another rule for its web servers. */
export async function shopFile(folder: string, moreWebRules = ''): Promise<string> {
  const shop = await readFile(join(folder, 'data/examples/shop.yaml'), 'utf8')
  const file = join(folder, 'shop.yaml')
  const text = shop
    .replace(
      '  - name: db\n    flavor: small\n',
      '  - name: db\n    flavor: small\n    labels: {metrics.port: "9100"}\n',
    )
    .replace('      - {direction: in, protocol: icmp}\n', `$&${moreWebRules}`)
  await writeFile(file, text)
  return file
}

/** What somebody outside gets from the floating IP of the example stack: web pages, and no more. `times` each. */
export async function visitShop({ instances, packet }: MonitoredDevstack, times = 10): Promise<void> {
  const front = (await instances()).find(({ name }) => name === 'shop.front-0')
  if (!front?.host) throw new Error('shop.front-0 is on no host')
  for (let time = 0; time < times; time++)
    for (const port of [80, 443])
      await packet(front.host, { from: 'outside', source: '203.0.113.7', to: '192.0.2.129', protocol: 'tcp', port })
}

/** Publishes an example of compute to the hosts' channel: 1.1.0 is kept, 1.2.0 is rolled back. Answers when all hosts have ended the update. */
export async function publishCompute(
  { folder, run, prometheus }: MonitoredDevstack,
  version: '1.1.0' | '1.2.0',
): Promise<void> {
  const broken = version === '1.2.0'
  await run(
    `publish ${folder}/data/examples/compute-${version}${broken ? '-broken' : ''} --version ${version} --channel stable`,
  )
  const expected = broken
    ? 'slipway_rollbacks_total > 0'
    : `slipway_component_info{component="compute",version="1.1.0"}`
  await until(
    `both hosts have ended the update to ${version}`,
    async () => new Set((await prometheus.query(expected)).map(({ labels }) => labels.host)).size === 2,
    patienceMs,
    250,
  )
}
