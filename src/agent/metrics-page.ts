import { type Exposition, mergeExpositions } from '../monitor/merge.ts'
import type { Metrics } from '../platform/metrics.ts'
import type { Answer } from '../platform/serve.ts'

/** The agent's `/metrics`: its own rows and those of the host's daemons, each family once. Prometheus text format 0.0.4. */
export async function metricsPage(registry: Metrics, samples: () => Promise<Exposition[]>): Promise<Answer> {
  const own: Exposition = { source: 'agent', text: await registry.metrics() }
  return {
    contentType: 'text/plain; version=0.0.4; charset=utf-8',
    body: mergeExpositions([own, ...(await samples())]).text,
  }
}
