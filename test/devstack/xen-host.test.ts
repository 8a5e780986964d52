import { mkdtemp, open, readFile, realpath, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openSimulatedHost, type SimulatedHost } from '../../src/devstack/host.ts'

let folder: string
let host: SimulatedHost

beforeAll(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'slw-')))
  host = await openSimulatedHost({
    folder: join(folder, 'host1'),
    name: 'host1',
    times: { bootMs: 20, shutdownMs: 20 },
  })
})

afterAll(async () => {
  await host.stop()
  await rm(folder, { recursive: true })
})

const patience = { timeout: 15_000, interval: 20 }
const xl = (...words: string[]) => host.run(['/usr/local/sbin/xl', ...words])
const zfs = (...words: string[]) => host.run(['/sbin/zfs', ...words])
const device = () => join(host.root, 'dev/zvol/zroot/disk')
const domid = async () => (await xl('domid', 'vm')).stdout.trim()

async function createGuest(): Promise<void> {
  const config = join(host.root, 'vm.cfg')
  await writeFile(
    config,
    `name="vm"\ntype="hvm"\nmemory=256\ndisk=["format=raw,vdev=xvda,access=rw,backendtype=phy,target=${device()}"]\nvif=["bridge=bridge0"]\n`,
  )
  expect(await xl('create', config)).toMatchObject({ exitCode: 0, stderr: `Parsing config from ${config}\n` })
}

test('the device of a new volume appears a moment after the command, and is written like a file', async () => {
  expect(await zfs('create', '-s', '-V', '8M', 'zroot/disk')).toMatchObject({ exitCode: 0 })
  await expect
    .poll(
      () =>
        stat(device()).then(
          ({ size }) => size,
          () => 0,
        ),
      patience,
    )
    .toBe(8 * 1024 * 1024)
  const file = await open(device(), 'r+')
  await file.write('bytes')
  await file.close()
})

test('guests outlive every program, crash and start anew on order; programs fail and hang on order', async () => {
  await createGuest()
  expect(await zfs('destroy', 'zroot/disk')).toMatchObject({ stderr: "cannot destroy 'zroot/disk': dataset is busy\n" })
  expect(await domid()).toBe('1')
  await host.order({ kind: 'guest', name: 'vm', does: 'reboot' })
  await expect.poll(domid, patience).toBe('2')
  await host.order({
    kind: 'fault',
    program: 'xl',
    word: 'list',
    times: 1,
    how: { exitCode: 1, stderr: 'libxl: error' },
  })
  expect(await xl('list')).toMatchObject({ exitCode: 1, stderr: 'libxl: error\n' })
  expect(await xl('list')).toMatchObject({ exitCode: 0 })
  await host.order({ kind: 'fault', program: 'zfs', times: 1, how: 'hang' })
  await expect(host.run(['/sbin/zfs', 'list'], { timeoutMs: 300 })).rejects.toMatchObject({ code: 'command-timeout' })
  await expect(host.order({ kind: 'guest', name: 'nobody', does: 'crash' })).rejects.toMatchObject({
    code: 'command-failed',
  })
})

test('a power failure ends the guests; their disks are there again after the next boot', async () => {
  await host.powerOff()
  await host.boot()
  expect(await xl('domid', 'vm')).toMatchObject({ exitCode: 1 })
  expect((await readFile(device())).subarray(0, 5).toString()).toBe('bytes')
  expect((await host.run(['/sbin/ifconfig', '-g', 'bridge'])).stdout).toBe('bridge0\n')
  expect((await host.run(['/sbin/kldstat', '-q', '-m', 'if_tuntap'])).exitCode).toBe(0)
  await createGuest()
  expect(await domid()).toBe('1')
})
