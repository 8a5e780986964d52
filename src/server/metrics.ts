import type { FastifyInstance } from 'fastify'
import { Counter, Gauge, Histogram } from 'prom-client'
import { listInstances } from '../cloud/instances.ts'
import type { Db } from '../database/open.ts'
import { listHosts, readHosts } from '../fleet/hosts.ts'
import type { Metrics } from '../platform/metrics.ts'

export interface MetricsOptions {
  db: Db
  metrics: Metrics
  version: string
  hostSilentSeconds: number
}

/** `/metrics` in the Prometheus text format. It tells counts and no names of hosts or people, so it asks for no token. */
export function metricsRoute(app: FastifyInstance, { db, metrics, version, hostSilentSeconds }: MetricsOptions): void {
  const requests = new Counter({
    name: 'slipway_http_requests_total',
    help: 'HTTP requests answered, by method and status code.',
    labelNames: ['method', 'code'],
    registers: [metrics],
  })
  const latency = new Histogram({
    name: 'slipway_http_method_latency_seconds',
    help: 'Time from a request to the last byte of its answer, by method.',
    labelNames: ['method'],
    buckets: [0.005, 0.05, 0.5, 5, 50, 500],
    registers: [metrics],
  })
  app.addHook('onResponse', async ({ method }, reply) => {
    requests.inc({ method, code: reply.statusCode })
    latency.observe({ method }, reply.elapsedTime / 1000)
  })

  new Gauge({
    name: 'slipway_info',
    help: 'Always 1; the labels say which program this is.',
    labelNames: ['version', 'node'],
    registers: [metrics],
  }).set({ version, node: process.version }, 1)

  new Gauge({
    name: 'slipway_hosts',
    help: 'Hosts by the version of a component that they run, their channel and how they stand.',
    labelNames: ['component', 'version', 'channel', 'state'],
    registers: [metrics],
    async collect() {
      this.reset()
      for (const host of await listHosts(db, { now: new Date(), silentSeconds: hostSilentSeconds })) {
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
    registers: [metrics],
    async collect() {
      this.reset()
      for (const host of await listHosts(db, { now: new Date(), silentSeconds: hostSilentSeconds }))
        this.inc({ channel: host.channel, state: host.condition })
    },
  })

  new Gauge({
    name: 'slipway_instances',
    help: 'Instances by the state that their host reports; unknown when it is silent, pending before it said anything.',
    labelNames: ['stack', 'state'],
    registers: [metrics],
    async collect() {
      this.reset()
      const hosts = await readHosts(db, { now: new Date(), silentSeconds: hostSilentSeconds })
      for (const { stack, state } of await listInstances(db, hosts)) this.inc({ stack, state })
    },
  })

  const updates = new Counter({
    name: 'slipway_host_updates_total',
    help: 'Updates that hosts have ended, by result; reason and component are those of the failure, empty when committed.',
    labelNames: ['result', 'reason', 'component'],
    registers: [metrics],
    async collect() {
      this.reset()
      const rows = await db
        .selectFrom('host_updates')
        .select((e) => ['result', 'reason', 'component', e.fn.countAll<number>().as('count')])
        .groupBy(['result', 'reason', 'component'])
        .execute()
      for (const { result, reason, component, count } of rows)
        updates.inc({ result, reason: reason ?? '', component: component ?? '' }, count)
    },
  })

  app.get('/metrics', async (_request, reply) => reply.type(metrics.contentType).send(await metrics.metrics()))
}
