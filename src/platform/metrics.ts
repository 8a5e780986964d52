import { collectDefaultMetrics, Registry } from 'prom-client'

/** A program's own metrics: one registry a program, passed to whoever counts something. Names begin with `slipway_`. */
export type Metrics = Registry

export function openMetrics(): Metrics {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  return registry
}
