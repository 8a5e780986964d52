import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import type { HostReport } from '../../src/contract/report.ts'
import { openSqlite } from '../../src/database/open.ts'
import { openMetrics } from '../../src/platform/metrics.ts'
import { newSecret } from '../../src/platform/secret.ts'
import { openFs } from '../../src/registry/blobs-fs.ts'
import { backupServer, restoreServer } from '../../src/server/backup.ts'
import { databaseFile } from '../../src/server/data-folder.ts'
import { jobMetrics } from '../../src/server/job-metrics.ts'
import { sharedReading } from '../../src/server/shared-reading.ts'
import { computeFigures, instanceFigures, networkFigures, uuid } from '../fleet/figures.ts'
import { amd64, report } from '../fleet/test-fleet.ts'
import { computeStatus } from '../support/compute-status.ts'
import { openTestServer, type TestServer } from '../support/server.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { onPostgres, openTestDatabase } from '../support/test-database.ts'

async function enrolledHost(server: TestServer): Promise<{ id: string; credential: string }> {
  await server.publish('agent', '1.0.0')
  const releases = [{ component: 'agent', version: '1.0.0' }]
  await server.api('POST', '/channels/stable/promotions', { body: { releases } })
  const { body: join } = await server.api('POST', '/join-tokens', {
    body: { channel: 'stable', labels: { 'rack.row': 'b7' } },
  })
  const key = newSecret()
  const { body } = await server.api('POST', '/enrol', {
    as: join.token.split('@')[0],
    body: { name: 'host1', platform: amd64, key },
  })
  return { id: body.host, credential: `slw_${body.host}_${key}` }
}

/** As if all that was kept of the host had come so much earlier. */
async function letPass(server: TestServer, minutes: number): Promise<void> {
  const db = await server.openDatabase()
  const rows = await db.selectFrom('host_history').selectAll().execute()
  for (const row of rows)
    await db
      .updateTable('host_history')
      .set({
        minute: row.minute - minutes,
        at: new Date(Date.parse(row.at) - minutes * 60_000).toISOString(),
      })
      .where('host', '=', row.host)
      .where('minute', '=', row.minute)
      .execute()
  await db.destroy()
}

test('what a host and its instances use is told as rates, short and newest, and moves nothing else', async () => {
  const server = await openTestServer()
  const { credential: as } = await enrolledHost(server)
  const say = (figures: object, network: object) => {
    const compute = { ...computeStatus(), figures }
    const daemons: HostReport['daemons'] = {
      compute,
      network: { ...compute, component: 'network', ...{ figures: network } },
    }
    return server.api('POST', '/hosts/self/report', { as, body: report({ daemons }) })
  }
  const t0 = '2026-11-22T12:00:00.000Z'
  const t1 = '2026-11-22T12:01:00.000Z'
  await say(computeFigures(t0, { instances: [instanceFigures()] }), networkFigures(t0))
  await letPass(server, 1)
  const busy = instanceFigures({ cpuSeconds: 130, receivedBytes: 7000 })
  const answer = await say(
    computeFigures(t1, { cpuSeconds: 1120, instances: [busy] }),
    networkFigures(t1, { stateSearches: 1100, states: 20 }),
  )
  expect(answer.status).toBe(204)

  const { body: history } = await server.api('GET', '/hosts/host1/history')
  expect(history.host).toBe('host1')
  expect(history.points).toHaveLength(2)
  expect(history.points[0]).not.toHaveProperty('cpuRatio')
  expect(history.points[1]).toMatchObject({
    cpuRatio: 0.5,
    memoryBytes: 2 ** 36,
    pf: { states: 20, stateLimit: 1000, searchesPerSecond: 10, insertsPerSecond: 0 },
    instances: [{ id: uuid(1), name: uuid(1), cpuRatio: 0.5, receivedBytesPerSecond: 100, sentBytesPerSecond: 0 }],
  })
  const { body: short } = await server.api('GET', '/hosts/host1/history?minutes=1')
  expect(short.points).toEqual([history.points[1]])
  const { body: top } = await server.api('GET', '/top')
  expect(top.hosts).toEqual([{ host: expect.objectContaining({ name: 'host1' }), point: history.points[1] }])
  const db = await server.openDatabase()
  const { report: kept } = await db.selectFrom('hosts').select('report').executeTakeFirstOrThrow()
  await db.destroy()
  expect(JSON.parse(kept ?? '').daemons.compute).toEqual(computeStatus())
  if (!onPostgres()) {
    // It is old before it could be restored.
    const [file, data] = [join(server.data, 'backup.tar'), join(server.data, 'restored')]
    await backupServer({ data: server.data, file })
    await restoreServer({ data, file, blobs: () => openFs({ folder: data }) })
    const restored = await openSqlite(databaseFile(data))
    expect(await restored.selectFrom('host_history').selectAll().execute()).toEqual([])
    expect(await restored.selectFrom('hosts').select('name').execute()).toEqual([{ name: 'host1' }])
    await restored.destroy()
  }
  expect((await server.api('GET', '/instances/s.web/history')).body).toMatchObject({ code: 'not-found' })
  expect((await server.api('GET', '/hosts/host9/history')).status).toBe(404)
  expect((await server.api('GET', '/hosts/host1/history?minutes=0')).status).toBe(400)
})

test('no history is kept where none is wanted', async () => {
  const server = await openTestServer({ historyMinutes: 0 })
  const { credential: as } = await enrolledHost(server)
  const compute = { ...computeStatus(), figures: computeFigures('2026-11-22T12:00:00.000Z') }
  await server.api('POST', '/hosts/self/report', { as, body: report({ daemons: { compute } }) })
  expect((await server.api('GET', '/hosts/host1/history')).body).toEqual({ host: 'host1', points: [] })
  const { body: top } = await server.api('GET', '/top')
  expect(top.hosts).toEqual([{ host: expect.objectContaining({ name: 'host1' }) }])
})

test('Prometheus finds hosts where they say they are, with a token of a viewer; a silent one stays', async () => {
  const server = await openTestServer({ hostSilentSeconds: 10 })
  const { body: token } = await server.api('POST', '/tokens', { body: { name: 'prometheus', role: 'viewer' } })
  const get = (headers: Record<string, string>) => fetch(`${server.url}/sd/hosts`, { headers })
  const found = async () => {
    const basic = Buffer.from(`prometheus:${token.secret}`).toString('base64')
    const answer = await get({ authorization: `Basic ${basic}` })
    expect(answer.status).toBe(200)
    expect(answer.headers.get('content-type')).toMatch(/^application\/json(; charset=utf-8)?$/)
    return answer.json()
  }
  const refused = await get({})
  expect(refused.status).toBe(401)
  expect(refused.headers.get('www-authenticate')).toContain('Basic')
  expect(await found()).toEqual([])
  const { id, credential: as } = await enrolledHost(server)
  expect((await get({ authorization: `Bearer ${as}` })).status).toBe(403)
  expect(await found()).toEqual([])
  await server.api('POST', '/hosts/self/report', { as, body: report({ metricsAddress: '192.0.2.7:9760' }) })
  const db = await server.openDatabase()
  await db.updateTable('hosts').set({ last_seen_at: '2026-11-22T12:00:00.000Z' }).where('id', '=', id).execute()
  await db.destroy()
  expect(await found()).toEqual([
    {
      targets: ['192.0.2.7:9760'],
      labels: expect.objectContaining({
        host: 'host1',
        channel: 'stable',
        __meta_slipway_condition: 'silent',
        __meta_slipway_label_rack_row: 'b7',
      }),
    },
  ])
})

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
  const jobs = [
    'collect',
    'expire-uploads',
    'expire-join-tokens',
    'expire-operations',
    'remove-old-operations',
    'prune-history',
    'scrub',
  ]
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
    ...['upload', 'blob', 'orphan', 'manifest', 'tag'].map((type) => `slipway_gc_deleted_total{type="${type}"}`),
    'slipway_gc_freed_bytes_total',
    'slipway_scrub_damaged_blobs',
    'slipway_history_points',
    'slipway_hosts_waiting',
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

test('a job that fails is counted and thrown on; the moment of its last success is that of any server', async () => {
  const db = await openTestDatabase(await temporaryFolder())
  onTestFinished(() => db.destroy())
  const metrics = openMetrics()
  const run = jobMetrics(metrics, db, ['sweep'])
  await run('sweep', async () => 3)
  await expect(run('sweep', () => Promise.reject(new Error('the disk is gone')))).rejects.toThrow('the disk is gone')
  const row = { task: 'sweep', cron: '* * * * *', due_at: '2026-01-01T00:00:00.000Z' }
  await db
    .insertInto('jobs')
    .values([
      { ...row, succeeded_at: '2026-01-01T00:00:00.000Z' },
      { ...row, task: 'never', succeeded_at: null },
    ])
    .execute()
  const page = await metrics.metrics()
  expect(page).toContain('slipway_job_runs_total{task="sweep",result="success"} 1\n')
  expect(page).toContain('slipway_job_runs_total{task="sweep",result="failure"} 1\n')
  expect(page).toContain('slipway_job_duration_seconds_count{task="sweep"} 2\n')
  expect(page).toContain('slipway_job_last_success_timestamp_seconds{task="sweep"} 1767225600\n')
  expect(page).not.toContain('task="never"')
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
