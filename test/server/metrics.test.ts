import { expect, test } from 'vitest'
import { openMetrics } from '../../src/platform/metrics.ts'
import { jobMetrics } from '../../src/server/job-metrics.ts'
import { sharedReading } from '../../src/server/shared-reading.ts'
import { openTestServer } from '../support/server.ts'

test('what can be foreseen is counted from 0 on, so that the first time is seen', async () => {
  const server = await openTestServer()
  const before = Date.now() / 1000
  await server.publish('compute', '1.0.0')
  const releases = [{ component: 'compute', version: '1.0.0' }]
  await server.api('POST', '/channels/stable/promotions', { body: { releases } })
  const page = await (await fetch(`${server.url}/metrics`)).text()
  const value = (series: string) => {
    const line = page.split('\n').find((one) => one.startsWith(`${series} `))
    return line === undefined ? undefined : Number(line.slice(series.length))
  }
  const jobs = ['expire-uploads', 'expire-join-tokens', 'expire-operations', 'remove-old-operations', 'prune-history']
  for (const series of [
    ...['committed', 'failed', 'rolled-back', 'stuck'].map(
      (result) => `slipway_host_updates_total{result="${result}",reason="",component=""}`,
    ),
    ...jobs.flatMap((task) => [
      `slipway_job_runs_total{task="${task}",result="success"}`,
      `slipway_job_runs_total{task="${task}",result="failure"}`,
      `slipway_job_duration_seconds_count{task="${task}"}`,
    ]),
    'slipway_gc_runs_total{error="false"}',
    'slipway_gc_runs_total{error="true"}',
    'slipway_gc_deleted_total{type="upload"}',
    'slipway_history_points',
  ])
    expect([series, value(series)]).toEqual([series, 0])
  // Absent: a time of 0 would say that no job has run since 1970.
  expect(page).not.toContain('slipway_job_last_success_timestamp_seconds{')

  const moved = value('slipway_channel_moved_timestamp_seconds{channel="stable",component="compute",version="1.0.0"}')
  expect(moved).toBeGreaterThanOrEqual(before)
  expect(moved).toBeLessThan(before + 3600)
  const free = value('slipway_storage_free_bytes') ?? 0
  expect(free).toBeGreaterThan(0)
  expect(value('slipway_storage_size_bytes')).toBeGreaterThanOrEqual(free)
  expect(value('slipway_database_size_bytes')).toBeGreaterThan(4096)
})

test('a job that fails is counted and thrown on; the moment of its last success stays', async () => {
  const metrics = openMetrics()
  const run = jobMetrics(metrics, ['sweep'])
  await run('sweep', async () => 3)
  const successes = (await metrics.metrics()).match(/^slipway_job_last_success_timestamp_seconds.*$/m)?.[0]
  await expect(run('sweep', () => Promise.reject(new Error('the disk is gone')))).rejects.toThrow('the disk is gone')
  const page = await metrics.metrics()
  expect(page).toContain('slipway_job_runs_total{task="sweep",result="success"} 1\n')
  expect(page).toContain('slipway_job_runs_total{task="sweep",result="failure"} 1\n')
  expect(page).toContain('slipway_job_duration_seconds_count{task="sweep"} 2\n')
  expect(successes).toMatch(/^slipway_job_last_success_timestamp_seconds\{task="sweep"\} \d+/)
  expect(page).toContain(`${successes}\n`)
})

test('many who ask at once are told by one reading, one that failed is told to nobody else', async () => {
  let readings = 0
  const read = sharedReading(60_000, async () => {
    readings++
    if (readings === 1) throw new Error('not yet')
    return readings
  })
  await expect(Promise.all([read(), read()])).rejects.toThrow('not yet')
  expect(await Promise.all([read(), read()])).toEqual([2, 2])
  expect(await read()).toBe(2)
  const always = sharedReading(0, async () => ++readings)
  expect([await always(), await always()]).toEqual([3, 4])
})
