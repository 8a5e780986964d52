import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, onTestFinished, test } from 'vitest'
import { packBundle } from '../../src/artifact/pack-bundle.ts'
import { openRegistryClient } from '../../src/artifact/registry-client.ts'
import { unpackBundle } from '../../src/artifact/unpack-bundle.ts'
import { pushBytes } from '../support/oci.ts'
import { openTestRegistry } from '../support/registry.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const run = promisify(execFile)
const limits = { maxBytes: 50_000_000, maxEntries: 100 }

async function sample() {
  const top = await temporaryFolder()
  const folder = join(top, 'sample')
  const content = Buffer.concat(
    Array.from({ length: 40 }, (_, at) => Buffer.concat([randomBytes(60_000), Buffer.alloc(40_000, at)])),
  )
  await mkdir(join(folder, 'bin'), { recursive: true })
  await writeFile(join(folder, 'bin/run'), content, { mode: 0o755 })
  await writeFile(join(folder, `${'long-'.repeat(30)}name`), 'x')
  return { top, folder, content }
}

describe('archives of the zstd and tar commands are unpacked whole', () => {
  for (const flags of [['-1'], ['-19'], ['-T2', '-3'], ['--long=24'], ['--no-check']])
    test(`zstd ${flags.join(' ')}`, async () => {
      const { top, folder, content } = await sample()
      await run('tar', ['-C', folder, '-cf', join(top, 'plain.tar'), '.'])
      await run('zstd', ['-q', ...flags, join(top, 'plain.tar'), '-o', join(top, 'bundle')])
      await unpackBundle(join(top, 'bundle'), join(top, 'out'), limits)
      expect((await readFile(join(top, 'out/bin/run'))).equals(content)).toBe(true)
      expect(await readdir(join(top, 'out'))).toEqual((await readdir(folder)).sort())
    })

  test('several zstd frames, one after the other', async () => {
    const { top, folder, content } = await sample()
    await run('tar', ['-C', folder, '--format=posix', '-cf', join(top, 'plain.tar'), 'bin'])
    await run('split', ['-b', '100000', join(top, 'plain.tar'), join(top, 'part-')])
    const parts = (await readdir(top)).filter((name) => name.startsWith('part-')).sort()
    await run('sh', ['-c', `for part in ${parts.join(' ')}; do zstd -q -c $part; done >bundle`], { cwd: top })
    await unpackBundle(join(top, 'bundle'), join(top, 'out'), limits)
    expect((await readFile(join(top, 'out/bin/run'))).equals(content)).toBe(true)
  })
})

test('a bundle of ours is whole for the zstd and tar commands', async () => {
  const { top, folder } = await sample()
  await packBundle(folder, join(top, 'bundle'))
  await run('zstd', ['-q', '-t', join(top, 'bundle')])
  await mkdir(join(top, 'out'))
  await run('tar', ['-I', 'zstd', '-C', join(top, 'out'), '-xf', join(top, 'bundle')])
  await run('diff', ['-r', folder, join(top, 'out')])
  await cp(folder, join(top, 'copy'), { recursive: true })
  await rm(join(top, 'copy/bin/run'))
  await expect(run('diff', ['-r', folder, join(top, 'copy')])).rejects.toMatchObject({ code: 1 })
})

describe('U11 on a full disk', () => {
  /** A file system of its own with room for a megabyte. */
  async function smallDisk(top: string): Promise<string> {
    const disk = join(top, 'disk')
    await mkdir(disk)
    await run('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', disk])
    onTestFinished(async () => void (await run('umount', ['--lazy', disk])))
    return disk
  }

  test('packing and unpacking say so, and leave nothing', async () => {
    const { top, folder } = await sample()
    const disk = await smallDisk(top)
    const full = { code: 'storage-full', message: expect.stringContaining('no space is left on the disk') }
    await expect(packBundle(folder, join(disk, 'bundle'))).rejects.toMatchObject(full)
    expect(await readdir(disk)).toEqual([])
    await packBundle(folder, join(top, 'bundle'))
    await expect(unpackBundle(join(top, 'bundle'), join(disk, 'out'), limits)).rejects.toMatchObject(full)
    expect(await readdir(disk)).toEqual([])
  })

  test('pulling a blob says so, and leaves nothing', async () => {
    const { top, content } = await sample()
    const disk = await smallDisk(top)
    const { http } = await openTestRegistry(top)
    const { digest, size } = await pushBytes(http, 'a', content)
    const pull = openRegistryClient(http, 'a').pullBlob({ digest, size }, join(disk, 'blob'))
    await expect(pull).rejects.toMatchObject({ code: 'storage-full' })
    expect(await readdir(disk)).toEqual([])
  })
})
