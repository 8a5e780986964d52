import {
  type Dashboard,
  DashboardBuilder,
  DashboardCursorSync,
  type QueryVariableBuilder,
  RowBuilder,
} from '@grafana/grafana-foundation-sdk/dashboard'
import { annotations } from './annotations.ts'
import { tag, toOthers } from './links.ts'
import type { PanelMaker } from './panels/panel.ts'
import { datasourceVariable } from './variables.ts'

export interface DashboardWords {
  /** Stays for good: links and bookmarks name it. */
  uid: string
  title: string
  description: string
  /** What is shown at first: "now-6h". */
  from: string
  /** After the one for the data source; each may speak of those before it. */
  variables: readonly QueryVariableBuilder[]
  /** The hosts whose rollbacks are marked, as a selector. */
  rollbacksOf: string
  rows: readonly Row[]
}

interface Row {
  title: string
  panels: readonly PanelMaker[]
}

export function row(title: string, ...panels: PanelMaker[]): Row {
  return { title, panels }
}

/** Rows of panels, from left to right: the widths of a line come to 24. */
export function dashboard(words: DashboardWords): Dashboard {
  const made = new DashboardBuilder(words.title)
    .uid(words.uid)
    .description(words.description)
    .tags([tag])
    .time({ from: words.from, to: 'now' })
    .refresh('30s')
    .tooltip(DashboardCursorSync.Crosshair)
    .variables([datasourceVariable(), ...words.variables])
    .annotations(annotations(words.rollbacksOf))
    .link(toOthers())
  let id = 0
  for (const { title, panels } of words.rows) {
    made.withRow(new RowBuilder(title).id(++id))
    for (const panel of panels) made.withPanel(panel.id(++id))
  }
  return made.build()
}
