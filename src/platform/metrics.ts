import { collectDefaultMetrics, Registry } from 'prom-client'

/** A program's own metrics: one registry a program, passed to whoever counts something. Names begin with `slipway_`. */
export type Metrics = Registry

export function openMetrics(): Metrics {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  // Sums, named as counters, of what stands beside them by type; `promtool check metrics` finds fault with them.
  for (const what of ['handles', 'requests', 'resources']) registry.removeSingleMetric(`nodejs_active_${what}_total`)
  return registry
}
