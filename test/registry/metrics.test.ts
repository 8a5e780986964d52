import { expect, test } from 'vitest'
import { openHttp } from '../../src/platform/http.ts'
import { openMetrics } from '../../src/platform/metrics.ts'
import { storageMetrics } from '../../src/server/storage-metrics.ts'
import { ask, imageManifest, putManifest } from '../support/oci.ts'
import { openTestServer } from '../support/server.ts'

/** The samples of a metric, by the text of their labels. */
async function scrape(url: string, name: string): Promise<Record<string, number>> {
  const text = await (await fetch(`${url}/metrics`)).text()
  const lines = text.split('\n').filter((line) => line.startsWith(`${name}{`))
  return Object.fromEntries(
    lines.map((line) => [line.slice(name.length, line.lastIndexOf(' ')), Number(line.split(' ').at(-1))]),
  )
}

test('e5 pushes and pulls are counted and measured by repository, and what is stored', async () => {
  const { url, adminToken } = await openTestServer()
  const http = openHttp({ url, authorization: `Bearer ${adminToken}` })
  const { bytes, digest } = await imageManifest(http, 'some/where')
  await putManifest(http, 'some/where', '1.0.0', bytes)
  await putManifest(http, 'some/where', '1.0.1', bytes)
  await ask(http, 'GET', '/v2/some/where/manifests/1.0.0')
  await ask(http, 'HEAD', `/v2/some/where/manifests/${digest}`)
  await ask(http, 'PUT', '/files/tools/1.0.0/f', { body: Buffer.from('0123456789') })
  for (let n = 0; n < 2; n++) await ask(http, 'GET', '/files/tools/1.0.0')
  // What is not there makes no series.
  await ask(http, 'GET', '/v2/made/up/manifests/1.0.0')
  await ask(http, 'GET', `/v2/made/up/referrers/${digest}`)
  await ask(http, 'GET', '/files/made/up')
  const file = await ask(http, 'GET', '/v2/tools/manifests/1.0.0')
  await http.close()

  const where = '{repo="some/where"}'
  const tools = '{repo="tools"}'
  expect(await scrape(url, 'slipway_repo_uploads_total')).toEqual({ [where]: 2, [tools]: 1 })
  expect(await scrape(url, 'slipway_repo_downloads_total')).toEqual({ [where]: 1, [tools]: 3 })
  expect(await scrape(url, 'slipway_repo_storage_bytes')).toEqual({
    [where]: bytes.length + '{}'.length + 'layer'.length,
    [tools]: file.body.length + '{}'.length + '0123456789'.length,
  })
  const measured = await scrape(url, 'slipway_http_repo_latency_seconds_count')
  expect(measured).toEqual({ [where]: 6, [tools]: 4 })
})

test('e5 all requests are counted and measured, those of the registry as well, and the server says which it is', async () => {
  const { url, adminToken, api } = await openTestServer()
  const http = openHttp({ url, authorization: `Bearer ${adminToken}` })
  await ask(http, 'PATCH', '/v2/a/blobs/uploads/none')
  await api('GET', '/hosts')
  await http.close()
  const requests = await scrape(url, 'slipway_http_requests_total')
  expect(requests).toMatchObject({ '{method="PATCH",code="404"}': 1, '{method="GET",code="200"}': 1 })
  const measured = await scrape(url, 'slipway_http_method_latency_seconds_count')
  expect(measured).toMatchObject({ '{method="PATCH"}': 1 })
  expect(Object.keys(await scrape(url, 'slipway_info'))).toEqual([`{version="0.0.0-dev",node="${process.version}"}`])
})

test('e5 how long the database lets wait, and what collections remove', async () => {
  const { url, api } = await openTestServer()
  await api('GET', '/hosts')
  const text = await (await fetch(`${url}/metrics`)).text()
  expect(Number(/^slipway_storage_lock_latency_seconds_count (\d+)$/m.exec(text)?.[1])).toBeGreaterThan(0)

  const metrics = openMetrics()
  const { collecting } = storageMetrics(metrics)
  expect(
    await collecting(
      async () => 3,
      (upload) => ({ upload }),
    ),
  ).toBe(3)
  const failed = collecting(
    () => Promise.reject(new Error('the disk is gone')),
    () => ({}),
  )
  await expect(failed).rejects.toThrow('gone')
  const page = await metrics.metrics()
  expect(page).toContain('slipway_gc_deleted_total{type="upload"} 3\n')
  expect(page).toContain('slipway_gc_runs_total{error="false"} 1\n')
  expect(page).toContain('slipway_gc_runs_total{error="true"} 1\n')
  expect(page).toContain('slipway_gc_duration_seconds_count 2\n')
})
