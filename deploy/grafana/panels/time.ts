import {
  GraphDrawStyle,
  LegendDisplayMode,
  LegendPlacement,
  LineInterpolation,
  SortOrder,
  StackingConfigBuilder,
  StackingMode,
  TooltipDisplayMode,
  VisibilityMode,
  VizLegendOptionsBuilder,
  VizTooltipOptionsBuilder,
} from '@grafana/grafana-foundation-sdk/common'
import { FieldColorModeId } from '@grafana/grafana-foundation-sdk/dashboard'
import { PanelBuilder } from '@grafana/grafana-foundation-sdk/timeseries'
import { dress, type PanelMaker, type PanelWords } from './panel.ts'

export interface TimeWords extends PanelWords {
  /** `stacked`: parts of a whole, above each other; `steps`: a state that jumps; `bars`: how often in each piece of time. */
  look?: 'lines' | 'stacked' | 'steps' | 'bars'
  /** Lines that have a colour of their own, by name. */
  colors?: Readonly<Record<string, string>>
  /** Lines that are a limit of the others: dashed. */
  limits?: readonly string[]
}

/** Lines over time. The legend tells the last and the highest value of each, so that no line is known by its colour alone. */
export function timePanel({ look = 'lines', colors = {}, limits = [], ...words }: TimeWords): PanelMaker {
  const panel = dress(new PanelBuilder(), words)
    .min(0)
    .lineWidth(look === 'bars' ? 0 : 2)
    .fillOpacity({ lines: 0, steps: 0, stacked: 40, bars: 80 }[look])
    .showPoints(VisibilityMode.Auto)
    .drawStyle(look === 'bars' ? GraphDrawStyle.Bars : GraphDrawStyle.Line)
    .lineInterpolation(look === 'steps' || look === 'stacked' ? LineInterpolation.StepAfter : LineInterpolation.Linear)
    .legend(
      new VizLegendOptionsBuilder()
        .showLegend(true)
        .displayMode(LegendDisplayMode.Table)
        .placement(LegendPlacement.Bottom)
        .calcs(['lastNotNull', 'max']),
    )
    .tooltip(new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Multi).sort(SortOrder.Descending))
  if (look === 'stacked' || look === 'bars') panel.stacking(new StackingConfigBuilder().mode(StackingMode.Normal))
  for (const [name, color] of Object.entries(colors))
    panel.overrideByName(name, [{ id: 'color', value: { mode: FieldColorModeId.Fixed, fixedColor: color } }])
  for (const name of limits)
    panel.overrideByName(name, [
      { id: 'custom.lineStyle', value: { fill: 'dash', dash: [10, 10] } },
      { id: 'custom.stacking', value: { mode: StackingMode.None } },
      { id: 'custom.fillOpacity', value: 0 },
    ])
  return panel
}
