import { describe, expect, test } from 'vitest'
import { type Config, refused, type Tools } from './xen-host.ts'

/** What xl says to what it will not do, and which of its exit codes lie. */
export function xenRefusals({ host, xl, file, disk, config, row }: Tools): void {
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
      await host().writeFile(file('bad.cfg'), 'name="bad\n')
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
}
