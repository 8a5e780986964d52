import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { until } from '../support/processes.ts'

export interface Result {
  exitCode: number
  stdout: string
  stderr: string
}

/** A host with Xen and ZFS. Its pool and its hypervisor are the suite's alone. */
export interface XenHost {
  /** Runs a tool of the host by its name, with exactly these arguments. */
  exec(argv: readonly [string, ...string[]], options?: { stdin?: string; timeoutMs?: number }): Promise<Result>
  writeFile(path: string, text: string): Promise<void>
  readFile(path: string): Promise<string>
  /** Writes text into the first sector of a volume, as soon as its device is there. */
  writeVolume(volume: string, text: string): Promise<void>
  /** What `writeVolume` wrote last, or a rollback brought back. */
  readVolume(volume: string): Promise<string>
  /** What guests of this name have printed on their console until now. */
  console(domain: string): Promise<string>
  pool: string
  bridge: string
  /** A guest that prints what test/xen/image/guest-init says. */
  guest: { kernel: string; ramdisk: string; commandLine: string }
  /** Where files of the suite may be. */
  folder: string
}

/** Keys of xl.cfg, by their words; text is quoted, and what is undefined is left out. */
type Config = Record<string, string | number | readonly string[] | undefined>

/**
 * What the tools really do: the traps on which src/compute is built, and what the simulator has to do alike. The first half needs no guest,
 * the second follows one through its life, so the tests stand in an order.
 */
export function xenFactsSuite(name: string, open: () => Promise<XenHost>): void {
  describe(name, () => {
    let host: XenHost
    beforeAll(async () => {
      host = await open()
    })

    const xl = (...args: string[]) => host.exec(['xl', ...args])
    const zfs = (...args: string[]) => host.exec(['zfs', ...args])
    const done = { exitCode: 0, stderr: '' }
    const works = ({ exitCode, stderr }: Result) => expect(exitCode, stderr).toBe(0)
    const refused = (stderr: string, exitCode = 1) => ({ exitCode, stderr: expect.stringContaining(stderr) })
    const file = (name: string) => `${host.folder}/${name}`
    const device = (volume: string) => `/dev/zvol/${host.pool}/${volume}`
    const disk = (target: string, vdev = 'xvda') => `format=raw,vdev=${vdev},access=rw,target=${target}`

    async function config(name: string, words: Config = {}): Promise<string> {
      const { kernel, ramdisk, commandLine: extra } = host.guest
      const all: Config = { name, type: 'pv', kernel, ramdisk, extra, memory: 128, vcpus: 1, ...words }
      const lines = Object.entries(all).map(([key, value]) =>
        value === undefined ? '' : `${key}=${JSON.stringify(value)}\n`,
      )
      await host.writeFile(file(`${name}.cfg`), lines.join(''))
      return file(`${name}.cfg`)
    }

    /** The row of `xl list`: its columns, or nothing when there is no such domain. */
    async function row(name: string): Promise<{ domid: number; memoryMiB: number; state: string } | undefined> {
      const { stdout } = await xl('list')
      const columns = stdout
        .split('\n')
        .map((line) => line.trim().split(/\s+/))
        .find(([first]) => first === name)
      return columns && { domid: Number(columns[1]), memoryMiB: Number(columns[2]), state: columns[4] as string }
    }
    const lines = async (name: string, start: string) =>
      (await host.console(name)).split('\n').filter((line) => line.startsWith(start))
    const waitFor = (what: string, check: () => Promise<boolean>) => until(what, check, 240_000)

    describe('what xl refuses', () => {
      test.each([
        ['list', 1, 'nosuch is an invalid domain identifier (rc=-6)'],
        ['destroy', 1, 'nosuch is an invalid domain identifier (rc=-6)'],
        ['shutdown', 1, 'nosuch is an invalid domain identifier (rc=-6)'],
        ['pause', 1, 'nosuch is an invalid domain identifier (rc=-6)'],
        ['domid', 1, "Can't get domid of domain name 'nosuch'"],
        // The trap: it says what is wrong, and that all is well.
        ['block-list', 0, 'nosuch is an invalid domain identifier'],
        ['network-list', 1, 'nosuch is an invalid domain identifier'],
      ])('xl %s of a domain that is not there exits with %i', async (command, exitCode, stderr) => {
        expect(await xl(command, 'nosuch')).toMatchObject(refused(stderr, exitCode))
      })

      test('a configuration that cannot be read exits with 1, one that is not there with 3', async () => {
        await host.writeFile(file('bad.cfg'), 'name="bad\n')
        expect(await xl('create', file('bad.cfg'))).toMatchObject(refused('config parsing error near'))
        expect(await xl('create', await config('nameless', { name: undefined }))).toMatchObject(
          refused('Domain name must be specified.'),
        )
        expect(await xl('create', file('nosuch.cfg'))).toMatchObject(refused('Failed to read config file', 3))
      })

      test('a key that xl does not know is ignored without a word', async () => {
        const path = await config('typo', { memroy: 64 })
        const result = await xl('create', '-n', path)
        expect(result).toMatchObject({ exitCode: 0, stderr: `Parsing config from ${path}\n` })
        expect(JSON.parse(result.stdout)).toMatchObject({
          c_info: { name: 'typo', type: 'pv' },
          b_info: { max_memkb: 131_072 },
        })
        expect(await row('typo')).toBeUndefined()
      })

      test.each<[string, () => Config, string]>([
        ['a disk', () => ({ disk: [disk('/nonexistent.img')] }), 'No such file or directory'],
        ['a kernel', () => ({ kernel: '/nonexistent' }), 'No such file or directory'],
        ['a bridge', () => ({ vif: ['mac=00:16:3e:00:00:01,bridge=nobr0'] }), 'unable to add vif devices'],
        ['memory', () => ({ memory: 900_000 }), ''],
      ])(
        'a domain for which there is no such thing as %s exits with 3, and its number is used up',
        async (_, words, stderr) => {
          const before = await nextDomid()
          expect(await xl('create', await config('short', words()))).toMatchObject(refused(stderr, 3))
          expect(await row('short')).toBeUndefined()
          expect(await nextDomid()).toBeGreaterThan(before + 1)
        },
      )

      /** By a create that fails, as xl tells it nowhere else. */
      async function nextDomid(): Promise<number> {
        const { stderr } = await xl('create', await config('probe', { kernel: '/nonexistent' }))
        return Number(/Domain (\d+):/.exec(stderr)?.[1])
      }
    })

    describe('disks', () => {
      const volume = (name: string) => `${host.pool}/${name}`

      test('a volume takes its whole size from the pool unless it is made sparse', async () => {
        expect(await zfs('create', '-s', '-V', '16M', volume('image'))).toMatchObject(done)
        expect(await zfs('create', '-V', '16M', volume('thick'))).toMatchObject(done)
        const reserved = await zfs('get', '-Hp', '-o', 'value', 'refreservation', volume('image'), volume('thick'))
        const [sparse, thick] = reserved.stdout.split('\n').map(Number)
        expect(sparse).toBe(0)
        expect(thick).toBeGreaterThanOrEqual(16 * 1024 * 1024)
        expect(await zfs('destroy', volume('thick'))).toMatchObject(done)
      })

      test('a clone has the bytes of its snapshot, and what is written to it stays its own', async () => {
        await host.writeVolume('image', 'image one')
        expect(await zfs('snapshot', volume('image@v1'))).toMatchObject(done)
        expect(await zfs('clone', volume('image@v1'), volume('disk'))).toMatchObject(done)
        expect(await host.readVolume('disk')).toBe('image one')
        expect(await zfs('clone', volume('image@v1'), volume('other'))).toMatchObject(done)
        await host.writeVolume('other', 'other')
        expect(await host.readVolume('image')).toBe('image one')
        expect((await zfs('list', '-Hp', '-t', 'volume', '-o', 'name,origin,volsize', '-r', host.pool)).stdout).toBe(
          [
            `${volume('disk')}\t${volume('image@v1')}\t16777216`,
            `${volume('image')}\t-\t16777216`,
            `${volume('other')}\t${volume('image@v1')}\t16777216\n`,
          ].join('\n'),
        )
      })

      test('snapshots of several volumes are all taken or none', async () => {
        expect(await zfs('snapshot', volume('disk@a'), volume('image@v1'))).toMatchObject(
          refused(`cannot create snapshot '${volume('image@v1')}': dataset already exists\nno snapshots were created`),
        )
        expect((await zfs('list', '-H', '-t', 'snapshot', '-o', 'name')).stdout).toBe(`${volume('image@v1')}\n`)
        expect(await zfs('snapshot', volume('disk@a'), volume('other@a'))).toMatchObject(done)
      })

      test('a rollback brings the bytes back, and asks for -r when later snapshots would be lost', async () => {
        await host.writeVolume('disk', 'second')
        expect(await zfs('snapshot', volume('disk@b'))).toMatchObject(done)
        expect(await zfs('rollback', volume('disk@a'))).toMatchObject(refused(`use '-r' to force deletion`))
        expect(await host.readVolume('disk')).toBe('second')
        expect(await zfs('rollback', '-r', volume('disk@a'))).toMatchObject(done)
        expect(await host.readVolume('disk')).toBe('image one')
        expect(await zfs('list', volume('disk@b'))).toMatchObject(refused('dataset does not exist'))
      })

      test('what others are made from is not destroyed: snapshots, clones, what is held', async () => {
        expect(await zfs('destroy', volume('disk'))).toMatchObject(refused('volume has children'))
        expect(await zfs('destroy', volume('image@v1'))).toMatchObject(refused('snapshot has dependent clones'))
        expect(await zfs('hold', 'slipway', volume('disk@a'))).toMatchObject(done)
        expect(await zfs('destroy', volume('disk@a'))).toMatchObject(refused('dataset is busy'))
        expect(await zfs('release', 'slipway', volume('disk@a'))).toMatchObject(done)
        expect(await zfs('destroy', volume('disk@a'))).toMatchObject(done)
        expect(await zfs('destroy', volume('nosuch'))).toMatchObject(refused('dataset does not exist'))
      })

      test('a volume grows, and shrinks just as silently, with whatever was there', async () => {
        for (const size of ['32M', '8M'])
          expect(await zfs('set', `volsize=${size}`, volume('other'))).toMatchObject(done)
        expect((await zfs('get', '-Hp', '-o', 'value', 'volsize', volume('other'))).stdout).toBe('8388608\n')
        expect(await zfs('destroy', '-r', volume('other'))).toMatchObject(done)
      })
    })

    describe('the life of a guest', () => {
      const uuid = '0b1f5c3a-2d4e-4f6a-8b7c-9d0e1f2a3b4c'
      let path: string
      afterAll(async () => {
        for (const name of ['guest', 'second']) await xl('destroy', name)
      })

      test('it boots from its clone, and answers on its bridge', async () => {
        await host.writeFile(file('shared.img'), '\0'.repeat(1024 * 1024))
        path = await config('guest', {
          uuid,
          extra: `${host.guest.commandLine} guest.ip=10.9.0.11`,
          disk: [disk(device('disk')), disk(file('shared.img'), 'xvdb')],
          vif: [`mac=00:16:3e:00:00:11,bridge=${host.bridge}`],
        })
        const created = await xl('create', path)
        expect(created).toEqual({ ...created, exitCode: 0, stdout: '', stderr: `Parsing config from ${path}\n` })
        await waitFor('GUEST UP', async () => (await lines('guest', 'GUEST UP')).length === 1)
        expect((await lines('guest', 'GUEST')).slice(0, 3)).toEqual([
          'GUEST DISK image one boots=1',
          'GUEST NET 10.9.0.11/24',
          'GUEST UP pv',
        ])
        expect(await host.exec(['ping', '-c', '1', '10.9.0.11'])).toMatchObject({ exitCode: 0 })
        const { stdout } = await xl('list', '-v', 'guest')
        expect(stdout).toContain(uuid)
        expect(await row('guest')).toMatchObject({ memoryMiB: 128, state: expect.stringMatching(/^[r-][b-]----$/) })
      })

      test('its console is where xenstore says', async () => {
        const { domid } = (await row('guest')) as { domid: number }
        const { stdout } = await host.exec(['xenstore-read', `/local/domain/${domid}/console/tty`])
        expect(stdout).toMatch(/^\/.+\n$/)
      })

      test('a second domain of the same name is refused', async () => {
        expect(await xl('create', path)).toMatchObject(refused('Domain with name "guest" already exists.', 3))
      })

      test('pause and unpause; to unpause what runs says that it failed, and exits with 0', async () => {
        expect(await xl('pause', 'guest')).toMatchObject(done)
        expect((await row('guest'))?.state).toBe('--p---')
        expect(await xl('unpause', 'guest')).toMatchObject(done)
        expect(await xl('unpause', 'guest')).toMatchObject(refused('Unpausing domain: Invalid argument', 0))
      })

      test('memory shrinks while it runs; a number without a unit is MiB', async () => {
        expect(await xl('mem-set', 'guest', '120m')).toMatchObject(done)
        await waitFor('120 MiB', async () => (await row('guest'))?.memoryMiB === 120)
        expect(await xl('mem-set', 'guest', '112')).toMatchObject(done)
        await waitFor('112 MiB', async () => (await row('guest'))?.memoryMiB === 112)
      })

      test('more processors than it was made for are refused', async () => {
        expect(await xl('vcpu-set', 'guest', '2')).toMatchObject(refused('however maxcpus is 1'))
      })

      test('a disk is attached and detached while it runs', async () => {
        expect(await zfs('create', '-s', '-V', '16M', `${host.pool}/volume`)).toMatchObject(done)
        await host.writeVolume('volume', 'volume')
        const attach = () => xl('block-attach', 'guest', disk(device('volume'), 'xvdc'))
        const vdevs = async () =>
          (await xl('block-list', 'guest')).stdout
            .split('\n')
            .slice(1, -1)
            .map((line) => line.trim().split(/\s+/)[0])
        expect(await attach()).toMatchObject(done)
        expect(await vdevs()).toEqual(['51712', '51728', '51744'])
        expect(await attach()).toMatchObject(refused('device already exists'))
        expect(await xl('block-detach', 'guest', 'xvdc')).toMatchObject(done)
        expect(await vdevs()).toEqual(['51712', '51728'])
        expect(await xl('block-detach', 'guest', 'xvdc')).toMatchObject(refused('Device xvdc not connected.'))
      })

      test('a file that one domain may write is given to a second, too', async () => {
        const words = { disk: [disk(file('shared.img'))] }
        works(await xl('create', '-p', await config('second', words)))
        expect((await row('second'))?.state).toBe('--p---')
        expect(await xl('destroy', 'second')).toMatchObject(done)
        await waitFor('the end of second', async () => (await row('second')) === undefined)
      })

      test('ZFS rolls a disk back below the guest that has it open', async () => {
        expect(await zfs('snapshot', `${host.pool}/disk@live`)).toMatchObject(done)
        await host.writeVolume('disk', 'written')
        expect(await zfs('rollback', `${host.pool}/disk@live`)).toMatchObject(done)
        expect(await host.readVolume('disk')).toBe('image one')
      })

      test('to destroy the disk of a guest is refused as busy, and its snapshots are gone all the same', async () => {
        expect(await zfs('destroy', '-r', `${host.pool}/disk`)).toMatchObject(refused('dataset is busy'))
        expect(await zfs('list', `${host.pool}/disk@live`)).toMatchObject(refused('dataset does not exist'))
        expect(await host.readVolume('disk')).toBe('image one')
      })

      test('it is saved with its memory while it goes on', async () => {
        const before = await row('guest')
        works(await xl('save', '-c', 'guest', file('guest.save')))
        expect((await row('guest'))?.domid).toBe(before?.domid)
        await beats()
      })

      test('saved, it is gone; restored, it has another number, and its uptime goes on', async () => {
        const before = (await row('guest')) as { domid: number }
        works(await xl('save', 'guest', file('guest.save')))
        expect(await row('guest')).toBeUndefined()
        const beat = await lastBeat()
        works(await xl('restore', file('guest.save')))
        expect((await row('guest'))?.domid).toBeGreaterThan(before.domid)
        expect(await beats()).toBeGreaterThan(beat)
        expect(await lines('guest', 'GUEST UP')).toHaveLength(1)
        expect(await host.exec(['ping', '-c', '1', '10.9.0.11'])).toMatchObject({ exitCode: 0 })
      })

      test('rebooted, it has another number under the same name', async () => {
        const before = (await row('guest')) as { domid: number }
        expect(await xl('reboot', 'guest')).toMatchObject({ exitCode: 0 })
        await waitFor('GUEST UP again', async () => (await lines('guest', 'GUEST UP')).length === 2)
        expect((await lines('guest', 'GUEST DISK'))[1]).toBe('GUEST DISK image one boots=2')
        expect((await row('guest'))?.domid).toBeGreaterThan(before.domid)
      })

      test('xl shutdown -w ends while the name is still taken; it is free soon after', async () => {
        const { domid } = (await row('guest')) as { domid: number }
        expect(await xl('shutdown', '-w', 'guest')).toMatchObject({
          exitCode: 0,
          stderr: expect.stringContaining(`Domain ${domid} has been shut down, reason code 0`),
        })
        await waitFor('the name is free', async () => (await xl('domid', 'guest')).exitCode === 1)
      })

      test('a guest that crashes and is to be preserved stays, as ---sc-, until it is destroyed', async () => {
        const words = { type: 'pvh', disk: [disk(device('disk'))], on_crash: 'preserve', on_poweroff: 'preserve' }
        works(await xl('create', await config('second', words)))
        await waitFor('GUEST UP', async () => (await lines('second', 'GUEST UP')).at(-1) === 'GUEST UP pvh')
        expect(await xl('sysrq', 'second', 'c')).toMatchObject(done)
        await waitFor('the crash', async () => (await row('second'))?.state === '---sc-')
        expect(await xl('destroy', 'second')).toMatchObject(done)
        await waitFor('the name is free', async () => (await xl('domid', 'second')).exitCode === 1)
        expect(await zfs('destroy', '-r', `${host.pool}/disk`)).toMatchObject(done)
      })

      const lastBeat = async () => Number((await lines('guest', 'GUEST BEAT')).at(-1)?.split(' ')[2])
      /** Waits for another beat, and answers its uptime. */
      async function beats(): Promise<number> {
        const before = (await lines('guest', 'GUEST BEAT')).length
        await waitFor('a heartbeat', async () => (await lines('guest', 'GUEST BEAT')).length > before)
        return await lastBeat()
      }
    })
  })
}
