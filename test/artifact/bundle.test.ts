import { chmod, cp, link, mkdir, readdir, readFile, stat, symlink, truncate, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { packBundle } from '../../src/artifact/pack-bundle.ts'
import { type UnpackLimits, unpackBundle } from '../../src/artifact/unpack-bundle.ts'
import { sha256OfFile } from '../../src/platform/digest.ts'
import { type ArchiveEntry, tarOf, writeArchive } from '../support/archive.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const limits: UnpackLimits = { maxBytes: 10_000_000, maxEntries: 1000 }

async function sampleFolder(top: string): Promise<string> {
  const folder = join(top, 'sample')
  const longName = `${'deep-'.repeat(30)}name.txt`
  await mkdir(join(folder, 'bin'), { recursive: true })
  await mkdir(join(folder, 'empty'))
  await mkdir(join(folder, 'ä'))
  await writeFile(join(folder, 'component.json'), '{}')
  await writeFile(join(folder, 'bin/run'), '#!/bin/sh\n', { mode: 0o755 })
  await writeFile(join(folder, 'bin-more'), Buffer.alloc(200_000, 'abc'))
  await writeFile(join(folder, 'ä', longName), 'ö')
  await writeFile(join(folder, 'nothing'), '')
  return folder
}

async function treeOf(folder: string): Promise<Record<string, string>> {
  const tree: Record<string, string> = {}
  for (const path of (await readdir(folder, { recursive: true })).sort()) {
    const info = await stat(join(folder, path))
    const mode = (info.mode & 0o7777).toString(8)
    tree[path] = info.isDirectory() ? `folder ${mode}` : `${mode} ${await sha256OfFile(join(folder, path))}`
  }
  return tree
}

describe('packing', () => {
  test('what was packed comes out as it was, and is counted', async () => {
    const top = await temporaryFolder()
    const folder = await sampleFolder(top)
    const packed = await packBundle(folder, join(top, 'bundle'))
    expect(packed).toEqual({ unpackedBytes: 2 + 10 + 200_000 + 2, entries: 8 })
    await unpackBundle(join(top, 'bundle'), join(top, 'out'), {
      maxBytes: packed.unpackedBytes,
      maxEntries: packed.entries,
    })
    expect(await treeOf(join(top, 'out'))).toEqual(await treeOf(folder))
  })

  test('the same content gives the same bytes, whatever times and modes its files have', async () => {
    const top = await temporaryFolder()
    const folder = await sampleFolder(top)
    const copy = join(top, 'copy')
    await cp(folder, copy, { recursive: true })
    await utimes(join(copy, 'nothing'), 1, 1)
    await chmod(join(copy, 'component.json'), 0o600)
    await chmod(join(copy, 'bin/run'), 0o700)
    await packBundle(folder, join(top, 'one'))
    await packBundle(copy, join(top, 'two'))
    expect(await sha256OfFile(join(top, 'two'))).toBe(await sha256OfFile(join(top, 'one')))

    await chmod(join(copy, 'component.json'), 0o755)
    await packBundle(copy, join(top, 'three'))
    expect(await sha256OfFile(join(top, 'three'))).not.toBe(await sha256OfFile(join(top, 'one')))
  })

  const refused = [
    {
      name: 'a symbolic link',
      make: (f: string) => symlink('nothing', join(f, 'x')),
      message: '"x" is a symbolic link',
    },
    { name: 'a hard link', make: (f: string) => link(join(f, 'nothing'), join(f, 'x')), message: 'is a hard link' },
    {
      name: 'a set-id bit',
      make: (f: string) => chmod(join(f, 'bin/run'), 0o4755),
      message: '"bin/run" has a set-id bit',
    },
    {
      name: 'a file that has the name of what unpacking makes',
      make: (f: string) => writeFile(join(f, 'release.json'), ''),
      message: '"release.json" has the name of the file that unpacking a release makes',
    },
    {
      name: 'two names that differ in case only',
      make: (f: string) => writeFile(join(f, 'NOTHING'), ''),
      message: 'in case or Unicode form only',
    },
    { name: 'a backslash in a name', make: (f: string) => writeFile(join(f, 'a\\b'), ''), message: 'a backslash' },
  ]
  for (const { name, make, message } of refused)
    test(`${name} is refused and leaves no archive`, async () => {
      const top = await temporaryFolder()
      const folder = await sampleFolder(top)
      await make(folder)
      await expect(packBundle(folder, join(top, 'bundle'))).rejects.toThrow(message)
      expect(await readdir(top)).toEqual(['sample'])
    })

  test('a folder that is not there, or empty, is refused', async () => {
    const top = await temporaryFolder()
    await expect(packBundle(join(top, 'none'), join(top, 'bundle'))).rejects.toMatchObject({ code: 'input-invalid' })
    await mkdir(join(top, 'void'))
    await expect(packBundle(join(top, 'void'), join(top, 'bundle'))).rejects.toThrow('nothing is in it')
  })
})

describe('unpacking', () => {
  const file: ArchiveEntry = { path: 'fine', content: 'fine' }
  const refused: { name: string; entries: ArchiveEntry[]; message: string }[] = [
    {
      name: 'a path that leads out',
      entries: [{ path: '../../etc/passwd', content: 'x' }],
      message: '"../../etc/passwd" leads out',
    },
    {
      name: 'a path that leads out further down',
      entries: [{ path: 'a/../../b', content: 'x' }],
      message: 'leads out',
    },
    {
      name: 'an absolute path',
      entries: [{ path: '/etc/passwd', content: 'x' }],
      message: '"/etc/passwd" is an absolute path',
    },
    { name: 'an absolute path behind dots', entries: [{ path: './/etc/passwd' }], message: 'is an absolute path' },
    {
      name: 'a symbolic link that leads out',
      entries: [{ path: 'x', type: 'SymbolicLink', linkpath: '/etc' }],
      message: '"x" is of the type SymbolicLink',
    },
    {
      name: 'a symbolic link that stays inside',
      entries: [file, { path: 'x', type: 'SymbolicLink', linkpath: 'fine' }],
      message: 'SymbolicLink',
    },
    {
      name: 'a hard link',
      entries: [file, { path: 'x', type: 'Link', linkpath: 'fine' }],
      message: '"x" is of the type Link',
    },
    {
      name: 'a device',
      entries: [{ path: 'x', type: 'CharacterDevice', devmaj: 1, devmin: 3 }],
      message: 'CharacterDevice',
    },
    { name: 'a block device', entries: [{ path: 'x', type: 'BlockDevice' }], message: 'BlockDevice' },
    { name: 'a FIFO', entries: [{ path: 'x', type: 'FIFO' }], message: '"x" is of the type FIFO' },
    {
      name: 'a set-user-id bit',
      entries: [{ path: 'x', mode: 0o4755 }],
      message: '"x" has set-id or sticky bits (mode 4755)',
    },
    { name: 'a set-group-id bit', entries: [{ path: 'x', mode: 0o2755 }], message: '"x" has set-id' },
    {
      name: 'a name that is there twice',
      entries: [file, { path: 'fine', content: 'other' }],
      message: '"fine" is there twice',
    },
    {
      name: 'a folder that is there twice',
      entries: [
        { path: 'x/', type: 'Directory' },
        { path: 'x/', type: 'Directory' },
      ],
      message: '"x" is there twice',
    },
    {
      name: 'names that differ in case only',
      entries: [file, { path: 'FINE' }],
      message: '"FINE" differs from "fine"',
    },
    {
      name: 'names that differ in Unicode form only',
      entries: [{ path: 'é/a' }, { path: 'e\u0301/b' }],
      message: 'in case or Unicode form only',
    },
    {
      name: 'a file below a file',
      entries: [file, { path: 'fine/below' }],
      message: 'lies below "fine", which is a file',
    },
    {
      name: 'a release.json at the top',
      entries: [{ path: 'release.json', content: '{}' }],
      message: '"release.json" has the name',
    },
    { name: 'a control character in a name', entries: [{ path: 'a\nb' }], message: 'a control character' },
    {
      name: 'more bytes than allowed',
      entries: [file, { path: 'x', content: Buffer.alloc(2000) }],
      message: 'with the entry "x" its files have more than 1000 bytes',
    },
    { name: 'a size that is a lie', entries: [{ path: 'x', size: 8_000_000_000 }], message: 'more than 1000 bytes' },
    {
      name: 'more entries than allowed',
      entries: Array.from({ length: 11 }, (_, at) => ({ path: `f${at}` })),
      message: 'it holds more than 10 files and folders',
    },
  ]
  for (const { name, entries, message } of refused)
    test(`${name} is refused, by name, and nothing is left`, async () => {
      const top = await temporaryFolder()
      await writeArchive(join(top, 'bundle'), tarOf(entries))
      const unpacked = unpackBundle(join(top, 'bundle'), join(top, 'out'), { maxBytes: 1000, maxEntries: 10 })
      await expect(unpacked).rejects.toMatchObject({
        code: 'bundle-refused',
        message: expect.stringContaining(message),
      })
      expect(await readdir(top)).toEqual(['bundle'])
    })

  test('U13 a truncated archive is refused wherever it ends, and nothing is left', async () => {
    const top = await temporaryFolder()
    await packBundle(await sampleFolder(top), join(top, 'bundle'))
    const { size } = await stat(join(top, 'bundle'))
    for (let length = size - 1; length > 0; length -= Math.ceil(size / 12)) {
      await truncate(join(top, 'bundle'), length)
      await expect(unpackBundle(join(top, 'bundle'), join(top, 'out'), limits)).rejects.toMatchObject({
        code: 'bundle-refused',
        message: expect.stringContaining(join(top, 'bundle')),
      })
    }
    expect(await readdir(top)).toEqual(['bundle', 'sample'])
  })

  test('a tar that ends early inside of a whole zstd frame is refused', async () => {
    const top = await temporaryFolder()
    const tar = tarOf([{ path: 'a', content: Buffer.alloc(5000, 1) }])
    for (const length of [100, 512, 3000, tar.length - 1024, tar.length - 512]) {
      await writeArchive(join(top, 'bundle'), tar.subarray(0, length))
      await expect(unpackBundle(join(top, 'bundle'), join(top, 'out'), limits), `${length} bytes`).rejects.toThrow(
        'the tar archive ends in the middle',
      )
    }
  })

  test('anything behind the end of the tar is refused', async () => {
    const top = await temporaryFolder()
    const end = Buffer.concat([Buffer.alloc(1024), tarOf([{ path: 'smuggled', content: 'x' }])])
    await writeArchive(join(top, 'bundle'), tarOf([{ path: 'a' }], { end }))
    await expect(unpackBundle(join(top, 'bundle'), join(top, 'out'), limits)).rejects.toThrow(
      'something follows the end of the tar archive',
    )
  })

  test('a header with a wrong checksum is refused', async () => {
    const top = await temporaryFolder()
    const tar = tarOf([{ path: 'a', content: 'x' }])
    tar.write('b', 0)
    await writeArchive(join(top, 'bundle'), tar)
    await expect(unpackBundle(join(top, 'bundle'), join(top, 'out'), limits)).rejects.toThrow('a checksum is wrong')
  })

  test('a file that is no archive is refused', async () => {
    const top = await temporaryFolder()
    await writeFile(join(top, 'bundle'), '<html>not found</html>')
    await expect(unpackBundle(join(top, 'bundle'), join(top, 'out'), limits)).rejects.toThrow('it is no zstd archive')
  })

  test('T11 an archive of a few kilobytes that grows to 100 MB is stopped at the limit, and nothing is left', async () => {
    const top = await temporaryFolder()
    await writeArchive(join(top, 'bundle'), tarOf([{ path: 'bomb', content: Buffer.alloc(100_000_000) }]))
    await expect(unpackBundle(join(top, 'bundle'), join(top, 'out'), limits)).rejects.toThrow(
      'more than 10000000 bytes',
    )
    expect(await readdir(top)).toEqual(['bundle'])
  })

  test('a folder that is already there is left alone', async () => {
    const top = await temporaryFolder()
    await packBundle(await sampleFolder(top), join(top, 'bundle'))
    await mkdir(join(top, 'out'))
    await writeFile(join(top, 'out/mine'), 'mine')
    await expect(unpackBundle(join(top, 'bundle'), join(top, 'out'), limits)).rejects.toMatchObject({
      code: 'conflict',
    })
    expect(await readFile(join(top, 'out/mine'), 'utf8')).toBe('mine')
  })
})
