import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { DesiredInstance, DesiredVolume, ImageRef } from '../../src/contract/instance.ts'
import { instanceSeries } from '../support/instance-series.ts'
import { knownDashboard, missingSeries } from '../support/known-dashboards.ts'
import { MiB, openDesk, type Patience } from './compute-desk.ts'

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
  /** Starts compute, and resolves when its socket answers; `version` is that of the release, where it comes from one. */
  startCompute(version?: string): Promise<void>
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
  shape: GuestShape
  otherShape: GuestShape
  /** A text that every guest prints on its console when it is up. */
  upText: string
  /** There where guests are real: what test/xen/image/guest-init prints and does. */
  life?: GuestLife
}

export type GuestShape = Pick<DesiredInstance, 'type' | 'boot' | 'memoryMiB'>

/** What only a guest that lives can show. */
export interface GuestLife {
  /** Whether this address answers the host. */
  answersPing(address: string): Promise<boolean>
  /** The lines with this beginning that guests of this name have printed. */
  said(name: string, start: string): Promise<string[]>
  /** How long the guests of this name said they had been up, in seconds, each second; one of them was printed after the call. */
  beats(name: string): Promise<number[]>
}

interface SuiteOptions extends Patience {
  /** Real ones take a minute each to boot, and show that they live. */
  guests: 'simulated' | 'real'
}

/** What compute does on a host: the same on the simulator and on the real Xen. The tests stand in an order: making guests is dear. */
export function computeHostSuite(
  name: string,
  open: () => Promise<ComputeHost>,
  { guests = 'simulated', patienceMs = 60_000, lookMs = 100 }: Partial<SuiteOptions> = {},
): void {
  describe(name, { timeout: patienceMs * 3 }, () => {
    let host: ComputeHost
    const desk = openDesk(() => host, { patienceMs, lookMs })
    const { instances, volumes, patience, desire, instance, change, status, of, become, domid, operate } = desk

    beforeAll(async () => {
      host = await open()
      await host.startCompute()
    }, patienceMs * 3)
    afterAll(() => host?.close(), patienceMs)

    /** A row that the real Xen does not have, and why not. */
    const onlySimulated = (_why: string) => (what: string, run: () => Promise<void>) => {
      if (guests === 'simulated') test(what, run)
    }
    /** A row that needs guests which live. */
    const onlyReal = (what: string, run: (life: GuestLife) => Promise<void>) => {
      if (guests === 'real') test(what, () => run(host.life as GuestLife))
    }

    const device = ({ id }: { id: string }) => `/dev/zvol/${host.pool}/slipway/instances/${id}`
    const listed = async (name: string) => (await host.exec(['xl', 'domid', name])).exitCode === 0
    const isUp = { state: 'running', health: 'healthy' }

    describe('a guest', () => {
      let web: DesiredInstance
      let copy: DesiredInstance

      test('is made from an image, on a clone of it, and its console is kept', async () => {
        web = instance('web')
        await desire()
        await become(web, { ...isUp, revision: 1, atNextStart: [], restarts: 0 })
        const [shown] = (await status()).instances
        expect(shown?.disks).toEqual([expect.objectContaining({ device: 'xvda', sizeBytes: 64 * MiB, backend: 'phy' })])
        expect(shown?.firstBootSeconds).toBeGreaterThan(0)
        expect(shown?.interfaces).toEqual([{ port: web.ports[0]?.id, name: expect.stringMatching(/\d+\.0$/) }])
        expect((await status()).images).toEqual([host.image.layer.digest])
        const dataset = `${host.pool}/slipway/instances/${web.id}`
        const origin = await host.exec(['zfs', 'get', '-H', '-o', 'value', 'origin', dataset])
        expect(origin.stdout).toMatch(/^\S+\/slipway\/images\/\S+@\S+\n$/)
        const [, log] = await host.get(`/instances/${web.id}/console/log`)
        expect(log).toContain(host.upText)
      })

      onlySimulated('its disks and interfaces are counted by programs of FreeBSD')(
        'is in every series that dashboards for Xen and for libvirt query and in our own, and in the figures of the status',
        async () => {
          for (const known of [knownDashboard('xen-exporter'), knownDashboard('libvirt-openstack'), instanceSeries])
            await expect.poll(async () => missingSeries((await host.get('/samples'))[1], known), patience).toEqual([])
          const own = async () => (await status()).figures?.instances.find(({ id }) => id === web.id)
          const before = await own()
          await expect
            .poll(async () => ((await own())?.writtenBytes ?? 0) > (before?.writtenBytes ?? 0), patience)
            .toBe(true)
          expect(await own()).toEqual({
            id: web.id,
            cpuSeconds: expect.any(Number),
            memoryBytes: host.shape.memoryMiB * MiB,
            receivedBytes: expect.any(Number),
            sentBytes: expect.any(Number),
            readBytes: expect.any(Number),
            writtenBytes: expect.any(Number),
          })
          const failed = /^slipway_compute_collector_success\{.*\} 0$|^slipway_compute_unread_lines_total/m
          expect((await host.get('/samples'))[1]).not.toMatch(failed)
        },
      )

      onlyReal('lives: it has read its disk and its seed, and answers at the address from there', async (life) => {
        const [said] = await life.said(web.name, 'GUEST DISK')
        expect(said).toBe('GUEST DISK a boot sector boots=1')
        expect(await life.said(web.name, 'GUEST SEED')).toEqual(['GUEST SEED meta-data network-config user-data'])
        expect(await life.answersPing(addressOf(web))).toBe(true)
      })

      test('answers on its console to whoever types there', async () => {
        expect(await host.type(web.id, 'echo one-two', 'one-two')).toContain('one-two')
      })

      onlySimulated('the row of U48 kills it just so')(
        'goes on with the same domain when compute is killed, and is adopted',
        async () => {
          const before = await of(web)
          await host.killCompute()
          expect(await listed(web.name)).toBe(true)
          await host.startCompute()
          await become(web, { ...isUp, domid: before?.domid, startedAt: before?.startedAt })
        },
      )

      onlyReal(
        'U48 does not notice that compute is killed and updated: its domain and its uptime go on',
        async (life) => {
          const before = await of(web)
          const beatsBefore = await life.beats(web.name)
          const killedAt = Date.now()
          await host.killCompute()
          await host.startCompute('2.0.0')
          const awaySeconds = (Date.now() - killedAt) / 1000
          expect(await status()).toMatchObject({ version: '2.0.0' })
          await become(web, { ...isUp, domid: before?.domid, startedAt: before?.startedAt, restarts: 0 })

          const since = (await life.beats(web.name)).slice(beatsBefore.length - 1)
          const gaps = since.slice(1).map((seconds, at) => seconds - (since[at] ?? 0))
          expect(Math.min(...gaps)).toBeGreaterThan(0)
          expect(Math.max(...gaps)).toBeLessThan(awaySeconds)
        },
      )

      test('takes a volume while it runs, and gives it back', async () => {
        const volume: DesiredVolume = { id: 'f'.repeat(16), name: 'suite.data', sizeBytes: 16 * MiB, wanted: 'present' }
        volumes.set(volume.id, volume)
        await desire()
        await expect.poll(async () => (await status()).volumes[0]?.state, patience).toBe('present')
        const before = await domid(web)
        await change(web, { volumes: [{ volume: volume.id, device: 'xvdf', readOnly: false }] })
        await become(web, { state: 'running', atNextStart: [], domid: before })
        const attached = async () => (await host.exec(['xl', 'block-list', String(before)])).stdout
        // Its number: 202 << 8 | 5 << 4.
        expect(await attached()).toContain('51792')

        volumes.set(volume.id, { ...volume, wanted: 'absent' })
        await desire()
        await expect
          .poll(async () => (await status()).volumes[0], patience)
          .toMatchObject({ state: 'failed', reason: `${web.name} still has it; detach it there first` })
        await change(web, { volumes: [] })
        await expect.poll(async () => (await status()).volumes[0]?.state, patience).toBe('absent')
        expect(await attached()).not.toContain('51792')
        expect(await domid(web)).toBe(before)
      })

      test('that reboots by itself gets another domain, and nobody counts that as a failure', async () => {
        const before = await domid(web)
        await host.guest(web.name, 'reboot')
        await expect.poll(async () => (await domid(web)) > before, patience).toBe(true)
        await become(web, { ...isUp, restarts: 0 })
      })

      test('that crashes is started again', async () => {
        await host.guest(web.name, 'crash')
        await become(web, { ...isUp, restarts: 1 })
      })

      onlySimulated('a poweroff differs from a crash only in the word that the hypervisor has for it')(
        'that shuts itself down stays so when its policy is on-failure',
        async () => {
          const { revision } = await change(web, { restart: 'on-failure' })
          await become(web, { ...isUp, revision })
          await host.guest(web.name, 'poweroff')
          await become(web, { state: 'stopped', reason: 'it shut itself down, and its restart policy is on-failure' })
          expect(await listed(web.name)).toBe(false)
          expect(await operate(web, 'start', undefined)).toMatchObject({ state: 'done', result: 'it runs' })
          await become(web, isUp)
        },
      )

      test('goes on from a snapshot with its memory', async () => {
        const before = await domid(web)
        const savedAt = (await host.life?.beats(web.name))?.at(-1)
        expect(await operate(web, 'snapshot', { name: 'alive', memory: true })).toMatchObject({
          state: 'done',
          result: 'snapshot alive of 1 disk and the memory',
        })
        expect(await of(web)).toMatchObject({ state: 'running', domid: before })
        const boots = await host.life?.said(web.name, 'GUEST UP')
        expect(await operate(web, 'restore', { name: 'alive', discardYounger: false })).toMatchObject({ state: 'done' })
        await become(web, isUp)
        expect(await domid(web)).toBeGreaterThan(before)
        if (!host.life) return
        expect((await host.life.beats(web.name)).at(-1)).toBeGreaterThan(savedAt as number)
        expect(await host.life.said(web.name, 'GUEST UP')).toEqual(boots)
        expect(await host.life.answersPing(addressOf(web))).toBe(true)
      })

      test('shuts down in order when it is not wanted to run', async () => {
        await change(web, { wanted: 'stopped' })
        await become(web, { state: 'stopped' })
        expect(await listed(web.name)).toBe(false)
      })

      test('goes back to a snapshot of its disk', async () => {
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
        await become(web, {
          snapshots: [
            { name: 'alive', memory: true },
            { name: 'one', memory: false },
          ],
        })
      })

      test('starts anew, with what the snapshot had and all that is new', async () => {
        const { revision } = await change(web, { wanted: 'running', root: { ...web.root, sizeBytes: 80 * MiB } })
        await become(web, { ...isUp, revision, atNextStart: [] })
        expect((await of(web))?.disks[0]?.sizeBytes).toBe(80 * MiB)
        if (!host.life) return
        expect((await host.life.said(web.name, 'GUEST DISK')).at(-1)).toMatch(/^GUEST DISK before boots=/)
        const [last = 0, ...earlier] = (await host.life.beats(web.name)).reverse()
        expect(last).toBeLessThan(Math.max(...earlier))
      })

      onlySimulated('only the decision is new in it; its reboot is like the one above')(
        'that runs shows what waits for its next start',
        async () => {
          const { revision } = await change(web, { root: { ...web.root, sizeBytes: 96 * MiB }, restart: 'always' })
          await become(web, { state: 'running', revision: revision - 1, atNextStart: ['disk'] })
          expect(await operate(web, 'reboot', { force: true })).toMatchObject({ state: 'done' })
          await become(web, { ...isUp, revision, atNextStart: [] })
        },
      )

      onlySimulated('a guest does the same with it as when it reboots by itself')(
        'is asked to reboot by an operation, once',
        async () => {
          const before = await domid(web)
          expect(await operate(web, 'reboot', { force: false })).toMatchObject({
            state: 'done',
            result: 'it has rebooted',
          })
          await expect.poll(async () => (await domid(web)) > before, patience).toBe(true)
          await become(web, isUp)
        },
      )

      onlySimulated('the row of its start shows what comes of it')(
        'that runs is cut off to go back to a snapshot without its memory',
        async () => {
          const before = await domid(web)
          expect(await operate(web, 'restore', { name: 'one', discardYounger: true })).toMatchObject({ state: 'done' })
          await become(web, isUp)
          expect(await domid(web)).toBeGreaterThan(before)
        },
      )

      test('is the beginning of another one, of another type', async () => {
        const source = { snapshotOf: { instance: web.id, snapshot: 'one' } }
        copy = instance('copy', { ...host.otherShape, root: { source, sizeBytes: 96 * MiB }, shutdownSeconds: 2 })
        await desire()
        await become(copy, isUp)
        expect(await host.readDisk(device(copy), 6)).toBe('before')
        if (!host.life) return
        expect(await host.life.said(copy.name, 'GUEST UP')).toEqual([`GUEST UP ${copy.type}`])
        expect((await host.life.said(copy.name, 'GUEST DISK')).at(-1)).toMatch(/^GUEST DISK before boots=/)
      })

      test('that does not listen is cut off after its time', async () => {
        await host.guest(copy.name, 'turn-deaf')
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

    test('a guest whose bridge is not there waits for it', async () => {
      const lost = instance('lost', { wanted: 'stopped' })
      const ports = lost.ports.map((port) => ({ ...port, bridge: 'nobridge9' }))
      await change(lost, { wanted: 'running', ports })
      await become(lost, { state: 'waiting', reason: 'the bridge nobridge9 does not exist on this host' })
      await change(lost, { wanted: 'absent' })
      await become(lost, { state: 'absent' })
    })

    test('a guest does not start before network says that its port is guarded', async () => {
      const bare = instance('bare', { wanted: 'stopped' })
      await change(bare, { wanted: 'running', ports: bare.ports.map((port) => ({ ...port, filtered: true })) })
      await become(bare, {
        state: 'waiting',
        reason: expect.stringMatching(/^network does not answer, and nothing guards/),
      })
      expect(await listed(bare.name)).toBe(false)
      await change(bare, { wanted: 'absent' })
      await become(bare, { state: 'absent' })
    })

    describe('beside guests of others', () => {
      let second: DesiredInstance

      /** Makes a domain by hand, as an administrator does. It stands still: nobody needs what it does. */
      async function foreign(name: string, disk: string): Promise<void> {
        const { type, memoryMiB, boot } = host.shape
        const kernel = await kernelLines(host, boot)
        await host.writeFile(
          '/tmp/foreign.cfg',
          `name = "${name}"\ntype = "${type}"\nmemory = ${memoryMiB}\n${kernel}disk = [ "${disk}" ]\n`,
        )
        const { exitCode, stderr } = await host.exec(['xl', 'create', '/tmp/foreign.cfg'])
        expect(exitCode, stderr).toBe(0)
        await host.exec(['xl', 'pause', name])
      }

      test('a name that another guest has is not taken, and the other is left alone', async () => {
        second = instance('second', { wanted: 'stopped' })
        await host.exec(['zfs', 'create', '-s', '-V', '16M', `${host.pool}/other`])
        await foreign(second.name, `format=raw,vdev=xvda,access=rw,target=/dev/zvol/${host.pool}/other`)
        await change(second, { wanted: 'running' })
        await become(second, {
          state: 'backing-off',
          reason: expect.stringMatching(/the name suite\.second is taken by domain \d+/),
        })
        expect(await listed(second.name)).toBe(true)
        if (guests === 'real') await change(second, { wanted: 'stopped' })
        await host.exec(['xl', 'destroy', second.name])
      })

      onlySimulated('one more boot, to show what a restart after a crash shows')(
        'it runs when the name is free',
        async () => {
          await become(second, { state: 'running' })
          await change(second, { wanted: 'stopped' })
        },
      )

      test('a disk is never given to two, and never destroyed below a guest of somebody else', async () => {
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

function addressOf({ ports }: DesiredInstance): string {
  return ports[0]?.addresses[0]?.split('/')[0] ?? ''
}
