import type { FastifyInstance } from 'fastify'
import { Counter, Gauge, Histogram } from 'prom-client'
import type { Metrics } from '../platform/metrics.ts'

/** `/metrics` in the Prometheus text format. It tells counts and no names of hosts or people, so it asks for no token. */
export function metricsRoute(app: FastifyInstance, { metrics, version }: { metrics: Metrics; version: string }): void {
  const registers = [metrics]
  const requests = new Counter({
    name: 'slipway_http_requests_total',
    help: 'HTTP requests answered, by method and status code.',
    labelNames: ['method', 'code'],
    registers,
  })
  const latency = new Histogram({
    name: 'slipway_http_method_latency_seconds',
    help: 'Time from a request to the last byte of its answer, by method.',
    labelNames: ['method'],
    buckets: [0.005, 0.05, 0.5, 5, 50, 500],
    registers,
  })
  app.addHook('onResponse', async ({ method }, reply) => {
    requests.inc({ method, code: reply.statusCode })
    latency.observe({ method }, reply.elapsedTime / 1000)
  })

  new Gauge({
    name: 'slipway_info',
    help: 'Always 1; the labels say which program this is.',
    labelNames: ['version', 'node'],
    registers,
  }).set({ version, node: process.version }, 1)

  app.get('/metrics', async (_request, reply) => reply.type(metrics.contentType).send(await metrics.metrics()))
}
