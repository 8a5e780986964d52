import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ComputeStatus, InstanceStatus } from '../../src/contract/compute-status.ts'
import type { DesiredInstance, DesiredVolume, ImageRef } from '../../src/contract/instance.ts'
import type { Operation } from '../../src/contract/operation.ts'

export interface HostResult {
  exitCode: number
  stdout: string
  stderr: string
}

/** A host with Xen and ZFS on which compute runs as it is shipped. Its pool and its hypervisor are the suite's alone. */
export interface ComputeHost {
  /** Runs a tool of the host by its name. */
  exec(argv: readonly [string, ...string[]]): Promise<HostResult>
  /** Files by their path on the host: /var/db/… */
  writeFile(path: string, text: string): Promise<void>
  readFile(path: string): Promise<string>
  /** Starts compute, and resolves when its socket answers. */
  startCompute(): Promise<void>
  /** Ends compute as suddenly as can be: with SIGKILL where it is a process of its own. */
  killCompute(): Promise<void>
  /** GET at compute's socket: `[status, body]`. */
  get(path: string): Promise<[number, string]>
  /** Types a line at the guest's console over compute's socket, and answers what came back until `until` was seen. */
  type(id: string, line: string, until: string): Promise<string>
  /** Makes a guest do something by itself. */
  guest(name: string, does: 'crash' | 'poweroff' | 'reboot' | 'turn-deaf'): Promise<void>
  /** Bytes of an instance's first disk, by the path of its device. */
  writeDisk(path: string, text: string): Promise<void>
  readDisk(path: string, length: number): Promise<string>
  close(): Promise<void>
  pool: string
  bridge: string
  /** An image whose layer lies in the cache of the host. */
  image: ImageRef
  /** What guests of this host are like: their type, what they start from, how much memory they need. */
  shape: Pick<DesiredInstance, 'type' | 'boot' | 'memoryMiB'>
  /** A text that every guest prints on its console when it is up. */
  upText: string
}

const MiB = 1024 * 1024
const desiredFile = '/var/db/slipway/desired/instances.json'

/** What compute does on a host: the same on the simulator and on the real Xen. The tests stand in an order: making guests is dear. */
export function computeHostSuite(name: string, open: () => Promise<ComputeHost>, { patienceMs = 60_000 } = {}): void {
  describe(name, { timeout: patienceMs * 3 }, () => {
    let host: ComputeHost
    const instances = new Map<string, DesiredInstance>()
    const volumes = new Map<string, DesiredVolume>()
    const operations: Operation[] = []
    let generation = 0
    let number = 0

    beforeAll(async () => {
      host = await open()
      await host.startCompute()
    }, patienceMs * 3)
    afterAll(() => host?.close(), patienceMs)

    const patience = { timeout: patienceMs, interval: 100 }

    async function desire(): Promise<void> {
      generation++
      const document = { generation, instances: [...instances.values()], volumes: [...volumes.values()], operations }
      await host.writeFile(desiredFile, JSON.stringify(document))
    }

    function instance(label: string, change: Partial<DesiredInstance> = {}): DesiredInstance {
      number++
      const wanted: DesiredInstance = {
        id: newInstanceId(),
        name: `suite.${label}`,
        revision: 1,
        wanted: 'running',
        driver: 'xen',
        vcpus: 1,
        ...host.shape,
        root: { source: { image: host.image }, sizeBytes: 64 * MiB },
        diskBackend: 'auto',
        volumes: [],
        ports: [
          {
            id: number.toString(16).padStart(16, '0'),
            network: 'suite.net',
            bridge: host.bridge,
            mac: `00:16:3e:00:01:${number.toString(16).padStart(2, '0')}`,
            addresses: [`10.9.0.${20 + number}/24`],
          },
        ],
        restart: 'always',
        shutdownSeconds: Math.ceil(patienceMs / 1000),
        ...change,
      }
      instances.set(wanted.id, wanted)
      return wanted
    }

    async function change({ id }: DesiredInstance, facts: Partial<DesiredInstance>): Promise<DesiredInstance> {
      const before = instances.get(id) as DesiredInstance
      const after = { ...before, ...facts, revision: before.revision + 1 }
      instances.set(id, after)
      await desire()
      return after
    }

    const status = async (): Promise<ComputeStatus> => JSON.parse((await host.get('/status'))[1])
    /** Undefined until compute has read what was desired last: before that it tells of what was. */
    const of = async ({ id }: { id: string }): Promise<InstanceStatus | undefined> => {
      const told = await status()
      return told.generation === generation ? told.instances.find((it) => it.id === id) : undefined
    }
    const become = (wanted: { id: string }, facts: Record<string, unknown>) =>
      expect.poll(() => of(wanted), patience).toMatchObject(facts)
    const domid = async (wanted: { id: string }) => (await of(wanted))?.domid ?? -1
    const device = ({ id }: { id: string }) => `/dev/zvol/${host.pool}/slipway/instances/${id}`
    const listed = async (name: string) => (await host.exec(['xl', 'domid', name])).exitCode === 0

    /** Gives an operation and waits for its end. */
    async function operate<K extends Operation['kind']>(
      { id }: { id: string },
      kind: K,
      args: Extract<Operation, { kind: K }> extends { arguments: infer A } ? A : undefined,
    ) {
      const operation = {
        id: (operations.length + 1).toString(16).padStart(16, '0'),
        target: id,
        notAfter: new Date(Date.now() + 600_000).toISOString(),
        kind,
        ...(args === undefined ? {} : { arguments: args }),
      } as Operation
      operations.push(operation)
      await desire()
      const report = async () => (await status()).operations.find((it) => it.id === operation.id)
      await expect.poll(async () => (await report())?.state, patience).toMatch(/^(done|failed)$/)
      return await report()
    }

    describe('a guest', () => {
      let web: DesiredInstance

      test('is made from an image, on a clone of it, and its console is kept', async () => {
        web = instance('web', { check: { kind: 'console', text: host.upText } })
        await desire()
        await become(web, { state: 'running', revision: 1, atNextStart: [], health: 'healthy', restarts: 0 })
        const [shown] = (await status()).instances
        expect(shown?.disks).toEqual([expect.objectContaining({ device: 'xvda', sizeBytes: 64 * MiB, backend: 'phy' })])
        expect(shown?.firstBootSeconds).toBeGreaterThan(0)
        expect(shown?.interfaces).toEqual([{ port: web.ports[0]?.id, name: expect.stringMatching(/\d+\.0$/) }])
        expect((await status()).images).toEqual([host.image.layer.digest])
        const origin = await host.exec([
          'zfs',
          'get',
          '-H',
          '-o',
          'value',
          'origin',
          `${host.pool}/slipway/instances/${web.id}`,
        ])
        expect(origin.stdout).toMatch(/^\S+\/slipway\/images\/\S+@\S+\n$/)
        const [, log] = await host.get(`/instances/${web.id}/console/log`)
        expect(log).toContain(host.upText)
      })

      test('answers on its console to whoever types there', async () => {
        expect(await host.type(web.id, 'echo one-two', 'one-two')).toContain('one-two')
      })

      test('goes on with the same domain when compute is killed, and is adopted', async () => {
        const before = await of(web)
        await host.killCompute()
        expect(await listed(web.name)).toBe(true)
        await host.startCompute()
        await become(web, { state: 'running', health: 'healthy', domid: before?.domid, startedAt: before?.startedAt })
      })

      test('that reboots by itself gets another domain, and nobody counts that as a failure', async () => {
        const before = await domid(web)
        await host.guest(web.name, 'reboot')
        await expect.poll(async () => (await domid(web)) > before, patience).toBe(true)
        await become(web, { state: 'running', restarts: 0 })
      })

      test('that crashes is started again', async () => {
        await host.guest(web.name, 'crash')
        await become(web, { state: 'running', restarts: 1 })
      })

      test('that shuts itself down stays so when its policy is on-failure', async () => {
        await change(web, { restart: 'on-failure' })
        await become(web, { state: 'running', revision: 2 })
        await host.guest(web.name, 'poweroff')
        await become(web, { state: 'stopped', reason: 'it shut itself down, and its restart policy is on-failure' })
        expect(await listed(web.name)).toBe(false)
        expect(await operate(web, 'start', undefined)).toMatchObject({ state: 'done', result: 'it runs' })
      })

      test('shuts down in order when it is not wanted to run, and starts with all that is new when it is', async () => {
        await change(web, { wanted: 'stopped' })
        await become(web, { state: 'stopped' })
        expect(await listed(web.name)).toBe(false)
        await change(web, { wanted: 'running', root: { ...web.root, sizeBytes: 80 * MiB } })
        await become(web, { state: 'running', revision: 4, atNextStart: [] })
        expect((await of(web))?.disks[0]?.sizeBytes).toBe(80 * MiB)
      })

      test('that runs shows what waits for its next start', async () => {
        await change(web, { root: { ...web.root, sizeBytes: 96 * MiB }, restart: 'always' })
        await become(web, { state: 'running', revision: 4, atNextStart: ['disk'] })
        expect(await operate(web, 'reboot', { force: true })).toMatchObject({ state: 'done' })
        await become(web, { state: 'running', revision: 5, atNextStart: [] })
      })

      test('is asked to reboot by an operation, once', async () => {
        const before = await domid(web)
        expect(await operate(web, 'reboot', { force: false })).toMatchObject({
          state: 'done',
          result: 'it has rebooted',
        })
        await expect.poll(async () => (await domid(web)) > before, patience).toBe(true)
      })

      test('takes a volume while it runs, and gives it back', async () => {
        const volume: DesiredVolume = { id: 'f'.repeat(16), name: 'suite.data', sizeBytes: 16 * MiB, wanted: 'present' }
        volumes.set(volume.id, volume)
        await desire()
        await expect.poll(async () => (await status()).volumes[0]?.state, patience).toBe('present')
        const before = await domid(web)
        await change(web, { volumes: [{ volume: volume.id, device: 'xvdf', readOnly: false }] })
        await become(web, { state: 'running', atNextStart: [], domid: before })
        const blocks = await host.exec(['xl', 'block-list', String(before)])
        expect(blocks.stdout.trim().split('\n')).toHaveLength(3)

        volumes.set(volume.id, { ...volume, wanted: 'absent' })
        await desire()
        await expect
          .poll(async () => (await status()).volumes[0], patience)
          .toMatchObject({
            state: 'failed',
            reason: `${web.name} still has it; detach it there first`,
          })
        await change(web, { volumes: [] })
        await expect.poll(async () => (await status()).volumes[0]?.state, patience).toBe('absent')
        expect(await domid(web)).toBe(before)
      })

      test('goes back to a snapshot of its disk', async () => {
        await change(web, { wanted: 'stopped' })
        await become(web, { state: 'stopped' })
        await host.writeDisk(device(web), 'before')
        expect(await operate(web, 'snapshot', { name: 'one', memory: false })).toMatchObject({
          state: 'done',
          result: 'snapshot one of 1 disk',
        })
        await host.writeDisk(device(web), 'after ')
        expect(await operate(web, 'snapshot', { name: 'two', memory: false })).toMatchObject({ state: 'done' })
        expect(await operate(web, 'restore', { name: 'one', discardYounger: false })).toMatchObject({
          state: 'failed',
          problem: expect.stringContaining('younger snapshots would be lost: two'),
        })
        expect(await host.readDisk(device(web), 6)).toBe('after ')
        expect(await operate(web, 'restore', { name: 'one', discardYounger: true })).toMatchObject({ state: 'done' })
        expect(await host.readDisk(device(web), 6)).toBe('before')
        await become(web, { snapshots: [expect.objectContaining({ name: 'one', memory: false })] })
      })

      test('goes on from a snapshot with its memory', async () => {
        await change(web, { wanted: 'running' })
        await become(web, { state: 'running', health: 'healthy' })
        const before = await domid(web)
        expect(await operate(web, 'snapshot', { name: 'alive', memory: true })).toMatchObject({
          state: 'done',
          result: 'snapshot alive of 1 disk and the memory',
        })
        expect(await of(web)).toMatchObject({ state: 'running', domid: before })
        expect(await operate(web, 'restore', { name: 'alive', discardYounger: false })).toMatchObject({ state: 'done' })
        await become(web, { state: 'running' })
        expect(await domid(web)).toBeGreaterThan(before)
      })

      test('is the beginning of another one', async () => {
        const copy = instance('copy', {
          wanted: 'stopped',
          root: { source: { snapshotOf: { instance: web.id, snapshot: 'one' } }, sizeBytes: 96 * MiB },
        })
        await change(copy, { wanted: 'running' })
        await become(copy, { state: 'running' })
        await change(copy, { wanted: 'stopped' })
        await become(copy, { state: 'stopped' })
        expect(await host.readDisk(device(copy), 6)).toBe('before')
        await change(copy, { wanted: 'absent' })
        await become(copy, { state: 'absent' })
      })

      test('that nobody names any more is left alone, and told', async () => {
        instances.delete(web.id)
        await desire()
        await become(web, { state: 'left' })
        expect(await listed(web.name)).toBe(true)
      })

      test('that is to be absent is gone with its disks, its snapshots and all that is known of it', async () => {
        instances.set(web.id, { ...web, wanted: 'absent', revision: 20 })
        await desire()
        await become(web, { state: 'absent' })
        expect(await listed(web.name)).toBe(false)
        const { exitCode } = await host.exec(['zfs', 'list', `${host.pool}/slipway/instances/${web.id}`])
        expect(exitCode).toBe(1)
        await expect(host.readFile(`/var/db/slipway/compute/instances/${web.id}/record.json`)).rejects.toThrow()
      })
    })

    test('a guest that does not listen is cut off after its time', async () => {
      const deaf = instance('deaf', { shutdownSeconds: 2 })
      await desire()
      await become(deaf, { state: 'running' })
      await host.guest(deaf.name, 'turn-deaf')
      await change(deaf, { wanted: 'absent' })
      await become(deaf, { state: 'absent' })
    })

    test('a guest whose bridge is not there waits for it', async () => {
      const lost = instance('lost', { wanted: 'stopped' })
      const ports = lost.ports.map((port) => ({ ...port, bridge: 'nobridge9' }))
      await change(lost, { wanted: 'running', ports })
      await become(lost, { state: 'waiting', reason: 'the bridge nobridge9 does not exist on this host' })
      await change(lost, { wanted: 'absent' })
      await become(lost, { state: 'absent' })
    })

    describe('beside guests of others', () => {
      /** Makes a domain by hand, as an administrator does. */
      async function foreign(name: string, disk: string): Promise<void> {
        const { boot } = host.shape
        const config = await kernelLines(host, boot)
        await host.writeFile(
          '/tmp/foreign.cfg',
          `name = "${name}"\ntype = "${host.shape.type}"\nmemory = ${host.shape.memoryMiB}\n${config}disk = [ "${disk}" ]\n`,
        )
        expect(await host.exec(['xl', 'create', '/tmp/foreign.cfg'])).toMatchObject({ exitCode: 0 })
      }

      test('a name that another guest has is not taken, and a disk is never given to two', async () => {
        const second = instance('second', { wanted: 'stopped' })
        await host.exec(['zfs', 'create', '-s', '-V', '16M', `${host.pool}/other`])
        await foreign(second.name, `format=raw,vdev=xvda,access=rw,target=/dev/zvol/${host.pool}/other`)
        await change(second, { wanted: 'running' })
        await become(second, {
          state: 'backing-off',
          reason: expect.stringMatching(/the name suite\.second is taken by domain \d+/),
        })
        const rest = await host.exec(['xl', 'list', second.name])
        expect(rest.exitCode).toBe(0)
        await host.exec(['xl', 'destroy', second.name])
        await become(second, { state: 'running' })

        await change(second, { wanted: 'stopped' })
        await become(second, { state: 'stopped' })
        await foreign('thief', `format=raw,vdev=xvda,access=rw,target=${device(second)}`)
        await change(second, { wanted: 'running' })
        await become(second, {
          state: 'backing-off',
          reason: expect.stringMatching(/^the disk xvda .* is in use by thief/),
        })
        // Nobody made it but the administrator: it is not touched, nor is the disk below it.
        await change(second, { wanted: 'absent' })
        await become(second, { state: 'stopping', reason: expect.stringMatching(/busy|in use|open/) })
        expect(await listed('thief')).toBe(true)
        await host.exec(['xl', 'destroy', 'thief'])
        await become(second, { state: 'absent' })
      })
    })
  })
}

/** Lines of an xl configuration for what a guest starts from. */
async function kernelLines(host: ComputeHost, boot: DesiredInstance['boot']): Promise<string> {
  if (boot.from === 'disk') return ''
  const text = await host.readFile('/usr/local/etc/slipway/compute.yaml')
  const fact = (key: string) => new RegExp(`${key}: (.*)`).exec(text)?.[1] ?? ''
  return `kernel = "${fact('kernel')}"\nramdisk = "${fact('ramdisk')}"\ncmdline = "${fact('commandLine')}"\n`
}

function newInstanceId(): string {
  const id = randomUUID()
  return id.startsWith('ec2') ? newInstanceId() : id
}
