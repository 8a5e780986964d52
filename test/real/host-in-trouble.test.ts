import { execFile } from 'node:child_process'
import { mkdtemp, readFile, realpath, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { openSimulatedHost, type SimulatedHost } from '../../src/devstack/host.ts'
import { listFolder, sizeIfThere } from '../../src/platform/files.ts'
import { componentFolder } from '../support/component-folder.ts'
import { until } from '../support/processes.ts'
import { openTestServer, type TestServer } from '../support/server.ts'
import { slipway } from '../support/slipway.ts'
import { smallDisk } from '../support/small-disk.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const MiB = 1024 * 1024

let components: string

beforeAll(async () => {
  components = await realpath(await mkdtemp(join(tmpdir(), 'slw-')))
  await promisify(execFile)(process.execPath, ['deploy/build.ts', '--out', components, 'agent'])
})
afterAll(() => rm(components, { recursive: true, force: true }))

interface Voyage {
  server: TestServer
  host: SimulatedHost
  folder: string
  /** Publishes a folder and points the channel of the host to it. */
  release(folder: string, version: string): Promise<void>
  // biome-ignore lint/suspicious/noExplicitAny: the host's page of the API, looked into
  show(): Promise<any>
}

/** The real server, and one simulated host that has installed its agent; `prepare` is called before the host's folder is used. */
async function setSail(prepare: (hostFolder: string) => Promise<void> = async () => {}): Promise<Voyage> {
  const folder = await temporaryFolder()
  const server = await openTestServer()
  const release = async (from: string, version: string) => {
    const env = { SLIPWAY_URL: server.url, SLIPWAY_TOKEN: server.adminToken }
    const published = await slipway(['publish', from, '--version', version, '--channel', 'stable'], { env })
    expect([published.exitCode, published.stderr]).toEqual([0, ''])
  }
  await release(join(components, 'components/agent'), '1.0.0')
  const hostFolder = join(folder, 'host')
  await prepare(hostFolder)
  const agentSettings = 'reportSeconds: 0.5\nmetrics:\n  listen: "127.0.0.1:0"\nupdate:\n  probeIntervalSeconds: 0.1\n'
  const host = await openSimulatedHost({ folder: hostFolder, name: 'host1', agentSettings })
  onTestFinished(() => host.stop())
  const { body } = await server.api('POST', '/join-tokens', { body: { channel: 'stable' } })
  await host.install({ url: server.url, token: body.token })
  const show = async () => (await server.api('GET', '/hosts/host1')).body
  await until('the first report', async () => (await show()).condition === 'healthy')
  return { server, host, folder, release, show }
}

test('U2 the agent is killed in the middle of a pull: the next one goes on where it was, and the set is applied', async () => {
  const { server, host, folder, release, show } = await setSail()
  await release(await componentFolder(join(folder, 'big'), { mebibytes: 300 }), '1.0.0')
  const cache = join(host.root, 'var/db/slipway/cache/sha256')
  const partial = async () => {
    const name = (await listFolder(cache)).find((one) => one.endsWith('.part'))
    return name === undefined ? 0 : ((await sizeIfThere(join(cache, name))) ?? 0)
  }
  await until('a part of the download', async () => (await partial()) > 20 * MiB)
  process.kill(Number(await readFile(join(host.root, 'var/run/slipway/slipway_agent.pid'), 'utf8')), 'SIGKILL')
  const kept = await partial()
  expect(kept).toBeGreaterThan(20 * MiB)
  expect(kept).toBeLessThan(300 * MiB)

  await until(
    'the set is applied',
    async () => (await show()).versions.big === '1.0.0' && (await show()).condition === 'healthy',
  )
  const metrics = await (await fetch(`${server.url}/metrics`)).text()
  expect(metrics).toContain('slipway_http_requests_total{method="GET",code="206"} 1')
  expect(await partial()).toBe(0)
})

test('U11 a host whose disk is full: the update fails with a clear reason, the old set runs on, and the next one that fits is applied', async () => {
  const { folder, release, show } = await setSail((hostFolder) => smallDisk(hostFolder, 40))
  await release(await componentFolder(join(folder, 'big'), { mebibytes: 80 }), '1.0.0')
  const failed = await until('the failure', async () => {
    const host = await show()
    return host.report.lastUpdate?.result === 'failed' && host
  })
  expect(failed.report.lastUpdate.failure).toMatchObject({ reason: 'storage-full' })
  expect(failed.reason).toContain('no space is left on the disk')
  expect(failed.versions).toEqual({ agent: '1.0.0' })
  expect(failed.report.checks.every((check: { healthy: boolean }) => check.healthy)).toBe(true)

  // What fits is published under the same name, so the set without the large one is what the channel says now.
  await release(await componentFolder(join(folder, 'small'), { mebibytes: 1 }), '1.1.0')
  await until(
    'the set that fits is applied',
    async () => (await show()).versions.big === '1.1.0' && (await show()).condition === 'healthy',
  )
})
