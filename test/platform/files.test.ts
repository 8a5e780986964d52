import fs from 'node:fs/promises'
import { syncBuiltinESMExports } from 'node:module'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import * as files from '../../src/platform/files.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

/** Puts another function in the place of one of `node:fs/promises`, for everybody, until the test has finished. */
function replace<F extends 'open' | 'rename'>(name: F, by: (typeof fs)[F]): void {
  const real = fs[name]
  const put = (next: (typeof fs)[F]) => {
    fs[name] = next
    syncBuiltinESMExports()
  }
  put(by)
  onTestFinished(() => put(real))
}

function errno(code: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`${code}: from the test`), { code })
}

test('a file is replaced whole, with the mode that was asked for', async () => {
  const path = join(await temporaryFolder(), 'key')
  await files.replaceFile(path, 'old')
  await files.replaceFile(path, 'new', { mode: 0o600 })
  expect(await fs.readFile(path, 'utf8')).toBe('new')
  expect((await fs.stat(path)).mode & 0o777).toBe(0o600)
})

describe('when replacing a file fails', () => {
  test.each(['open', 'rename'] as const)('in %s, the old one is untouched and no temporary is left', async (step) => {
    const folder = await temporaryFolder()
    const path = join(folder, 'journal.json')
    await files.replaceFile(path, 'old')
    replace(step, () => Promise.reject(errno('EIO')))
    await expect(files.replaceFile(path, 'new')).rejects.toMatchObject({ code: 'EIO' })
    expect(await fs.readFile(path, 'utf8')).toBe('old')
    expect(await fs.readdir(folder)).toEqual(['journal.json'])
  })

  test.each([
    ['ENOSPC', 'no space is left on the disk'],
    ['EDQUOT', 'the quota is used up'],
  ])('by %s, the error is storage-full and names the file and what to do', async (code, text) => {
    const path = join(await temporaryFolder(), 'journal.json')
    replace('rename', () => Promise.reject(errno(code)))
    await expect(files.replaceFile(path, 'new')).rejects.toMatchObject({
      code: 'storage-full',
      message: `cannot write ${path}: ${text}; free some space and try again`,
      cause: expect.objectContaining({ code }),
    })
  })
})

test('the order is write, fsync, rename, fsync of the folder: after a crash the file is wholly old or wholly new', async () => {
  const folder = await temporaryFolder()
  const path = join(folder, 'journal.json')
  await files.replaceFile(path, 'old')
  const { open, rename } = fs
  const order: string[] = []
  replace('open', async (...parameters) => {
    const handle = await open(...parameters)
    const name = parameters[0] === folder ? 'folder' : 'temporary'
    const { sync, writeFile } = handle
    handle.sync = async () => {
      order.push(`sync ${name}`)
      await sync.call(handle)
    }
    handle.writeFile = async (...data) => {
      order.push(`write ${name}`)
      await writeFile.apply(handle, data)
    }
    return handle
  })
  replace('rename', async (...parameters) => {
    order.push('rename')
    // What a crash before this moment would leave.
    expect(await fs.readFile(path, 'utf8')).toBe('old')
    await rename(...parameters)
  })
  await files.replaceFile(path, 'new')
  expect(order).toEqual(['write temporary', 'sync temporary', 'rename', 'sync folder'])
})

test('many writers of one file leave one whole text and no temporaries', async () => {
  const folder = await temporaryFolder()
  const path = join(folder, 'state')
  const texts = Array.from({ length: 20 }, (_, n) => `${n}`.repeat(10_000))
  await Promise.all(texts.map((text) => files.replaceFile(path, text)))
  expect(texts).toContain(await fs.readFile(path, 'utf8'))
  expect(await fs.readdir(folder)).toEqual(['state'])
})

test('what a killed writer left is removed, and nothing else', async () => {
  const folder = await temporaryFolder()
  await fs.writeFile(files.temporaryBeside(join(folder, 'journal.json')), 'half')
  await fs.writeFile(join(folder, 'journal.json'), 'whole')
  await files.removeTemporaries(folder)
  expect(await fs.readdir(folder)).toEqual(['journal.json'])
})

test('a temporary name of a very long name still fits into a folder', async () => {
  const folder = await temporaryFolder()
  const path = join(folder, 'x'.repeat(255))
  await files.replaceFile(path, 'text')
  expect(await files.readTextIfThere(path)).toBe('text')
})

test('a link is replaced in one step, also where it points to nothing', async () => {
  const folder = await temporaryFolder()
  const link = join(folder, 'current')
  await files.replaceLink(link, 'sets/a')
  await files.replaceLink(link, 'sets/b')
  expect(await files.readLinkIfThere(link)).toBe('sets/b')
  expect(await fs.readdir(folder)).toEqual(['current'])
})

test('what is not there is undefined, empty or already removed, and no error', async () => {
  const gone = join(await temporaryFolder(), 'gone')
  expect(await files.readTextIfThere(gone)).toBeUndefined()
  expect(await files.readLinkIfThere(gone)).toBeUndefined()
  expect(await files.sizeIfThere(gone)).toBeUndefined()
  expect(await files.listFolder(gone)).toEqual([])
  await files.remove(gone)
})

test('what cannot be read for another reason is an error', async () => {
  const folder = await temporaryFolder()
  await expect(files.readTextIfThere(folder)).rejects.toMatchObject({ code: 'EISDIR' })
  await fs.writeFile(join(folder, 'file'), '')
  await expect(files.listFolder(join(folder, 'file'))).rejects.toMatchObject({ code: 'ENOTDIR' })
})
