import { Counter, Gauge } from 'prom-client'
import { countStates } from '../cloud/instances.ts'
import { updateResults } from '../contract/update.ts'
import type { Db } from '../database/open.ts'
import type { HostChanges } from '../fleet/changes.ts'
import { listPointers } from '../fleet/channels.ts'
import { countSamples } from '../fleet/history.ts'
import { countUpdates, readHosts } from '../fleet/hosts.ts'
import type { Metrics } from '../platform/metrics.ts'
import { sharedReading } from './shared-reading.ts'

export interface FleetMetricsOptions {
  db: Db
  changes: Pick<HostChanges, 'waiting'>
  metrics: Metrics
  hostSilentSeconds: number
}

/** Each scrape asks once for all that follows, and several servers of Prometheus that ask at the same time are told the same. */
const maxAgeMs = 2000

/** What the fleet and the cloud count. It is read when somebody asks. */
export function fleetMetrics({ db, changes, metrics, hostSilentSeconds }: FleetMetricsOptions): void {
  const registers = [metrics]
  const read = sharedReading(maxAgeMs, async () => {
    const hosts = await readHosts(db, { now: new Date(), silentSeconds: hostSilentSeconds })
    return { hosts, states: await countStates(db, hosts) }
  })

  new Gauge({
    name: 'slipway_hosts',
    help: 'Hosts by the version of a component that they run, their channel and how they stand.',
    labelNames: ['component', 'version', 'channel', 'state'],
    registers,
    async collect() {
      const { hosts } = await read()
      this.reset()
      for (const host of hosts) {
        const running = Object.entries(host.versions)
        // A host that runs nothing yet still counts.
        for (const [component, version] of running.length > 0 ? running : ([['', '']] as const))
          this.inc({ component, version, channel: host.channel, state: host.condition })
      }
    },
  })

  new Gauge({
    name: 'slipway_hosts_enrolled',
    help: 'Hosts by channel and how they stand.',
    labelNames: ['channel', 'state'],
    registers,
    async collect() {
      const { hosts } = await read()
      this.reset()
      for (const { channel, condition } of hosts) this.inc({ channel, state: condition })
    },
  })

  new Gauge({
    name: 'slipway_instances',
    help: 'Instances by the state that their host reports; unknown when it is silent, pending before it said anything.',
    labelNames: ['stack', 'state'],
    registers,
    async collect() {
      const { states } = await read()
      this.reset()
      for (const { stack, state, count } of states) this.set({ stack, state }, count)
    },
  })

  new Counter({
    name: 'slipway_host_updates_total',
    help: 'Updates that hosts have ended, by result; reason and component are those of the failure, empty when committed.',
    labelNames: ['result', 'reason', 'component'],
    registers,
    async collect() {
      const counts = await countUpdates(db)
      this.reset()
      // So that the first of each result is seen to happen.
      for (const result of updateResults) this.inc({ result, reason: '', component: '' }, 0)
      for (const { result, reason, component, count } of counts) this.inc({ result, reason, component }, count)
    },
  })

  new Gauge({
    name: 'slipway_channel_moved_timestamp_seconds',
    help: 'When a channel came to the version of a component that it points to, in seconds since 1970.',
    labelNames: ['channel', 'component', 'version'],
    registers,
    async collect() {
      const pointers = await listPointers(db)
      this.reset()
      for (const { channel, component, version, promotedAt } of pointers)
        this.set({ channel, component, version }, Date.parse(promotedAt) / 1000)
    },
  })

  new Gauge({
    name: 'slipway_hosts_waiting',
    help: 'Hosts that wait at this server until something changes for them.',
    registers,
    collect() {
      this.set(changes.waiting)
    },
  })

  new Gauge({
    name: 'slipway_history_points',
    help: 'Samples of hosts that are kept for the charts of the page, one a minute and host.',
    registers,
    async collect() {
      this.set(await countSamples(db))
    },
  })
}
