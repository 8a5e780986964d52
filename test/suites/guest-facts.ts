import { afterAll, describe, expect, test } from 'vitest'
import { done, refused, type Tools, waitFor, works } from './xen-host.ts'

/** One guest through its life, on the disk that `zvolFacts` left. */
export function guestFacts({ host, xl, zfs, file, device, disk, config, row, lines }: Tools): void {
  describe('the life of a guest', () => {
    const uuid = '0b1f5c3a-2d4e-4f6a-8b7c-9d0e1f2a3b4c'
    let path: string
    afterAll(async () => {
      for (const name of ['guest', 'second']) await xl('destroy', name)
    })

    test('it boots from its clone, and answers on its bridge', async () => {
      await host().writeFile(file('shared.img'), '\0'.repeat(1024 * 1024))
      path = await config('guest', {
        uuid,
        extra: `${host().guest.commandLine} guest.ip=10.9.0.11`,
        disk: [disk(device('disk')), disk(file('shared.img'), 'xvdb')],
        vif: [`mac=00:16:3e:00:00:11,bridge=${host().bridge}`],
      })
      const created = await xl('create', path)
      expect(created).toEqual({ ...created, exitCode: 0, stdout: '', stderr: `Parsing config from ${path}\n` })
      await waitFor('GUEST UP', async () => (await lines('guest', 'GUEST UP')).length === 1)
      expect((await lines('guest', 'GUEST')).slice(0, 3)).toEqual([
        'GUEST DISK image one boots=1',
        'GUEST NET 10.9.0.11/24',
        'GUEST UP pv',
      ])
      expect(await host().exec(['ping', '-c', '1', '10.9.0.11'])).toMatchObject({ exitCode: 0 })
      const { stdout } = await xl('list', '-v', 'guest')
      expect(stdout).toContain(uuid)
      expect(await row('guest')).toMatchObject({ memoryMiB: 128, state: expect.stringMatching(/^[r-][b-]----$/) })
    })

    test('its console is where xenstore says', async () => {
      const { domid } = (await row('guest')) as { domid: number }
      const { stdout } = await host().exec(['xenstore-read', `/local/domain/${domid}/console/tty`])
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
      expect(await zfs('create', '-s', '-V', '16M', `${host().pool}/volume`)).toMatchObject(done)
      await host().writeVolume('volume', 'volume')
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

    /** Whether a second domain is given a disk which the first one has, to write on it. */
    async function isShared(target: string): Promise<boolean> {
      const { exitCode, stderr } = await xl('create', '-p', await config('second', { disk: [disk(target)] }))
      if (exitCode === 0) {
        expect((await row('second'))?.state).toBe('--p---')
        expect(await xl('destroy', 'second')).toMatchObject(done)
      } else expect({ exitCode, stderr }).toEqual(refused('unable to add disk devices', 3))
      await waitFor('the end of second', async () => (await row('second')) === undefined)
      return exitCode === 0
    }

    test('a file that one domain may write is given to a second, too', async () => {
      expect(await isShared(file('shared.img'))).toBe(true)
    })

    test('a volume that one domain has: the block script of Linux refuses it to a second, that of FreeBSD looks at nothing', async () => {
      expect(await isShared(device('disk'))).toBe(host().system === 'freebsd')
    })

    test('ZFS rolls a disk back below the guest that has it open', async () => {
      expect(await zfs('snapshot', `${host().pool}/disk@live`)).toMatchObject(done)
      await host().writeVolume('disk', 'written')
      expect(await zfs('rollback', `${host().pool}/disk@live`)).toMatchObject(done)
      expect(await host().readVolume('disk')).toBe('image one')
    })

    test('to destroy the disk of a guest is refused as busy, and its snapshots are gone all the same', async () => {
      expect(await zfs('destroy', '-r', `${host().pool}/disk`)).toMatchObject(refused('dataset is busy'))
      expect(await zfs('list', `${host().pool}/disk@live`)).toMatchObject(refused('dataset does not exist'))
      expect(await host().readVolume('disk')).toBe('image one')
    })

    test('it is saved with its memory while it goes on', async () => {
      const before = await row('guest')
      works(await xl('save', '-c', 'guest', file('guest.save')))
      expect((await row('guest'))?.domid).toBe(before?.domid)
      const beats = async () => (await lines('guest', 'GUEST BEAT')).length
      const soFar = await beats()
      await waitFor('a heartbeat', async () => (await beats()) > soFar)
    })

    test('xl shutdown -w ends while the name is still taken; for good, as nobody watches a guest that was saved', async () => {
      const { domid } = (await row('guest')) as { domid: number }
      expect(await xl('shutdown', '-w', 'guest')).toMatchObject({
        exitCode: 0,
        stderr: expect.stringContaining(`Domain ${domid} has been shut down, reason code 0`),
      })
      expect((await row('guest'))?.state).toMatch(/^--[-p]s--$/)
      expect(await xl('create', path)).toMatchObject(refused('Domain with name "guest" already exists.', 3))
      expect(await xl('destroy', 'guest')).toMatchObject(done)
      await waitFor('the name is free', async () => (await xl('domid', 'guest')).exitCode === 1)
      expect(await zfs('destroy', '-r', `${host().pool}/disk`)).toMatchObject(done)
    })
  })
}
