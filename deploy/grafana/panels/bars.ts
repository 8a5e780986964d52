import { PanelBuilder } from '@grafana/grafana-foundation-sdk/bargauge'
import { BarGaugeDisplayMode, ReduceDataOptionsBuilder, VizOrientation } from '@grafana/grafana-foundation-sdk/common'
import { thresholds } from '../palette.ts'
import { dress, type PanelMaker, type PanelWords } from './panel.ts'

/** What is largest now, the largest first (the query says how many: `sort_desc(topk(10, …))`), each with its number. */
export function barsPanel({ max, ...words }: PanelWords & { max?: number }): PanelMaker {
  const panel = dress(new PanelBuilder(), { thresholds: thresholds({}), ...words }, { instant: true })
    .min(0)
    .displayMode(BarGaugeDisplayMode.Basic)
    .orientation(VizOrientation.Horizontal)
    .reduceOptions(new ReduceDataOptionsBuilder().calcs(['lastNotNull']))
  return max === undefined ? panel : panel.max(max)
}
