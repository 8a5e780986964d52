import { existsSync, readlinkSync } from 'node:fs'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest'
import type { HostReport } from '../../src/contract/report.ts'
import { openHttp } from '../../src/platform/http.ts'
import { runHere } from './support/in-process.ts'
import { makeCompute, makeRc, makeRelease, setOf, type TestRelease } from './support/releases.ts'
import { openTestHost, type TestHost, type TestHostOptions } from './support/test-host.ts'
import { startTestServer, type TestServer } from './support/test-server.ts'

let workshop: string
let server: TestServer
let rc: TestRelease
let compute1: TestRelease
let compute2: TestRelease
const atEnd: (() => void)[] = []

beforeAll(async () => {
  workshop = await mkdtemp(join(tmpdir(), 'slw-'))
  server = await startTestServer({ untilFinished: (end) => atEnd.push(end) })
  rc = await makeRc(workshop, '1.0.0')
  compute1 = await makeCompute(workshop, '1.0.0')
  compute2 = await makeCompute(workshop, '1.1.0')
  server.publish(rc, compute1, compute2)
})

afterAll(async () => {
  for (const end of atEnd) end()
  await rm(workshop, { recursive: true, force: true })
})

/** A host that runs compute 1.0.0, with an agent at work in this process. */
async function startHost(options: Partial<TestHostOptions> = {}): Promise<TestHost> {
  const host = await openTestHost({ server, installed: [rc, compute1], logLevel: 'silent', ...options })
  const running = runHere(host)
  onTestFinished(async () => {
    await running.stop()
    await host.dispose()
  })
  return host
}

/** Publishes a compute, makes it desired together with rc, and waits for the end of the update. */
async function update(host: TestHost, ...releases: TestRelease[]): Promise<HostReport> {
  server.publish(...releases)
  const set = setOf(...releases)
  server.desire(host.id, set)
  return server.reported(host.id, (it) => it.state === 'idle' && it.lastUpdate?.set.digest === set.digest)
}

function services(host: TestHost): Promise<string[]> {
  return readFile(join(host.root, 'service.log'), 'utf8').then((text) => text.trim().split('\n'))
}

async function metrics(report: HostReport): Promise<string[]> {
  const http = openHttp({ url: `http://${report.metricsAddress}` })
  try {
    return (await (await http.send('GET', '/metrics')).text()).split('\n')
  } finally {
    await http.close()
  }
}

describe('an update that goes well', () => {
  test('the new set runs, the report and the page say so, and what is alike in both sets was not touched', async () => {
    const host = await startHost()
    const rc2 = await makeRc(workshop, '1.0.1')
    const report = await update(host, rc2, compute1)
    const sets = { current: setOf(rc2, compute1), previous: setOf(rc, compute1) }
    expect(report).toMatchObject({ ...sets, lastUpdate: { result: 'committed' }, rejected: [] })
    expect((await services(host)).filter((it) => /^(stop|start)/.test(it))).toEqual(['start slipway_compute'])

    expect((await metrics(report)).filter((line) => /^slipway_tls_certificate_expiry/.test(line))).toEqual([])

    const second = await update(host, rc2, compute2)
    expect(await host.running()).toBe('1.1.0')
    expect((await services(host)).filter((it) => /^(stop|start)/.test(it))).toEqual([
      'start slipway_compute',
      'stop slipway_compute',
      'start slipway_compute',
    ])
    expect(second.checks.every(({ healthy }) => healthy)).toBe(true)
    expect(await metrics(second)).toEqual(
      expect.arrayContaining([
        '# TYPE slipway_attempts_total counter',
        'slipway_attempts_total{component="compute",result="committed",reason=""} 1',
        `slipway_last_update_timestamp_seconds{result="committed",reason="",component=""} ${Date.parse(second.lastUpdate?.at ?? '') / 1000}`,
        'slipway_agent_state{state="idle"} 1',
        'slipway_agent_state{state="fetch"} 0',
        'slipway_updates_enabled 1',
        `slipway_component_info{component="compute",version="1.1.0",digest="${compute2.ref.digest}"} 1`,
        'slipway_health_check_success{component="compute",check="version"} 1',
        `slipway_download_bytes_total{kind="full"} ${[rc2, compute2]
          .map(({ manifest }) => JSON.parse(manifest).layers[0].size)
          .reduce((a, b) => a + b)}`,
      ]),
    )
  })

  test('the daemons get their part of the document, network and instances, with its generation', async () => {
    const host = await startHost()
    server.desire(host.id, null, { instances: [{ name: 'a' }], network: { lan: {} } })
    await vi.waitFor(async () => {
      expect(JSON.parse(await readFile(host.paths.desiredNetwork, 'utf8'))).toEqual({
        generation: 1,
        network: { lan: {} },
      })
      const instances = JSON.parse(await readFile(host.paths.desiredInstances, 'utf8'))
      expect(instances).toEqual({ generation: 1, instances: [{ name: 'a' }], volumes: [], operations: [] })
    })
  })

  test('a host whose first set this is starts from the agent alone', async () => {
    const host = await startHost({ installed: [] })
    const report = await update(host, rc, compute2)
    expect(report.current).toEqual(setOf(rc, compute2))
    expect(await host.running()).toBe('1.1.0')
    expect(await readFile(join(host.root, 'etc/rc.conf'), 'utf8')).toContain('slipway_compute_enable="YES"\n')
  })

  test('releases and downloads that neither the current nor the previous set needs are removed', async () => {
    const host = await startHost()
    await update(host, rc, compute2)
    const compute3 = await makeCompute(workshop, '1.2.0')
    await update(host, rc, compute3)
    expect(await readdir(join(host.paths.releases, 'compute'))).toHaveLength(2)
    expect(await readdir(host.paths.sets)).toHaveLength(2)
    const digests = new Set([compute2, compute3].flatMap(({ ref, blobs }) => [ref.digest, ...blobs.keys()]))
    expect(new Set((await readdir(join(host.paths.cache, 'sha256'))).map((it) => `sha256:${it}`))).toEqual(digests)
  })

  test('U41 configuration that the release brings is copied once, and never over what the administrator wrote', async () => {
    const host = await startHost()
    const release = await makeRelease(
      workshop,
      '5.0.0',
      { name: 'files', configuration: ['compute.yaml', 'extra.yaml'] },
      {
        'compute.yaml': 'a: release\n',
        'extra.yaml': 'b: release\n',
      },
    )
    await writeFile(host.paths.configurationFile('compute.yaml'), 'a: mine\n')
    expect((await update(host, rc, compute1, release)).lastUpdate?.result).toBe('committed')
    expect(await readFile(host.paths.configurationFile('compute.yaml'), 'utf8')).toBe('a: mine\n')
    expect(await readFile(host.paths.configurationFile('extra.yaml'), 'utf8')).toBe('b: release\n')
  })
})

describe('an update that is refused before anything is touched', () => {
  const untouched = async (host: TestHost, report: HostReport) => {
    expect(report.lastUpdate?.result).toBe('failed')
    expect(report.current).toEqual(setOf(rc, compute1))
    expect(report.rejected).toEqual([])
    expect(await host.running()).toBe('1.0.0')
    expect((await services(host)).filter((it) => /^(stop|start)/.test(it))).toEqual(['start slipway_compute'])
    // The agent may just be writing a file of its own.
    await vi.waitFor(async () => expect(await host.temporaries()).toEqual([]))
  }

  test('U40 a release for another platform is refused before its bundle is downloaded', async () => {
    const host = await startHost()
    const platform = { os: 'freebsd', architecture: 'arm64', 'os.version': '14' } as const
    const release = await makeCompute(workshop, '2.0.0', { component: { platform } })
    const report = await update(host, rc, release)
    expect(report.lastUpdate?.failure).toMatchObject({
      reason: 'platform-mismatch',
      component: 'compute',
      message: 'compute@2.0.0 is for freebsd/arm64/14, but this host is freebsd/amd64/14',
    })
    const bundle = JSON.parse(release.manifest).layers[0].digest
    expect(server.requests.filter((it) => it.includes(bundle))).toEqual([])
    await untouched(host, report)
  })

  test('U13 a bundle whose bytes are not those of its digest is refused', async () => {
    const host = await startHost()
    const release = await makeCompute(workshop, '2.1.0')
    const bundle = JSON.parse(release.manifest).layers[0].digest
    const bytes = Buffer.from(release.blobs.get(bundle) ?? '')
    bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1
    const report = await update(host, rc, { ...release, blobs: new Map([...release.blobs, [bundle, bytes]]) })
    expect(report.lastUpdate?.failure).toMatchObject({
      reason: 'digest-mismatch',
      component: 'compute',
      state: 'fetch',
    })
    await untouched(host, report)
  })

  test('a set whose digest is not that of its components is refused', async () => {
    const host = await startHost()
    const set = { ...setOf(rc, compute2), digest: setOf(rc).digest }
    server.desire(host.id, set)
    const report = await server.reported(host.id, (it) => it.lastUpdate !== undefined)
    expect(report.lastUpdate?.failure).toMatchObject({ reason: 'digest-mismatch', state: 'verify' })
    await untouched(host, report)
  })

  test('U14 a release that the registry does not have is refused with a reason, and asked for once', async () => {
    const host = await startHost()
    const release = await makeCompute(workshop, '2.2.0')
    const set = setOf(rc, release)
    server.desire(host.id, set)
    const report = await server.reported(host.id, (it) => it.lastUpdate !== undefined)
    expect(report.lastUpdate?.failure).toMatchObject({
      reason: 'release-invalid',
      component: 'compute',
      state: 'fetch',
    })
    server.desire(host.id, set)
    await server.reported(host.id, (it) => it.generation === 2)
    expect(server.requests.filter((it) => it.includes(release.ref.digest))).toHaveLength(1)
    await untouched(host, report)
  })

  test('a component that the administrator does not want to run is refused before the old one stops', async () => {
    const host = await startHost()
    await writeFile(join(host.root, 'etc/rc.conf'), 'slipway_compute_enable="YES"\nslipway_x_enable="NO"\n')
    const release = await makeRelease(workshop, '1.0.0', { name: 'extra', services: ['slipway_x'] }, { a: 'a' })
    const report = await update(host, rc, compute2, release)
    expect(report.lastUpdate?.failure).toMatchObject({
      reason: 'requirement-unmet',
      component: 'extra',
      state: 'stage',
    })
    expect(report.lastUpdate?.failure?.message).toContain('set slipway_x_enable to YES, or remove it')
    await untouched(host, report)
  })

  test("a file of the administrator's in the way of a link is named, and stays", async () => {
    const host = await startHost()
    const path = '/usr/local/etc/rc.d/slipway_y'
    await writeFile(join(host.root, path), 'mine\n')
    const release = await makeRelease(workshop, '1.0.1', { name: 'extra', links: [{ path, target: 'a' }] }, { a: 'a' })
    const report = await update(host, rc, compute2, release)
    expect(report.lastUpdate?.failure).toMatchObject({
      reason: 'requirement-unmet',
      component: 'extra',
      state: 'stage',
    })
    expect(report.lastUpdate?.failure?.message).toContain(path)
    expect(await readFile(join(host.root, path), 'utf8')).toBe('mine\n')
    await untouched(host, report)
  })
})

describe('an update that is rolled back', () => {
  test('U19 U29 U51 a sick release: the old set is back, the reason is told, and it is refused until it is cleared', async () => {
    const host = await startHost()
    const sick = await makeCompute(workshop, '3.0.0', { check: 'echo the hypervisor does not answer; exit 1' })
    const report = await update(host, rc, sick)
    expect(report.lastUpdate).toMatchObject({
      result: 'rolled-back',
      failure: {
        reason: 'health-check-failed',
        component: 'compute',
        state: 'probe',
        message: 'the check version of compute fails: the hypervisor does not answer',
      },
    })
    expect(report.current).toEqual(setOf(rc, compute1))
    expect(report.rejected).toMatchObject([{ set: setOf(rc, sick).digest, component: sick.ref }])
    expect(await host.running()).toBe('1.0.0')
    expect(await metrics(report)).toEqual(
      expect.arrayContaining([
        'slipway_rollbacks_total{component="compute",reason="health-check-failed"} 1',
        'slipway_rejected_versions{component="compute"} 1',
        `slipway_last_update_timestamp_seconds{result="rolled-back",reason="health-check-failed",component="compute"} ${Date.parse(report.lastUpdate?.at ?? '') / 1000}`,
      ]),
    )

    // Another set with the same release is refused too; the host stays idle, and says that it knows of it.
    const rc3 = await makeRc(workshop, '3.0.0')
    server.publish(rc3)
    server.desire(host.id, setOf(rc3, sick))
    const later = await server.reported(host.id, (it) => it.generation === 2 && it.state === 'idle')
    expect(later.lastUpdate).toEqual(report.lastUpdate)

    expect((await host.control('POST', '/clear-rejected')).status).toBe(200)
    const again = await server.reported(host.id, (it) => it.lastUpdate?.set.digest === setOf(rc3, sick).digest)
    expect(again.lastUpdate?.result).toBe('rolled-back')
  })

  test('U20 U46 a check that never comes to an end, or always asks for more time, is ended by the deadline', async () => {
    const host = await startHost({ update: { probeDeadlineSeconds: 1 } })
    for (const [version, check] of [
      ['3.1.0', 'exec sleep 60'],
      ['3.1.1', 'echo still starting; exit 21'],
    ] as const) {
      const report = await update(host, rc, await makeCompute(workshop, version, { check }))
      expect(report.lastUpdate).toMatchObject({ result: 'rolled-back', failure: { reason: 'health-check-failed' } })
      expect(report.lastUpdate?.failure?.message).toContain('for 1 s')
    }
    expect(await host.running()).toBe('1.0.0')
  })

  test('U45 what a check says is cut to what a report can hold', async () => {
    const host = await startHost()
    const check = 'i=0; while [ $i -lt 400 ]; do echo the same line again; i=$((i + 1)); done; exit 1'
    const report = await update(host, rc, await makeCompute(workshop, '3.2.0', { check }))
    expect(report.lastUpdate?.failure?.message).toHaveLength(2000)
  })

  test('U24 without a way to the server the old set is restored', async () => {
    const host = await startHost({ update: { confirmSeconds: 0.5 } })
    server.intercept = (request, response) => {
      const cut = request.headers.authorization?.includes(host.id) && switched(host)
      if (cut) response.destroy()
      return cut ?? false
    }
    onTestFinished(() => {
      server.intercept = undefined
    })
    const report = await update(host, rc, compute2)
    expect(report.lastUpdate).toMatchObject({
      result: 'rolled-back',
      failure: { reason: 'not-confirmed', state: 'confirm' },
    })
    expect(report.lastUpdate?.failure?.message).toMatch(
      /^with the new set the server was not reached within 0.5 s: (cannot reach|The operation was aborted)/,
    )
    expect(await host.running()).toBe('1.0.0')
    expect(await metrics(report)).toContain('slipway_confirm_timeouts_total 1')
  })

  test('U54 when the old set is sick as well the host is stuck, touches nothing more, and goes on when a person says so', async () => {
    const fragile = await makeCompute(workshop, '4.0.0', {
      check: `[ ! -e ../../../../../run/broken ] || { echo the pool is gone; exit 1; }`,
    })
    server.publish(fragile)
    const host = await startHost({ installed: [rc, fragile] })
    const breaks = await makeCompute(workshop, '4.1.0', { check: ': >../../../../../run/broken; echo oops; exit 1' })
    server.publish(breaks)
    server.desire(host.id, setOf(rc, breaks))
    const stuck = await server.reported(host.id, ({ state }) => state === 'stuck')
    expect(stuck.failure).toMatchObject({ reason: 'rollback-failed', component: 'compute' })
    expect(stuck.failure?.message).toBe(
      'the check version of compute fails: the pool is gone; the rollback was because: the check version of compute fails: oops',
    )
    expect((await host.control('GET', '/healthz')).status).toBe(503)
    expect(await metrics(stuck)).toContain('slipway_updates_enabled 0')

    await rm(join(host.root, 'var/run/broken'))
    expect((await host.control('POST', '/release')).status).toBe(200)
    const free = await server.reported(host.id, ({ state }) => state === 'idle')
    expect(free.rejected).toHaveLength(1)
    expect((await host.control('POST', '/release')).status).toBe(409)
  })

  test('what only the new set brought is stopped and gone after the rollback', async () => {
    const host = await startHost({ installed: [] })
    const sick = await makeCompute(workshop, '4.2.0', { check: 'exit 1' })
    const report = await update(host, rc, sick)
    expect(report).toMatchObject({ current: null, lastUpdate: { result: 'rolled-back' } })
    expect(existsSync(join(host.root, 'usr/local/etc/rc.d/slipway_compute'))).toBe(false)
    expect(existsSync(join(host.root, 'var/run/slipway_compute.pid'))).toBe(false)
  })
})

/** Whether the host is past its switch and not back yet: then the new set cuts the way to the server. */
function switched(host: TestHost): boolean {
  return readlinkSync(host.paths.current).includes(setOf(rc, compute2).digest.slice(7, 19))
}
