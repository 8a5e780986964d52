import { joinPages } from '../monitor/join-pages.ts'
import { exposition, type MetricFamily } from '../monitor/samples.ts'
import type { SamplesPage } from '../monitor/samples-page.ts'
import type { Log } from '../platform/log.ts'
import type { Metrics } from '../platform/metrics.ts'
import type { ComponentSamples } from './daemons.ts'

export interface MetricsPageParts {
  registry: Metrics
  samples(): Promise<ComponentSamples[]>
  log: Log
}

/**
 * The page of the host: the agent's own rows and those of the host's daemons, each family once. Whoever asks while it is being made gets the same, so
 * that many scrapers cost the daemons no more than one.
 */
export function openMetricsPage({ registry, samples, log }: MetricsPageParts): () => Promise<SamplesPage[]> {
  let making: Promise<SamplesPage[]> | undefined
  let told = ''

  async function make(): Promise<SamplesPage[]> {
    const components = await samples()
    const own = `${await registry.metrics()}${exposition([answered(components)])}`
    const sources = components.flatMap(({ source }) => source ?? [])
    const { pages, problems } = await joinPages([{ source: 'agent', text: own }, ...sources])
    tell([...components.flatMap(({ problem }) => problem ?? []), ...problems])
    return pages
  }

  /** Once, not at every scrape. */
  function tell(problems: readonly string[]): void {
    const text = problems.join('\n')
    if (text !== told && text !== '') log.warn({ problems }, 'samples were left out of the metrics page')
    told = text
  }

  return () => {
    making ??= make().finally(() => {
      making = undefined
    })
    return making
  }
}

function answered(components: readonly ComponentSamples[]): MetricFamily {
  return {
    name: 'slipway_agent_samples_success',
    help: 'Whether the samples of a component are on this page; 0 when it did not answer, or with what cannot be read.',
    type: 'gauge',
    rows: components.map(({ component, source }) => ({ labels: { component }, value: source ? 1 : 0 })),
  }
}
