import { mkdir, mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openSimulatedHost, type SimulatedHost } from '../../src/devstack/host.ts'
import { familyOf, listProcesses } from '../../src/devstack/processes.ts'

/** A program that starts one in a session of its own, as the agent's commands are, and runs until it is killed. */
const program = `import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
const child = spawn(process.execPath, ['-e', 'setInterval(String, 1000)'], { detached: true, stdio: 'ignore' })
writeFileSync(process.argv[3] + '/pids', JSON.stringify([process.pid, child.pid]))
setInterval(() => {}, 1000)
`

let folder: string
let host: SimulatedHost

beforeAll(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'slw-')))
  host = await openSimulatedHost({
    folder: join(folder, 'a-host-whose-folder-has-a-long-name'.repeat(4)),
    name: 'host1',
  })
  await mkdir(join(host.root, 'var/db/slipway/current/compute'), { recursive: true })
  await writeFile(join(host.root, 'var/db/slipway/current/compute/main.js'), program)
  const script = await readFile(join(import.meta.dirname, '../../deploy/rc.d/slipway_compute'))
  await writeFile(join(host.root, 'usr/local/etc/rc.d/slipway_compute'), script, { mode: 0o555 })
  await host.run(['/usr/sbin/sysrc', 'slipway_compute_enable=YES'])
})

afterAll(async () => {
  await host.stop()
  await rm(folder, { recursive: true })
})

const compute = (directive: string) => host.run(['/usr/sbin/service', 'slipway_compute', directive])
const patience = { timeout: 15_000, interval: 20 }

/** Starts compute and answers the processes that it is. */
async function running(): Promise<number[]> {
  const pids = () => readFile(join(host.root, 'pids'), 'utf8').then(JSON.parse, () => [])
  await expect.poll(pids, patience).toHaveLength(2)
  return pids()
}

async function alive(pids: readonly number[]): Promise<number[]> {
  const living = new Set((await listProcesses()).map(({ pid }) => pid))
  return pids.filter((pid) => living.has(pid))
}

test('programs of the host answer through their shims; sockets below the root fit, however long the folder', async () => {
  expect(Buffer.byteLength(join(host.root, 'var/run/slipway/network.sock'))).toBeLessThan(100)
  expect(await host.run(['/usr/bin/uname', '-n'])).toMatchObject({ exitCode: 0, stdout: 'host1\n' })
  expect(await host.run(['/usr/sbin/service', 'nope', 'status'])).toMatchObject({ exitCode: 1 })
})

test('when the power fails every process is gone, and boot starts what is enabled', async () => {
  await compute('start')
  const pids = await running()
  await host.powerOff()
  expect(await alive(pids)).toEqual([])
  expect(await host.run(['/usr/bin/uname'])).toMatchObject({
    exitCode: 1,
    stderr: expect.stringMatching(/^\/usr\/bin\/uname: the simulated host is switched off/),
  })

  await rm(join(host.root, 'pids'))
  await host.boot()
  expect(await alive(await running())).toHaveLength(2)
  expect(await compute('status')).toMatchObject({ exitCode: 0 })
})

test('killing the simulator is a power failure too: what it started does not outlive it', async () => {
  const pids = await running()
  const rows = await listProcesses()
  const simulator = rows.find(({ pid }) => pid === pids[0])?.parent ?? 0
  const family = familyOf(simulator, rows)
  expect(family).toEqual(expect.arrayContaining(pids))
  process.kill(simulator, 'SIGKILL')
  await expect.poll(() => alive(family), patience).toEqual([])
  await rm(join(host.root, 'pids'))
  await host.boot()
  await running()
})

test('a shutdown in order stops the services; the folder stays and can be switched on again', async () => {
  const pids = await running()
  await host.stop()
  expect(await alive([pids[0] ?? 0])).toEqual([])
  host = await openSimulatedHost({
    folder: join(folder, 'a-host-whose-folder-has-a-long-name'.repeat(4)),
    name: 'host1',
  })
  expect(await compute('status')).toMatchObject({ exitCode: 0 })
})
