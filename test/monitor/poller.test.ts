import { pino } from 'pino'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import type { Collector } from '../../src/monitor/collector.ts'
import { openPoller } from '../../src/monitor/poller.ts'
import type { MetricFamily } from '../../src/monitor/samples.ts'
import { pageText } from '../../src/monitor/samples-page.ts'

const gauge = (name: string, value: number): MetricFamily => ({ name, help: '', type: 'gauge', rows: [{ value }] })

/** A poller at work, whose time is moved by the test. A source's next sample is taken when `next` is called. */
function startPoller(...collectors: Collector[]) {
  let nowMs = 1000
  vi.spyOn(performance, 'now').mockImplementation(() => nowMs)
  const pausesMs: number[] = []
  let wake: (() => void)[] = []
  const clock = {
    now: () => new Date(0),
    sleep(ms: number, signal?: AbortSignal) {
      pausesMs.push(ms)
      return new Promise<void>((resolve) => {
        wake.push(resolve)
        signal?.addEventListener('abort', () => resolve(), { once: true })
      })
    },
  }
  const said: { collector: string; err: { message: string } }[] = []
  const log = pino({}, { write: (line: string) => void said.push(JSON.parse(line)) })
  const poller = openPoller({ component: 'compute', collectors, intervalMs: 15_000, clock, log })
  const ended = new AbortController()
  const run = poller.run(ended.signal)
  onTestFinished(async () => {
    ended.abort()
    await run
    vi.restoreAllMocks()
  })
  return {
    said,
    pausesMs,
    pass(ms: number) {
      nowMs += ms
    },
    /** Resolves when every source pauses. */
    async sampled() {
      await vi.waitFor(() => expect(wake).toHaveLength(collectors.length))
    },
    async next() {
      const sleepers = wake
      wake = []
      for (const resolve of sleepers) resolve()
      await this.sampled()
    },
    pages: poller.pages,
    async page() {
      const pages = await poller.pages()
      return (await Promise.all(pages.map(({ gzip }) => pageText(gzip, 1e6)))).join('')
    },
  }
}

test('families that a source answers again as they are keep their text', async () => {
  const same = [gauge('same_metric', 1)]
  const poller = startPoller(
    { name: 'same', collect: async () => same },
    { name: 'new', collect: async () => [gauge('new_metric', 1)] },
  )
  await poller.sampled()
  const [before, newBefore] = await poller.pages()
  await poller.next()
  const [after, newAfter] = await poller.pages()
  expect(after).toBe(before)
  expect(newAfter).not.toBe(newBefore)
  expect(newAfter).toEqual(newBefore)
})

test('a page has the newest sample of each source, and how its sampling went', async () => {
  let value = 1
  const poller = startPoller(
    { name: 'guests', collect: async () => [gauge('slipway_x', value++), gauge('slipway_y', 7)] },
    { name: 'empty', collect: async () => [] },
  )
  await poller.sampled()
  expect(await poller.page()).toContain('slipway_x 1\n')
  poller.pass(15_000)
  await poller.next()
  poller.pass(2500)
  const page = await poller.page()
  expect(page).toContain('\nslipway_x 2\n')
  expect(page).toContain('\nslipway_y 7\n')
  for (const name of ['guests', 'empty']) {
    expect(page).toContain(`slipway_compute_collector_success{collector="${name}"} 1\n`)
    expect(page).toContain(`slipway_compute_collector_duration_seconds{collector="${name}"} 0\n`)
    expect(page).toContain(`slipway_compute_collector_age_seconds{collector="${name}"} 2.5\n`)
  }
  expect(poller.said).toEqual([])
})

describe('a source that fails', () => {
  test('keeps its last sample until that is three pauses old; it is told once, and again after it has recovered', async () => {
    let fails = false
    const poller = startPoller(
      {
        name: 'rules',
        async collect() {
          if (fails) throw new Error('pfctl: /dev/pf: Permission denied')
          return [gauge('pf_enabled', 1)]
        },
      },
      { name: 'guests', collect: async () => [gauge('slipway_x', 1)] },
    )
    await poller.sampled()
    fails = true
    for (let round = 1; round <= 3; round += 1) {
      poller.pass(15_000)
      await poller.next()
      expect(await poller.page()).toContain('\npf_enabled 1\n')
    }
    const page = await poller.page()
    expect(page).toContain('slipway_compute_collector_success{collector="rules"} 0\n')
    expect(page).toContain('slipway_compute_collector_age_seconds{collector="rules"} 45\n')
    poller.pass(1)
    expect(await poller.page()).not.toContain('pf_enabled')
    expect(await poller.page()).toContain('\nslipway_x 1\n')
    expect(poller.said).toMatchObject([{ collector: 'rules', err: { message: 'pfctl: /dev/pf: Permission denied' } }])
    fails = false
    await poller.next()
    fails = true
    await poller.next()
    expect(poller.said).toHaveLength(2)
  })

  test('before its first sample is told, and the others go on', async () => {
    const poller = startPoller(
      { name: 'rules', collect: () => Promise.reject(new Error('no')) },
      { name: 'guests', collect: async () => [gauge('slipway_x', 1)] },
    )
    await poller.sampled()
    const page = await poller.page()
    expect(page).toContain('\nslipway_x 1\n')
    expect(page).toContain('slipway_compute_collector_success{collector="rules"} 0\n')
    expect(page).not.toContain('slipway_compute_collector_age_seconds{collector="rules"}')
    expect(poller.said).toHaveLength(1)
  })

  test('because it takes longer than its limit, and does not heed the signal, is given up', async () => {
    const signals: AbortSignal[] = []
    const poller = startPoller({
      name: 'rules',
      timeoutMs: 5,
      collect(signal) {
        signals.push(signal)
        return new Promise(() => {})
      },
    })
    await poller.sampled()
    expect(signals[0]?.aborted).toBe(true)
    expect(poller.said).toMatchObject([{ err: { message: expect.stringContaining('it took longer than 5 ms') } }])
  })

  test('by a name that Prometheus does not take costs its own page only', async () => {
    const poller = startPoller(
      { name: 'bad', collect: async () => [gauge('dash-ed', 1)] },
      { name: 'good', collect: async () => [gauge('slipway_x', 1)] },
    )
    await poller.sampled()
    expect(await poller.page()).toContain('\nslipway_x 1\n')
    expect(poller.said).toMatchObject([{ collector: 'bad', err: { message: '"dash-ed" is no name of a metric' } }])
  })
})

test('a family that another source has already told is refused', async () => {
  const poller = startPoller(
    { name: 'first', collect: async () => [gauge('slipway_x', 1)] },
    { name: 'second', collect: async () => [gauge('slipway_x', 2), gauge('slipway_y', 2)] },
  )
  await poller.sampled()
  await poller.next()
  const page = await poller.page()
  const told = page.split('\n').filter((line) => /^slipway_[xy] /.test(line))
  expect(told).toHaveLength(1)
  expect(poller.said[0]?.err.message).toMatch(/^the family slipway_x is also told by (first|second)$/)
})

test('a source may take a tenth of the time: the longer it takes, the longer is the pause', async () => {
  let tookMs = 200
  const poller = startPoller({
    name: 'rules',
    async collect() {
      await Promise.resolve()
      poller.pass(tookMs)
      return []
    },
  })
  await poller.sampled()
  tookMs = 5000
  await poller.next()
  expect(poller.pausesMs).toEqual([15_000 - 200, 50_000 - 5000])
})
