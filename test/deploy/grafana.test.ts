import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Dashboard, Panel } from '@grafana/grafana-foundation-sdk/dashboard'
import { describe, expect, test } from 'vitest'
import { dashboards, dashboardText } from '../../deploy/grafana/dashboards.ts'
import { commands } from '../../src/cli/commands.ts'
import {
  annotationsOf,
  labelVariablesOf,
  panelsOf,
  queriesOf,
  shippedDashboards,
} from '../support/shipped-dashboards.ts'

const shipped = shippedDashboards()

/** Those that Grafana itself fills in. */
const builtIn = ['__rate_interval', '__range', '__interval']
/** `$1` is what label_replace found. */
const variablesIn = (text: string) => [...text.matchAll(/\$\{?([a-z_]\w*)/g)].map(([, name = '']) => name)

test('the files that Grafana reads are what the sources make (npm run build:dashboards)', () => {
  expect(shipped.map(({ name }) => name)).toEqual(Object.keys(dashboards).sort())
  for (const { name, text } of shipped) expect(dashboards[name] && dashboardText(dashboards[name]), name).toBe(text)
})

test('addresses of dashboards stay as they are, for bookmarks and links', () => {
  expect(shipped.map(({ json }) => json.uid)).toEqual([
    'slipway-fleet',
    'slipway-host',
    'slipway-instance',
    'slipway-pf',
    'slipway-registry',
  ])
})

describe.each(shipped)('$name', ({ json }) => {
  const panels = panelsOf(json).map(({ panel }) => panel)
  const variables = (json.templating.list ?? []).map(({ name }) => name)

  test('every panel says what it means, asks the chosen Prometheus and has a unit', () => {
    for (const panel of panels) {
      const { title } = panel
      expect(title, JSON.stringify(panel)).toMatch(/\S/)
      expect(panel.description, title).toMatch(/[.?]$/)
      expect(panel.description?.length, title).toBeLessThan(250)
      expect(panel.fieldConfig?.defaults.unit, title).toMatch(/\S/)
      expect(panel.datasource, title).toEqual({ type: 'prometheus', uid: '$datasource' })
      expect(queriesOf(panel).length, title).toBeGreaterThan(0)
      for (const { datasource, expr, legendFormat, refId } of queriesOf(panel)) {
        expect(datasource, title).toEqual(panel.datasource)
        expect([expr, legendFormat, refId], title).toEqual(
          [/\S/, /\S/, /^[A-Z]$/].map((form) => expect.stringMatching(form)),
        )
      }
    }
  })

  test('titles tell panels apart within their row, and every id is there once', () => {
    const ids = (json.panels ?? []).map(({ id }) => id)
    expect(new Set(ids).size).toBe(ids.length)
    expect(ids.every((id) => Number.isInteger(id) && Number(id) > 0)).toBe(true)
    const names = panelsOf(json).map(({ row, panel: { title, type } }) => `${row} / ${title} (${type})`)
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([])
  })

  test('panels fill their lines, and none lies upon another', () => {
    const taken = new Map<string, string>()
    const cells: Record<number, number> = {}
    for (const panel of json.panels ?? []) {
      const { x, y, w, h } = place(panel)
      expect(x + w, panel.title).toBeLessThanOrEqual(24)
      cells[y] = (cells[y] ?? 0) + w
      for (let column = x; column < x + w; column++)
        for (let line = y; line < y + h; line++) {
          const cell = `${column}:${line}`
          expect(taken.get(cell), `${panel.title} at ${cell}`).toBeUndefined()
          taken.set(cell, panel.title ?? '')
        }
    }
    expect(Object.entries(cells).filter(([, width]) => width !== 24)).toEqual([])
  })

  test('every variable that is named is there, and speaks only of those before it', () => {
    expect(variables[0]).toBe('datasource')
    for (const { name, series } of labelVariablesOf(json))
      for (const named of variablesIn(series)) expect(variables.slice(0, variables.indexOf(name))).toContain(named)
    const texts = [
      ...panels.flatMap((panel) => [panel.title ?? '', ...queriesOf(panel).map(({ expr }) => expr)]),
      ...annotationsOf(json).map(({ expression }) => expression),
    ]
    for (const named of texts.flatMap(variablesIn)) expect([...variables, ...builtIn]).toContain(named)
  })

  test('promotions and rollbacks are marked where they happened', () => {
    const marks = json.annotations.list ?? []
    expect(marks.map(({ name }) => name)).toEqual(['Promotions', 'Rollbacks'])
    for (const { expr, useValueForTime } of marks)
      expect([useValueForTime, expr]).toEqual([true, expect.stringMatching(/ \* 1000$/)])
  })

  test('links lead to dashboards that are there, and choose what these can choose', () => {
    const links = panels.flatMap(({ fieldConfig }) => fieldConfig?.defaults.links ?? [])
    for (const { url = '' } of links) {
      const [, uid, query = ''] = /^\/d\/([\w-]+)\?(.*)$/.exec(url) ?? []
      const target = shipped.find((one) => one.json.uid === uid)
      expect(target, url).toBeDefined()
      const known = (target?.json.templating.list ?? []).map(({ name }) => name)
      const chosen = [...query.matchAll(/(?:var-(\w+)=|\$\{(\w+):queryparam\})/g)].map(([, one, other]) => one ?? other)
      expect(chosen.length, url).toBeGreaterThan(0)
      for (const name of chosen) expect(known, url).toContain(name)
      for (const [, name] of query.matchAll(/\$\{(\w+):queryparam\}/g)) expect(variables, url).toContain(name)
    }
    expect(json.links).toMatchObject([{ type: 'dashboards', tags: ['slipway'], includeVars: true, keepTime: true }])
    expect(json.tags).toEqual(['slipway'])
  })
})

test('every command that a description names is one', () => {
  const texts = shipped.flatMap(({ json }) => panelsOf(json).map(({ panel }) => panel.description ?? ''))
  const named = new Set(
    texts.flatMap((text) => [...text.matchAll(/`slipway ([a-z-]+(?: [a-z-]+)?)/g)].map(([, words]) => words)),
  )
  expect([...named].filter((words = '') => !(words in commands))).toEqual([])
  expect(named.size).toBeGreaterThan(5)
})

test('every series that is asked for is one that our programs tell', () => {
  const sources = join(import.meta.dirname, '../../src')
  const files = readdirSync(sources, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'))
  const code = files.map((file) => readFileSync(join(sources, file), 'utf8')).join('')
  // What Prometheus, Node and the poller name, and what is put together of a direction and a unit.
  const made =
    /^(up|ALERTS|process_\w+|slipway_(compute|network)_collector_(success|duration_seconds)|xen_host_memory_(total|free)_bytes|slipway_instance_(receive|transmit)_(bytes|packets|errors|drops)_total|slipway_instance_disk_(read|write)_(bytes|requests)_total)$/
  const asked = new Set(shipped.flatMap(({ json }) => expressionsOf(json).flatMap(seriesIn)))
  const told = (name: string) =>
    made.test(name) || code.includes(`'${name}'`) || code.includes(`'${name.replace(/_(bucket|sum|count)$/, '')}'`)
  expect([...asked].filter((name) => !told(name))).toEqual([])
  expect(asked.size).toBeGreaterThan(80)
})

function expressionsOf(json: Dashboard): string[] {
  return [
    ...panelsOf(json).flatMap(({ panel }) => queriesOf(panel).map(({ expr }) => expr)),
    ...annotationsOf(json).map(({ expression }) => expression),
    ...labelVariablesOf(json).map(({ series }) => series),
  ]
}

/** The names of series in PromQL: what stands before a selector, and what is ours without one. */
function seriesIn(expression: string): string[] {
  const bare = expression.replaceAll(/"[^"]*"/g, '""')
  const names = [...bare.matchAll(/\b([a-zA-Z_]\w*)\{|\b((?:slipway|pf|xen|libvirt|process)_\w+)\b/g)]
  return names.map(([, selected, ours]) => selected ?? ours ?? '')
}

/** Where a panel stands, in columns and lines. */
function place({ gridPos }: Pick<Panel, 'gridPos'>) {
  if (!gridPos) throw new Error('a panel has no place')
  return gridPos
}
