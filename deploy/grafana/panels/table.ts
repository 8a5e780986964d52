import { PromQueryFormat } from '@grafana/grafana-foundation-sdk/prometheus'
import { PanelBuilder } from '@grafana/grafana-foundation-sdk/table'
import { dress, type PanelMaker, type PanelWords } from './panel.ts'

export interface TableWords extends Omit<PanelWords, 'queries'> {
  /** One query; its labels are the columns. */
  expr: string
  /** The labels that are shown, in their order, each with the heading of its column. */
  columns: Readonly<Record<string, string>>
  /** The heading of the column of the values; without one they are not shown. */
  value?: string
}

/** The rows of a query of now. */
export function tablePanel({ expr, columns, value, ...words }: TableWords): PanelMaker {
  const shown = { ...columns, ...(value === undefined ? {} : { Value: value }) }
  return dress(
    new PanelBuilder(),
    { ...words, queries: [{ expr, legend: '__auto' }] },
    { instant: true, format: PromQueryFormat.Table },
  )
    .filterable(true)
    .withTransformation({ id: 'filterFieldsByName', options: { include: { names: Object.keys(shown) } } })
    .withTransformation({
      id: 'organize',
      options: {
        indexByName: Object.fromEntries(Object.keys(shown).map((label, index) => [label, index])),
        renameByName: shown,
      },
    })
}
