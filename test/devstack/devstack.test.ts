import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cp, mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { Type } from 'typebox'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { publishComponent } from '../../src/artifact/publish.ts'
import { Promoted } from '../../src/contract/channel.ts'
import { HostDetail, HostSummary } from '../../src/contract/host.ts'
import { cutPower, familyOf, listProcesses } from '../../src/devstack/processes.ts'
import { type Http, openHttp } from '../../src/platform/http.ts'
import { requestJson } from '../../src/platform/json-http.ts'

/*
 * The whole voyage with everything real but FreeBSD: the built components, the server, install.sh, and two hosts, one of
 * each release of FreeBSD that hosts may have. The tests go on from each other, as the updates of a cloud do.
 */

const top = join(import.meta.dirname, '../..')

let folder: string
let devstack: Devstack

beforeAll(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'slw-')))
  const build = spawn(
    process.execPath,
    ['deploy/build.ts', '--out', join(folder, 'dist'), 'agent', 'compute', 'network', 'rc'],
    { cwd: top, stdio: ['ignore', 'ignore', 'inherit'] },
  )
  expect(await once(build, 'exit')).toEqual([0, null])
  devstack = await startDevstack()
}, 60_000)

afterAll(async () => {
  await devstack.http.close()
  if (devstack.process.pid !== undefined) await cutPower(devstack.process.pid)
  await rm(folder, { recursive: true })
})

interface Devstack {
  process: ChildProcess
  http: Http
  /** What it said until all hosts ran what they should. */
  output: string
}

async function startDevstack(): Promise<Devstack> {
  const child = spawn(
    process.execPath,
    [join(import.meta.dirname, 'run-devstack.ts'), join(folder, 'data'), join(folder, 'dist/components')],
    { detached: true, stdio: ['ignore', 'pipe', 'pipe'] },
  )
  let output = ''
  const lines = createInterface({ input: child.stdout })
  child.stderr.setEncoding('utf8').on('data', (text) => {
    output += text
  })
  const ready = new Promise<void>((resolve, reject) => {
    lines.on('line', (line) => {
      output += `${line}\n`
      if (line.startsWith('All hosts have settled')) resolve()
    })
    child.once('close', () => reject(new Error(`the devstack ended: ${output}`)))
  })
  await ready
  const url = /listening on (\S+)/.exec(output)?.[1] ?? ''
  const token = (await readFile(join(folder, 'data/server/admin-token'), 'utf8')).trim()
  return { process: child, http: openHttp({ url, authorization: `Bearer ${token}` }), output }
}

async function publish(source: string, version: string): Promise<void> {
  const temporaryFolder = join(folder, 'publish')
  await publishComponent({ http: devstack.http, folder: source, version, temporaryFolder })
}

async function promote(component: string, version: string): Promise<void> {
  const body = { releases: [{ component, version }] }
  await requestJson(devstack.http, Promoted, 'POST', '/api/v1/channels/stable/promotions', { body })
}

const hosts = () => requestJson(devstack.http, Type.Array(HostSummary), 'GET', '/api/v1/hosts')
const show = (name: string) => requestJson(devstack.http, HostDetail, 'GET', `/api/v1/hosts/${name}`)

/** How the hosts stand, in what matters here. */
async function standing() {
  return (await hosts()).map(({ condition, versions }) => ({
    condition,
    compute: versions.compute,
    agent: versions.agent,
  }))
}

const all = <T>(each: T) => [each, each]
const patience = { timeout: 40_000, interval: 200 }

test('hosts install themselves and run the four components at 1.0.0', async () => {
  expect((await hosts()).map(({ name, condition, versions }) => ({ name, condition, versions }))).toEqual(
    ['host1', 'host2'].map((name) => ({
      name,
      condition: 'healthy',
      versions: { agent: '1.0.0', compute: '1.0.0', network: '1.0.0', rc: '1.0.0' },
    })),
  )
  expect(devstack.output).toContain('host2: installed its agent with install.sh and enrolled')
  expect(devstack.output).toMatch(/The page: http:\/\/127\.0\.0\.1:\d+\/#token=slw_/)
}, 60_000)

test('a new version of compute reaches all hosts', async () => {
  await publish(join(folder, 'data/examples/compute-1.1.0'), '1.1.0')
  await promote('compute', '1.1.0')
  await expect.poll(standing, patience).toEqual(all({ condition: 'healthy', compute: '1.1.0', agent: '1.0.0' }))
}, 60_000)

test('U28 an agent that exits at once: all hosts are back on the old one by themselves', async () => {
  const broken = join(folder, 'agent-broken')
  await cp(join(folder, 'dist/components/agent'), broken, { recursive: true })
  await writeFile(join(broken, 'main.js'), 'process.exit(1)\n')
  await publish(broken, '1.1.0')
  await promote('agent', '1.1.0')
  await expect.poll(standing, patience).toEqual(all({ condition: 'rolled-back', compute: '1.1.0', agent: '1.0.0' }))
  const { report } = await show('host1')
  expect(report?.lastUpdate).toMatchObject({ result: 'rolled-back', failure: { reason: 'agent-did-not-start' } })
  await promote('agent', '1.0.0')
  await expect.poll(standing, patience).toEqual(all({ condition: 'healthy', compute: '1.1.0', agent: '1.0.0' }))
}, 90_000)

test('U19 U29 a compute whose check fails: all hosts are back on 1.1.0, say why, count it, and do not try again', async () => {
  await publish(join(folder, 'data/examples/compute-1.2.0-broken'), '1.2.0')
  await promote('compute', '1.2.0')
  await expect.poll(standing, patience).toEqual(all({ condition: 'rolled-back', compute: '1.1.0', agent: '1.0.0' }))
  const { report, reason } = await show('host2')
  expect(reason).toContain('the hypervisor speaks interface version 21, but this compute was built for 22')
  expect(report?.rejected).toContainEqual(
    expect.objectContaining({ component: expect.objectContaining({ name: 'compute', version: '1.2.0' }) }),
  )
  const page = await (await fetch(`http://${report?.metricsAddress}/metrics`)).text()
  expect(page).toMatch(/^slipway_rollbacks_total\{component="compute",reason="health-check-failed"\} 1$/m)

  // Something else moves the channel: the set that holds 1.2.0 is another one, and is refused all the same.
  await promote('agent', '1.1.0')
  await expect
    .poll(async () => (await show('host2')).report?.generation, patience)
    .toBe((await show('host2')).generation)
  expect(await standing()).toEqual(all({ condition: 'rolled-back', compute: '1.1.0', agent: '1.0.0' }))
}, 60_000)

test('Ctrl-C stops everything: no process is left', async () => {
  const { process: child } = devstack
  const family = familyOf(child.pid ?? 0, await listProcesses())
  // The devstack, the server, two simulators, six programs, and the leashes.
  expect(family.length).toBeGreaterThanOrEqual(10)
  child.kill('SIGINT')
  expect(await once(child, 'exit')).toEqual([0, null])
  await expect.poll(() => alive(family), patience).toEqual([])
}, 60_000)

test('a second start goes on where the first one was; a second devstack in the same folder is refused', async () => {
  await devstack.http.close()
  // The first thing that a host says is what it still runs.
  devstack = await startDevstack()
  expect(await standing()).toEqual(all({ condition: 'rolled-back', compute: '1.1.0', agent: '1.0.0' }))
  expect(devstack.output).not.toContain('install.sh')
  await expect(startDevstack()).rejects.toThrow(`another devstack is at work in ${folder}/data`)
}, 60_000)

test('a devstack that is killed takes everything with it', async () => {
  const { process: child } = devstack
  const family = familyOf(child.pid ?? 0, await listProcesses())
  child.kill('SIGKILL')
  await once(child, 'exit')
  await expect.poll(() => alive(family), patience).toEqual([])
}, 60_000)

async function alive(pids: readonly number[]): Promise<number[]> {
  const living = new Set((await listProcesses()).map(({ pid }) => pid))
  return pids.filter((pid) => living.has(pid))
}
