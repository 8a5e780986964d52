import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse, stringify } from 'yaml'
import { until } from '../support/processes.ts'
import { shippedDashboards } from '../support/shipped-dashboards.ts'
import { openBrowser, type WatchedBrowser } from '../web/browser.ts'
import { shoot } from '../web/look.ts'
import { type Choices, chartsOf, offersOf, questionsOf, type Span } from './support/asked-panels.ts'
import { type ChartsPage, openChartsPage } from './support/charts-page.ts'
import {
  applyShop,
  type MonitoredDevstack,
  patienceMs,
  publishCompute,
  startMonitoredDevstack,
  visitShop,
} from './support/monitored-devstack.ts'

/*
 * The dashboards of Grafana on the data of a real Prometheus, without Grafana: what it would ask is asked, and what it would draw is drawn with the
 * charts of the web UI.
 */

const dashboards = shippedDashboards()
const choices: Choices = { host: 'host1', instance: 'shop.front-0' }

let stand: MonitoredDevstack
let page: ChartsPage
let browser: WatchedBrowser
/** From the first update to the last packet. */
const span: Span = { start: 0, end: 0, stepSeconds: 5 }

beforeAll(async () => {
  page = await openChartsPage()
  browser = await openBrowser()
  stand = await startMonitoredDevstack()
  span.start = Date.now() / 1000
  await applyShop(stand)
  await nameExporters()
  await publishCompute(stand, '1.1.0')
  await publishCompute(stand, '1.2.0')
  await stand.run('instance snapshot shop.front-0 before')
  // Last come the snapshot, with the next look at the disks, and the job that runs every minute.
  const all = 'slipway_job_last_success_timestamp_seconds and on () slipway_instance_snapshots > 0'
  const allThere = async () => {
    await visitShop(stand, 3)
    return (await stand.prometheus.query(all)).length > 0
  }
  await until('a job has succeeded, and the snapshot is seen', allThere, patienceMs, 3000)
  span.end = Date.now() / 1000
}, 600_000)

afterAll(async () => {
  await browser?.close()
  await page?.remove()
  await stand?.stop()
})

/** Programs in the front instances say where they would be scraped. */
async function nameExporters(): Promise<void> {
  const file = join(stand.folder, 'data/examples/shop.yaml')
  const shop = parse(await readFile(file, 'utf8')) as { instances: { name: string; labels?: Record<string, string> }[] }
  for (const instance of shop.instances) if (instance.name === 'front') instance.labels = { 'metrics.port': '9100' }
  await writeFile(file, stringify(shop))
  await stand.run(`apply -f ${file} --yes`)
}

describe.each(dashboards)('$name', ({ name, json }) => {
  test.each(questionsOf(json, choices))('$place has data', async ({ expression, instant }) => {
    const { prometheus } = stand
    // What is of one moment is asked of the last one: drawing may take longer than what is looked back.
    const ask = () => prometheus.queryRange(expression, instant ? { ...span, start: span.end } : span)
    const values = async () => (await ask()).flatMap(({ points }) => points.map(([, value]) => value))
    expect((await values()).filter(Number.isFinite).length, expression).toBeGreaterThan(0)
    expect(await values(), expression).not.toContain(Number.NaN)
  })

  test('every variable offers something, and what was chosen for it', async () => {
    const offers = await offersOf(json, choices, stand.prometheus)
    for (const [variable, values] of Object.entries(offers)) {
      expect(values.length, variable).toBeGreaterThan(0)
      const chosen = choices[variable]
      if (chosen !== undefined) expect(values, variable).toContain(chosen)
    }
  })

  test('the data of every panel is drawn', async () => {
    const panels = await chartsOf(json, choices, stand.prometheus, span)
    expect(panels.filter(({ series }) => series.length === 0).map(({ title }) => title)).toEqual([])
    const shown = await browser.open(page.show(json.title ?? '', panels), { viewport: { width: 1600, height: 1000 } })
    const charts = shown.getByRole('figure')
    const drawn = async () => (await charts.locator('svg.recharts-surface').count()) >= panels.length
    await until('all charts are drawn', drawn, patienceMs, 250).finally(() =>
      shoot(shown, `dashboard ${name}`, { fullPage: true }),
    )
    expect(await charts.count()).toBe(panels.length)
    const lines = await shown.evaluate<string[]>(`[...document.querySelectorAll('figure')].map((chart) =>
      // A value between two gaps is a dot.
      [...chart.querySelectorAll('path.recharts-curve[d]:not([d=""]), circle[cx]')]
        .map((one) => one.getAttribute('d') ?? 'M' + one.getAttribute('cx') + ',' + one.getAttribute('cy')).join(' '))`)
    const words = await charts.allInnerTexts()
    for (const [index, { title }] of panels.entries()) {
      expect(lines[index], `the lines of ${title}`).toMatch(/^M[\d.]+,[\d.]+/)
      expect(lines[index], title).not.toMatch(/NaN|Infinity/)
      expect(words[index], `the axis of ${title}`).toMatch(/\n[\d,.]+( [%a-zA-Z]+)?(\/s)?\n/)
      expect(words[index], title).not.toMatch(/NaN|Infinity|undefined|∞/)
    }
    expect(browser.complaints).toEqual([])
    await shown.context().close()
  })
})
