import { describe, expect, test } from 'vitest'
import { done, refused, type Tools } from './xen-host.ts'

/** What ZFS does with volumes, their snapshots and their clones. */
export function zvolFacts({ host, zfs }: Tools): void {
  describe('disks', () => {
    const volume = (name: string) => `${host().pool}/${name}`

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
      await host().writeVolume('image', 'image one')
      expect(await zfs('snapshot', volume('image@v1'))).toMatchObject(done)
      expect(await zfs('clone', volume('image@v1'), volume('disk'))).toMatchObject(done)
      expect(await host().readVolume('disk')).toBe('image one')
      expect(await zfs('clone', volume('image@v1'), volume('other'))).toMatchObject(done)
      await host().writeVolume('other', 'other')
      expect(await host().readVolume('image')).toBe('image one')
      expect((await zfs('list', '-Hp', '-t', 'volume', '-o', 'name,origin,volsize', '-r', host().pool)).stdout).toBe(
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
      await host().writeVolume('disk', 'second')
      expect(await zfs('snapshot', volume('disk@b'))).toMatchObject(done)
      expect(await zfs('rollback', volume('disk@a'))).toMatchObject(refused(`use '-r' to force deletion`))
      expect(await host().readVolume('disk')).toBe('second')
      expect(await zfs('rollback', '-r', volume('disk@a'))).toMatchObject(done)
      expect(await host().readVolume('disk')).toBe('image one')
      expect(await zfs('list', volume('disk@b'))).toMatchObject(refused('dataset does not exist'))
    })

    test('what others are made from is not destroyed: snapshots, clones, what is held', async () => {
      expect(await zfs('destroy', volume('disk'))).toMatchObject(refused('volume has children'))
      expect(await zfs('destroy', volume('image@v1'))).toMatchObject(refused('snapshot has dependent clones'))
      expect(await zfs('hold', 'slipway', volume('disk@a'))).toMatchObject(done)
      // OpenZFS 2.2 says why.
      const held = { exitCode: 1, stderr: expect.stringMatching(/dataset is busy|it's being held/) }
      expect(await zfs('destroy', volume('disk@a'))).toMatchObject(held)
      expect(await zfs('release', 'slipway', volume('disk@a'))).toMatchObject(done)
      expect(await zfs('destroy', volume('disk@a'))).toMatchObject(done)
      expect(await zfs('destroy', volume('nosuch'))).toMatchObject(refused('dataset does not exist'))
    })

    test('a volume grows, and shrinks just as silently, with whatever was there', async () => {
      for (const size of ['32M', '8M']) expect(await zfs('set', `volsize=${size}`, volume('other'))).toMatchObject(done)
      expect((await zfs('get', '-Hp', '-o', 'value', 'volsize', volume('other'))).stdout).toBe('8388608\n')
      expect(await zfs('destroy', '-r', volume('other'))).toMatchObject(done)
    })
  })
}
