import { LegendDisplayMode, VisibilityMode, VizLegendOptionsBuilder } from '@grafana/grafana-foundation-sdk/common'
import { MappingType, type ValueMapping } from '@grafana/grafana-foundation-sdk/dashboard'
import { PanelBuilder } from '@grafana/grafana-foundation-sdk/statetimeline'
import { palette } from '../palette.ts'
import { dress, type PanelMaker, type PanelWords } from './panel.ts'

/** 1 is one word, 0 another. */
export function words(one: string, zero: string): ValueMapping[] {
  return [
    {
      type: MappingType.ValueToText,
      options: { '1': { text: one, color: palette.good, index: 0 }, '0': { text: zero, color: palette.bad, index: 1 } },
    },
  ]
}

/** A line for each series, coloured and named by what it was in. */
export function statesPanel(given: PanelWords): PanelMaker {
  return dress(new PanelBuilder(), given)
    .showValue(VisibilityMode.Auto)
    .mergeValues(true)
    .rowHeight(0.8)
    .legend(new VizLegendOptionsBuilder().showLegend(true).displayMode(LegendDisplayMode.List).calcs([]))
}
