import type { Builder } from '@grafana/grafana-foundation-sdk/cog'
import type {
  DashboardLinkBuilder,
  Panel,
  ThresholdsConfigBuilder,
  ValueMapping,
} from '@grafana/grafana-foundation-sdk/dashboard'
import { DataqueryBuilder, PromQueryFormat } from '@grafana/grafana-foundation-sdk/prometheus'

/** The Prometheus that a reader has chosen. */
export const datasource = { type: 'prometheus', uid: '$datasource' }

export interface Query {
  /** PromQL; `$__rate_interval` and the dashboard's variables are filled in by Grafana. */
  expr: string
  /** What a line is called: `{{label}}` stands for its value. */
  legend: string
}

/** What every panel has. */
export interface PanelWords {
  title: string
  /** What it means, and what to do when it is not as it should be. */
  description: string
  queries: readonly Query[]
  /** An id of Grafana's: "bytes", "percentunit", "s", … */
  unit: string
  /** Of the 24 columns of a line. */
  width: number
  height?: number
  /** What a value is, in colour; see palette.ts. */
  thresholds?: ThresholdsConfigBuilder
  mappings?: readonly ValueMapping[]
  /** Where a click on a value leads to. */
  link?: DashboardLinkBuilder
  /** Said where there is nothing. */
  empty?: string
  /** One copy for each value of this variable. */
  repeat?: string
}

/** A panel of any kind, before it stands on a dashboard. */
export interface PanelMaker extends Builder<Panel> {
  id(id: number): this
}

/** The panel builders have these in common, but no class. */
interface Dressable extends PanelMaker {
  title(title: string): this
  description(description: string): this
  datasource(datasource: { type?: string; uid?: string }): this
  span(columns: number): this
  height(rows: number): this
  unit(unit: string): this
  thresholds(thresholds: ThresholdsConfigBuilder): this
  mappings(mappings: ValueMapping[]): this
  dataLinks(links: DashboardLinkBuilder[]): this
  noValue(words: string): this
  repeat(variable: string): this
  maxPerRow(count: number): this
  withTarget(query: DataqueryBuilder): this
}

export interface Asking {
  /** The value of now alone, not its course. */
  instant?: boolean
  format?: PromQueryFormat
}

/** Puts on a panel what all have. */
export function dress<P extends Dressable>(panel: P, words: PanelWords, { instant, format }: Asking = {}): P {
  panel.title(words.title).description(words.description).datasource(datasource).unit(words.unit)
  panel.span(words.width).height(words.height ?? 8)
  if (words.thresholds) panel.thresholds(words.thresholds)
  if (words.mappings) panel.mappings([...words.mappings])
  if (words.link) panel.dataLinks([words.link])
  if (words.empty !== undefined) panel.noValue(words.empty)
  if (words.repeat !== undefined) panel.repeat(words.repeat).maxPerRow(4)
  for (const [index, { expr, legend }] of words.queries.entries()) {
    const query = new DataqueryBuilder().datasource(datasource).refId(String.fromCharCode(65 + index))
    query
      .expr(expr)
      .legendFormat(legend)
      .format(format ?? PromQueryFormat.TimeSeries)
    panel.withTarget(instant ? query.instant() : query.range())
  }
  return panel
}
