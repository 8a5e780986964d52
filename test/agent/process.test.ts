import { randomBytes } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest'
import { runHere } from './support/in-process.ts'
import { makeAgent, makeCompute, makeRc, makeRelease, setOf, type TestRelease } from './support/releases.ts'
import { openTestHost, type TestHost, type TestHostOptions } from './support/test-host.ts'
import { startTestServer, type TestServer } from './support/test-server.ts'

let workshop: string
let server: TestServer
let agent: TestRelease
let rc: TestRelease
let compute: TestRelease
const atEnd: (() => void)[] = []

beforeAll(async () => {
  workshop = await mkdtemp(join(tmpdir(), 'slw-'))
  server = await startTestServer({ untilFinished: (end) => atEnd.push(end) })
  agent = await makeAgent(workshop, '1.0.0')
  rc = await makeRc(workshop, '1.0.0')
  compute = await makeCompute(workshop, '1.0.0')
  server.publish(agent, rc, compute)
})

afterAll(async () => {
  for (const end of atEnd) end()
  await rm(workshop, { recursive: true, force: true })
})

async function openHost(options: Partial<TestHostOptions> = {}): Promise<TestHost> {
  const host = await openTestHost({ server, installed: [agent, rc, compute], ...options })
  onTestFinished(() => host.dispose())
  return host
}

test('U28 an agent that exits at once is replaced by the old one, by itself, and is not tried again', async () => {
  const host = await openHost()
  const broken = await makeAgent(workshop, '1.1.0', 'process.exit(1)\n')
  const compute2 = await makeCompute(workshop, '1.1.0')
  server.publish(broken, compute2)
  server.desire(host.id, setOf(broken, rc, compute2))
  host.supervise()
  const report = await server.reported(host.id, (it) => it.state === 'idle' && it.lastUpdate !== undefined)
  expect(report).toMatchObject({
    agentVersion: '1.0.0',
    current: setOf(agent, rc, compute),
    lastUpdate: { result: 'rolled-back', failure: { reason: 'agent-did-not-start', component: 'agent' } },
    rejected: [{ component: broken.ref }],
  })
  expect(await host.running()).toBe('1.0.0')
  // The old agent handed over, and the new one was started three times.
  expect(host.exits).toEqual([75, 1, 1, 1])
})

test('U37 a second agent on the same root is refused, and the first goes on', async () => {
  const host = await openHost()
  host.supervise()
  await server.reported(host.id, (it) => it.state === 'idle')
  await expect(runHere(host).ended).rejects.toThrow(`another agent holds ${host.paths.lock}; stop it before you start`)
  expect((await host.control('GET', '/healthz')).status).toBe(200)
})

test('the lock goes with an agent that is killed', async () => {
  const host = await openHost()
  host.supervise()
  await server.reported(host.id, (it) => it.state === 'idle')
  expect(await host.end('SIGKILL')).toBe('SIGKILL')
  const next = runHere(host)
  await vi.waitFor(async () => expect((await host.control('GET', '/healthz')).status).toBe(200))
  expect(await next.stop()).toBe(0)
})

test('SIGTERM ends the agent at once, whatever it waits for, and the next one rolls the update back', async () => {
  const host = await openHost()
  const slow = await makeCompute(workshop, '1.2.0', { check: 'exec sleep 15' })
  server.publish(slow)
  server.desire(host.id, setOf(agent, rc, slow))
  host.supervise()
  await server.reported(host.id, ({ state }) => state === 'probe')
  const begun = performance.now()
  expect(await host.end('SIGTERM')).toBe(0)
  expect(performance.now() - begun).toBeLessThan(4000)
  host.supervise()
  const report = await server.reported(host.id, (it) => it.state === 'idle' && it.lastUpdate !== undefined)
  expect(report.lastUpdate).toMatchObject({ result: 'rolled-back', failure: { reason: 'interrupted', state: 'probe' } })
  expect(await host.running()).toBe('1.0.0')
})

test('a journal of a newer agent is not taken for idle: what runs is started anew and probed first', async () => {
  const host = await openHost({ logLevel: 'silent' })
  await writeFile(host.paths.journal, JSON.stringify({ version: 2, state: 'bless', since: 'now' }))
  const running = runHere(host)
  onTestFinished(() => void running.stop())
  await server.reported(host.id, ({ state }) => state === 'idle')
  const asked = (await readFile(join(host.root, 'service.log'), 'utf8'))
    .split('\n')
    .filter((it) => /^st(op|art)/.test(it))
  expect(asked).toEqual(['start slipway_compute', 'stop slipway_compute', 'start slipway_compute'])
  expect((await host.journal()).state).toBe('idle')
})

test('U26 a host whose server is away starts, runs its set, and updates when the server is back', async () => {
  const host = await openHost({ logLevel: 'silent' })
  server.intercept = (_, response) => {
    response.destroy()
    return true
  }
  const running = runHere(host)
  onTestFinished(() => void running.stop())
  await vi.waitFor(async () => expect((await host.control('GET', '/status')).status).toBe(200))
  const compute3 = await makeCompute(workshop, '1.3.0')
  server.publish(compute3)
  server.desire(host.id, setOf(agent, rc, compute3))
  server.intercept = undefined
  const report = await server.reported(host.id, (it) => it.state === 'idle' && it.lastUpdate !== undefined)
  expect(report).toMatchObject({ current: setOf(agent, rc, compute3), lastUpdate: { result: 'committed' } })
})

test('U15 a download that is cut goes on where it stood', async () => {
  const host = await openHost({ logLevel: 'silent' })
  const large = await makeRelease(workshop, '1.0.0', { name: 'large' }, { bytes: randomBytes(300_000) })
  server.publish(large)
  const bundle = JSON.parse(large.manifest).layers[0]
  const ranges: (string | undefined)[] = []
  server.intercept = (request, response) => {
    if (!request.url?.includes(bundle.digest)) return false
    ranges.push(request.headers.range)
    if (ranges.length > 1) return false
    response.writeHead(200, { 'content-length': bundle.size })
    response.write(large.blobs.get(bundle.digest)?.subarray(0, 200_000), () => response.destroy())
    return true
  }
  onTestFinished(() => {
    server.intercept = undefined
  })
  server.desire(host.id, setOf(agent, rc, compute, large))
  const running = runHere(host)
  onTestFinished(() => void running.stop())
  const report = await server.reported(host.id, (it) => it.state === 'idle' && it.lastUpdate !== undefined)
  expect(report.lastUpdate?.result).toBe('committed')
  expect(ranges).toHaveLength(2)
  expect(Number(/^bytes=(\d+)-$/.exec(ranges[1] ?? '')?.[1])).toBeGreaterThan(0)
})
