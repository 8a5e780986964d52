import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Dashboard, Panel, RowPanel } from '@grafana/grafana-foundation-sdk/dashboard'
import type { Dataquery } from '@grafana/grafana-foundation-sdk/prometheus'

/** A dashboard of ours, as Grafana reads it. */
export interface ShippedDashboard {
  /** Of its file, without .json. */
  name: string
  text: string
  json: Dashboard
}

const folder = join(import.meta.dirname, '../../deploy/grafana/dashboards/json')

export function shippedDashboards(): ShippedDashboard[] {
  return readdirSync(folder)
    .sort()
    .map((file) => {
      const text = readFileSync(join(folder, file), 'utf8')
      return { name: file.replace(/\.json$/, ''), text, json: JSON.parse(text) as Dashboard }
    })
}

/** Each panel with the heading of its row. */
export function panelsOf({ panels = [] }: Dashboard): { row: string; panel: Panel }[] {
  let row = ''
  return panels.flatMap((panel) => {
    if (!isRow(panel)) return [{ row, panel }]
    row = panel.title ?? ''
    return panel.panels.map((inner) => ({ row, panel: inner }))
  })
}

export function isRow(panel: Panel | RowPanel): panel is RowPanel {
  return panel.type === 'row'
}

export function queriesOf({ targets = [] }: Panel): Dataquery[] {
  return targets as Dataquery[]
}

/** A question to Prometheus, and where on a dashboard it stands. */
export interface Question {
  place: string
  expression: string
}

/** What annotations ask. */
export function annotationsOf({ annotations }: Dashboard): Question[] {
  return (annotations.list ?? []).map(({ name, expr = '' }) => ({ place: `annotation ${name}`, expression: expr }))
}

/** A variable that is chosen from the values of a label: `label_values(series, label)`. */
export interface LabelVariable {
  name: string
  series: string
  label: string
}

/** @throws Error for a variable that asks in another way */
export function labelVariablesOf({ templating }: Dashboard): LabelVariable[] {
  const asked = (templating.list ?? []).filter(({ type }) => type === 'query')
  return asked.map(({ name, query }) => {
    const text = typeof query === 'object' ? String(query.query) : (query ?? '')
    const [, series, label] = /^label_values\((.+), (\w+)\)$/.exec(text) ?? []
    if (series === undefined || label === undefined) throw new Error(`the variable ${name} asks ${text}`)
    return { name, series, label }
  })
}
