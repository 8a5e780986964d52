import {
  BigValueColorMode,
  BigValueGraphMode,
  BigValueTextMode,
  ReduceDataOptionsBuilder,
} from '@grafana/grafana-foundation-sdk/common'
import { PanelBuilder } from '@grafana/grafana-foundation-sdk/stat'
import { floors } from '../palette.ts'
import { dress, type PanelMaker, type PanelWords } from './panel.ts'

export interface StatWords extends PanelWords {
  /** What stands large: the value, or the name of what has it (an `…_info` series, a state). */
  shows?: 'value' | 'name'
}

/** One number, or one word, of now. */
export function statPanel({ shows = 'value', ...words }: StatWords): PanelMaker {
  return dress(new PanelBuilder(), { height: 4, thresholds: floors({}), ...words }, { instant: true })
    .graphMode(BigValueGraphMode.None)
    .colorMode(BigValueColorMode.Value)
    .textMode(shows === 'name' ? BigValueTextMode.Name : textMode(words))
    .reduceOptions(new ReduceDataOptionsBuilder().calcs(['lastNotNull']))
}

/** Two numbers beside each other say which is which. */
function textMode({ queries }: PanelWords): BigValueTextMode {
  return queries.length > 1 ? BigValueTextMode.ValueAndName : BigValueTextMode.Value
}
