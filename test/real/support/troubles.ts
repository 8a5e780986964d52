import { until } from '../../support/processes.ts'
import type { AlertWatch, Expected } from './alert-watch.ts'
import type { InstanceExporters } from './instance-exporters.ts'
import { type MonitoredDevstack, patienceMs } from './monitored-devstack.ts'
import type { OnHost } from './on-host.ts'
import type { TroubledServer } from './troubled-server.ts'

/** What troubles are made to. */
export interface Scene {
  cloud: MonitoredDevstack
  host1: OnHost
  host2: OnHost
  exporters: InstanceExporters
  troubled: TroubledServer
  /** The alerts of the devstack's Prometheus, and of the troubled server's. */
  watch: AlertWatch
  troubledWatch: AlertWatch
}

/** Something that goes wrong, which can be made and mended while others are. */
export interface Trouble {
  alerts: string
  cause: string
  expected(scene: Scene): Promise<Expected[]> | Expected[]
  make(scene: Scene): Promise<unknown>
  mend(scene: Scene): Promise<unknown>
}

async function hostOf({ cloud }: Scene, name: string): Promise<string> {
  const host = (await cloud.instances()).find((instance) => instance.name === name)?.host
  if (host === undefined) throw new Error(`there is no ${name}`)
  return host
}

const undo = new Map<string, () => Promise<void>>()

/** Of instances, hosts and networks: the devstack's Prometheus tells of them. */
export const cloudTroubles: readonly Trouble[] = [
  {
    alerts: 'SlipwayInstanceDown, SlipwayInstanceCrashLoop',
    cause: 'a guest that crashes again and again',
    async expected(scene) {
      const host = await hostOf(scene, 'shop.db')
      const labels = { host, instance_name: 'shop.db' }
      return [
        { alert: 'SlipwayInstanceDown', labels, says: RegExp(`^shop\\.db on ${host} is down: it is `) },
        {
          alert: 'SlipwayInstanceCrashLoop',
          labels,
          says: RegExp(`^shop\\.db on ${host} ended by itself .* [3-9] times`),
        },
      ]
    },
    async make(scene) {
      const host = await hostOf(scene, 'shop.db')
      const crash = () => scene.cloud.order(host, { kind: 'guest', name: 'shop.db', does: 'crash' })
      const restarts = async () =>
        (await scene.cloud.prometheus.query('slipway_instance_restarts_total{instance_name="shop.db"}'))[0]
          ?.points[0]?.[1]
      // There is no guest to crash while compute waits before the next start.
      const again = async () => {
        await crash().catch(() => {})
        return ((await restarts()) ?? 0) >= 4
      }
      await until('four restarts', again, patienceMs, 300)
    },
    mend: async () => {},
  },
  {
    alerts: 'SlipwayInstanceExporterDown',
    cause: 'an exporter in an instance that answers no more',
    expected: () => [
      {
        alert: 'SlipwayInstanceExporterDown',
        labels: { instance: 'shop.db' },
        says: /^The exporter inside of shop\.db on host/,
      },
    ],
    make: async ({ exporters }) => exporters.answer(false),
    mend: async ({ exporters }) => exporters.answer(true),
  },
  {
    alerts: 'SlipwayPfDisabled',
    cause: 'pfctl -d',
    expected: () => [{ alert: 'SlipwayPfDisabled', labels: { host: 'host1' }, says: /^host1: PF is off/ }],
    make: ({ host1 }) => host1.pfctl('-d'),
    mend: ({ host1 }) => host1.pfctl('-e'),
  },
  {
    alerts: 'SlipwayPfStatesNearLimit',
    cause: 'a limit of states in pf.conf that is nearly reached',
    expected: () => [
      {
        alert: 'SlipwayPfStatesNearLimit',
        labels: { host: 'host2' },
        says: /^host2: PF's state table is [\d.]+% full$/,
      },
    ],
    async make({ host2 }) {
      const states = (await host2.pfctl('-s states')).split('\n').length
      await host2.edit('etc/pf.conf', (text) => `set limit states ${Math.ceil(states * 1.1)}\n${text}`)
      await host2.service('pf reload')
    },
    async mend({ host2 }) {
      await host2.edit('etc/pf.conf', (text) => text.replace(/^set limit states .*\n/, ''))
      await host2.service('pf reload')
    },
  },
  {
    alerts: 'SlipwayPfDrift, SlipwayPfDriftRemains',
    cause: 'somebody who empties an anchor of ours',
    expected: () => [
      { alert: 'SlipwayPfDrift', labels: { host: 'host2' }, says: /^host2: somebody else changed/ },
      {
        alert: 'SlipwayPfDriftRemains',
        labels: { host: 'host2' },
        says: /^host2: the PF anchor org\.openstack\/sg /,
      },
    ],
    make: ({ host2 }) => host2.pfctl('-a org.openstack/sg -F rules'),
    mend: async () => {},
  },
  {
    alerts: 'SlipwayBlockedPacketsSurge',
    cause: 'a scan of a floating IP',
    async expected(scene) {
      const host = await hostOf(scene, 'shop.front-0')
      const says = RegExp(`^${host} blocks .* packets a second, far more than in the hour before, most of them for `)
      return [{ alert: 'SlipwayBlockedPacketsSurge', labels: { host }, says }]
    },
    async make(scene) {
      const host = await hostOf(scene, 'shop.front-0')
      const packet = { from: 'outside', source: '203.0.113.66', to: '192.0.2.129', protocol: 'tcp', single: true }
      const knock = (port: number) => scene.cloud.packet(host, { ...packet, port })
      for (let round = 0; round < 20; round++)
        await Promise.all(Array.from({ length: 100 }, (_, at) => knock(1000 + round * 100 + at)))
    },
    mend: async () => {},
  },
  {
    alerts: 'SlipwayCollectorFailing',
    cause: 'a program that fails',
    expected: () => [
      {
        alert: 'SlipwayCollectorFailing',
        labels: { host: 'host1', program: 'compute', collector: 'disks' },
        says: /^host1: compute cannot take its sample disks/,
      },
    ],
    make: ({ cloud }) =>
      cloud.order('host1', { kind: 'fault', program: 'iostat', times: 1000, how: { exitCode: 1, stderr: 'no' } }),
    mend: ({ cloud }) => cloud.order('host1', { kind: 'no-faults' }),
  },
  {
    alerts: 'SlipwayUnreadLines',
    cause: 'a program that prints what nobody knows',
    expected: () => [
      {
        alert: 'SlipwayUnreadLines',
        labels: { host: 'host2', program: 'compute' },
        says: /^host2: compute does not understand all that iostat/,
      },
    ],
    async make({ host2 }) {
      undo.set('iostat', await host2.wrap('usr/sbin/iostat', '"$program" "$@"; echo frobnicated'))
    },
    async mend({ host2 }) {
      await undo.get('iostat')?.()
      await host2.service('slipway_compute restart')
    },
  },
  {
    alerts: 'SlipwayPoolNearlyFull',
    cause: 'a volume that takes what is left',
    expected: () => [
      {
        alert: 'SlipwayPoolNearlyFull',
        labels: { host: 'host2', pool: 'zroot' },
        says: /^host2: the pool zroot is (8[5-9]|9\d)(\.\d+)?% full$/,
      },
    ],
    make: ({ host2 }) => host2.run('sbin/zfs', 'create -V 55G zroot/ballast'),
    mend: ({ host2 }) => host2.run('sbin/zfs', 'destroy zroot/ballast'),
  },
  {
    alerts: 'SlipwayPoolUnhealthy',
    cause: 'a disk that is gone',
    expected: () => [
      {
        alert: 'SlipwayPoolUnhealthy',
        labels: { host: 'host1', pool: 'zroot' },
        says: /^host1: the pool zroot is degraded/,
      },
    ],
    make: ({ cloud }) => cloud.order('host1', { kind: 'pool', name: 'zroot', health: 'DEGRADED' }),
    mend: ({ cloud }) => cloud.order('host1', { kind: 'pool', name: 'zroot', health: 'ONLINE' }),
  },
]

let asking: NodeJS.Timeout | undefined

/** Of a server, and of Prometheus itself. */
export const serverTroubles: readonly Trouble[] = [
  {
    alerts: 'SlipwayDiscoveryFailing',
    cause: 'a token of Prometheus that is none',
    expected: () => [
      { alert: 'SlipwayDiscoveryFailing', says: /^Prometheus finds no host, though the server has 2: / },
    ],
    make: async () => {},
    mend: ({ troubled }) => troubled.giveToken(),
  },
  {
    alerts: 'SlipwayCertificateExpiring',
    cause: 'a certificate for five more days',
    expected: () => [{ alert: 'SlipwayCertificateExpiring', says: /^The certificate of 127\.0\.0\.1:\d+ ends in 4d / }],
    make: async () => {},
    mend: ({ troubled }) => troubled.renewCertificate(),
  },
  {
    alerts: 'SlipwayServerDiskNearlyFull',
    cause: 'a full disk of the server',
    expected: ({ troubled }) => [
      {
        alert: 'SlipwayServerDiskNearlyFull',
        labels: { instance: new URL(troubled.url).host },
        says: /has \d(\.\d+)?% left$/,
      },
    ],
    make: ({ troubled }) => troubled.fillDisk(),
    mend: ({ troubled }) => troubled.clearDisk(),
  },
  {
    alerts: 'SlipwayJobFailing, SlipwayServerErrors',
    cause: 'a database that lacks two tables',
    expected: () => [
      {
        alert: 'SlipwayJobFailing',
        labels: { task: 'expire-operations' },
        says: /^The task expire-operations of the Slipway server 127\.0\.0\.1:\d+ fails$/,
      },
      {
        alert: 'SlipwayServerErrors',
        says: /^The Slipway server 127\.0\.0\.1:\d+ answers [\d.]+% of all requests with an error of its own$/,
      },
    ],
    async make({ troubled }) {
      troubled.loseTables()
      asking = setInterval(() => troubled.ask('/api/v1/audit').catch(() => {}), 300)
    },
    async mend({ troubled }) {
      clearInterval(asking)
      troubled.findTables()
    },
  },
]
