import { expect, test } from 'vitest'
import { releaseSet } from '../../src/fleet/desired.ts'
import { newSecret } from '../../src/platform/secret.ts'
import { amd64, report } from '../fleet/test-fleet.ts'
import { until } from '../support/processes.ts'
import { openTestServer, type TestServer } from '../support/server.ts'

/** Publishes an agent, promotes it to stable, and answers the credential of a host that enrolled. */
async function enrolledHost(server: TestServer, name = 'host1'): Promise<{ id: string; credential: string }> {
  await server.publish('agent', '1.0.0')
  await server.api('POST', '/channels/stable/promotions', {
    body: { releases: [{ component: 'agent', version: '1.0.0' }] },
  })
  const joinToken = (await server.api('POST', '/join-tokens', { body: { channel: 'stable' } })).body.token
  const key = newSecret()
  const secret = joinToken.split('@')[0]
  const { body } = await server.api('POST', '/enrol', { as: secret, body: { name, platform: amd64, key } })
  return { id: body.host, credential: `slw_${body.host}_${key}` }
}

const promoteCompute = (server: TestServer, version: string) =>
  server.api('POST', '/channels/stable/promotions', { body: { releases: [{ component: 'compute', version }] } })

test('a host gets its desired document with its generation as ETag, and 304 while nothing changed', async () => {
  const server = await openTestServer()
  const host = await enrolledHost(server)
  const first = await server.api('GET', '/hosts/self/desired', { as: host.credential })
  expect(first.status).toBe(200)
  expect(first.headers.get('etag')).toBe('"1"')
  expect(first.body).toMatchObject({ host: host.id, generation: 1, instances: [], network: {}, operations: [] })
  expect(first.body.releaseSet.components.map((one: { name: string }) => one.name)).toEqual(['agent'])
  const again = await server.api('GET', '/hosts/self/desired?wait=0', {
    as: host.credential,
    headers: { 'if-none-match': '"1"' },
  })
  expect(again.status).toBe(304)
})

test('a host that waits hears of a promotion at once', async () => {
  const server = await openTestServer()
  const host = await enrolledHost(server)
  await server.publish('compute', '1.0.0')
  const waiting = server.api('GET', '/hosts/self/desired?wait=60', {
    as: host.credential,
    headers: { 'if-none-match': '"1"' },
  })
  expect((await promoteCompute(server, '1.0.0')).body).toMatchObject({ hostsChanged: 1 })
  expect((await waiting).body).toMatchObject({ generation: 2 })
})

test('a server that stops answers those who wait', async () => {
  const server = await openTestServer()
  const host = await enrolledHost(server)
  const waiting = server.api('GET', '/hosts/self/desired?wait=60', {
    as: host.credential,
    headers: { 'if-none-match': '"1"' },
  })
  const page = async () => (await fetch(`${server.url}/metrics`)).text()
  await until('a host that waits', async () => (await page()).includes('\nslipway_hosts_waiting 1\n'))
  await server.close()
  expect((await waiting).status).toBe(304)
})

test('a report is shown by host and counted by /metrics', async () => {
  const server = await openTestServer()
  const host = await enrolledHost(server)
  const { body: desired } = await server.api('GET', '/hosts/self/desired', { as: host.credential })
  const set = releaseSet([{ name: 'compute', version: '1.2.0', digest: desired.releaseSet.digest }])
  const at = new Date().toISOString()
  const failure = {
    reason: 'health-check-failed' as const,
    message: 'healthz answered 503',
    component: 'compute',
    state: 'probe' as const,
    at,
  }
  const body = report({ current: desired.releaseSet, lastUpdate: { set, result: 'rolled-back', failure, at } })
  expect((await server.api('POST', '/hosts/self/report', { as: host.credential, body })).status).toBe(204)
  expect((await server.api('GET', '/hosts')).body).toMatchObject([
    { name: 'host1', condition: 'healthy', versions: { agent: '1.0.0' } },
  ])
  expect((await server.api('GET', '/hosts/host1')).body.report.lastUpdate.failure.message).toBe('healthz answered 503')
  const metrics = await (await fetch(`${server.url}/metrics`)).text()
  expect(metrics).toContain(
    'slipway_host_updates_total{result="rolled-back",reason="health-check-failed",component="compute"} 1',
  )
  expect(metrics).toContain('slipway_hosts{component="agent",version="1.0.0",channel="stable",state="healthy"} 1')
  expect(metrics).not.toContain('host1')
})

test('a report with unknown fields is taken, one with a wrong field is refused with its name', async () => {
  const server = await openTestServer()
  const host = await enrolledHost(server)
  const later = await server.api('POST', '/hosts/self/report', {
    as: host.credential,
    body: { ...report(), fromTheFuture: true },
  })
  expect(later.status).toBe(204)
  const wrong = await server.api('POST', '/hosts/self/report', {
    as: host.credential,
    body: { ...report(), state: 'dreaming' },
  })
  expect(wrong.status).toBe(400)
  expect(wrong.body.detail).toContain('state')
})

test('T25: a host can report for itself only; a person cannot report; a host cannot read the fleet', async () => {
  const server = await openTestServer()
  const host = await enrolledHost(server)
  expect((await server.api('POST', '/hosts/self/report', { body: report() })).status).toBe(403)
  expect((await server.api('GET', '/hosts', { as: host.credential })).status).toBe(403)
})

test('a host that was removed is refused at once', async () => {
  const server = await openTestServer()
  const host = await enrolledHost(server)
  expect((await server.api('DELETE', '/hosts/host1')).status).toBe(204)
  expect((await server.api('GET', '/hosts/self/desired', { as: host.credential })).status).toBe(401)
  expect((await server.api('DELETE', '/hosts/host1')).status).toBe(404)
})

test('events tell which host changed, as it happens', async () => {
  const server = await openTestServer()
  const host = await enrolledHost(server)
  const end = new AbortController()
  const response = await fetch(`${server.url}/api/v1/events`, {
    headers: { authorization: `Bearer ${server.adminToken}` },
    signal: end.signal,
  })
  expect(response.headers.get('content-type')).toBe('text/event-stream')
  const reader = (response.body as ReadableStream<Uint8Array>).pipeThrough(new TextDecoderStream()).getReader()
  expect((await reader.read()).value).toContain(': connected')
  await server.api('POST', '/hosts/self/report', { as: host.credential, body: report() })
  expect((await reader.read()).value).toBe('data: {"kind":"host","name":"host1"}\n\n')
  end.abort()
})
