import type { Dashboard, Panel } from '@grafana/grafana-foundation-sdk/dashboard'
import type { Dataquery } from '@grafana/grafana-foundation-sdk/prometheus'
import type { Prometheus, Series } from '../../support/prometheus.ts'
import {
  annotationsOf,
  labelVariablesOf,
  panelsOf,
  type Question,
  queriesOf,
} from '../../support/shipped-dashboards.ts'
import type { ChartData } from './charts-page.ts'

/** What a reader has chosen where one value must be: `host` and `instance`. Where many may be, all are. */
export type Choices = Readonly<Record<string, string>>

/** Puts values for variables, as Grafana does before it asks. */
export function fillIn(expression: string, { templating }: Dashboard, choices: Choices): string {
  const variables = (templating.list ?? []).map(({ name, allValue }) => [name, allValue ?? choices[name]] as const)
  const values = new Map<string, string | undefined>([
    ...variables,
    // Four times the shipped interval of scrapes, as Grafana takes it.
    ['__rate_interval', '60s'],
    ['__range', '15m'],
  ])
  return expression.replaceAll(/\$([a-z_]\w*)/g, (_, name: string) => {
    const value = values.get(name)
    if (value === undefined) throw new Error(`nothing is chosen for $${name} in ${expression}`)
    return value
  })
}

/** All that a dashboard asks Prometheus, one by one. */
export function questionsOf(dashboard: Dashboard, choices: Choices): (Question & { instant: boolean })[] {
  const panels = panelsOf(dashboard).flatMap(({ row, panel }) =>
    queriesOf(panel).map(({ refId, expr, instant = false }) => ({
      place: `${row} / ${panel.title} (${panel.type}) ${refId}`,
      expression: expr,
      instant,
    })),
  )
  const marks = annotationsOf(dashboard).map((mark) => ({ ...mark, instant: false }))
  return [...panels, ...marks].map((asked) => ({ ...asked, expression: fillIn(asked.expression, dashboard, choices) }))
}

/** What each variable offers. */
export async function offersOf(
  dashboard: Dashboard,
  choices: Choices,
  prometheus: Prometheus,
): Promise<Record<string, string[]>> {
  const offers = labelVariablesOf(dashboard).map(async ({ name, series, label }) => {
    const matching = { 'match[]': fillIn(series, dashboard, choices) }
    return [name, await prometheus.get<string[]>(`/label/${label}/values`, matching)] as const
  })
  return Object.fromEntries(await Promise.all(offers))
}

export interface Span {
  start: number
  end: number
  stepSeconds: number
}

/** The data of each panel over a time, as the charts of the web UI take it. */
export async function chartsOf(
  dashboard: Dashboard,
  choices: Choices,
  prometheus: Prometheus,
  span: Span,
): Promise<ChartData[]> {
  return Promise.all(
    panelsOf(dashboard).map(async ({ panel }): Promise<ChartData> => {
      const unit = panel.fieldConfig?.defaults.unit ?? ''
      const lines = queriesOf(panel).map(async (query) => {
        const series = await prometheus.queryRange(fillIn(query.expr, dashboard, choices), span)
        return series.map((one) => ({
          name: nameOf(one, query, columnsOf(panel)),
          points: one.points.map(inUnit(unit)),
        }))
      })
      const title = fillIn(panel.title ?? '', dashboard, choices)
      return { title, unit: chartUnit(unit), series: (await Promise.all(lines)).flat() }
    }),
  )
}

/** A row of a table is called by what stands in its columns. */
function nameOf({ labels }: Series, { legendFormat = '' }: Dataquery, columns: readonly string[]): string {
  if (legendFormat === '__auto') return columns.flatMap((label) => labels[label] ?? []).join(' ')
  return legendFormat.replaceAll(/\{\{(\w+)\}\}/g, (_, label: string) => labels[label] ?? '')
}

/** The labels that a table shows. */
function columnsOf({ transformations = [] }: Panel): string[] {
  const filter = transformations.find(({ id }) => id === 'filterFieldsByName')
  return filter?.options.include.names ?? []
}

/** A moment is drawn as how long ago it was. */
const inUnit =
  (unit: string) =>
  ([at, value]: readonly [number, number]) =>
    [at, unit.startsWith('dateTime') ? at - value / 1000 : value] as const

/** @throws Error for a unit of Grafana's that no chart of ours has */
function chartUnit(unit: string): string {
  const known: Readonly<Record<string, string>> = {
    none: 'count',
    short: 'count',
    percentunit: 'ratio',
    bytes: 'bytes',
    binBps: 'bytes-per-second',
    pps: 'per-second',
    ops: 'per-second',
    iops: 'per-second',
    reqps: 'per-second',
    s: 'seconds',
    dateTimeAsIso: 'seconds',
    dateTimeFromNow: 'seconds',
  }
  const found = known[unit]
  if (found === undefined) throw new Error(`no chart of the web UI has the unit ${unit}`)
  return found
}
