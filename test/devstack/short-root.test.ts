import { lstat, mkdir, readlink, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { lockFolder } from '../../src/devstack/lock.ts'
import { shortRoot } from '../../src/devstack/short-root.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const isThere = (path: string) =>
  lstat(path).then(
    () => true,
    () => false,
  )

test('a folder always has the same short path, and another folder another one', async () => {
  const folder = await temporaryFolder()
  const root = await shortRoot(folder)
  expect(await readlink(root)).toBe(folder)
  expect(root.length).toBeLessThan(60)
  expect(await shortRoot(folder)).toBe(root)
  await mkdir(join(folder, 'other'))
  expect(await shortRoot(join(folder, 'other'))).not.toBe(root)
})

test('short paths of folders that are gone are cleared away', async () => {
  const folder = await temporaryFolder()
  await mkdir(join(folder, 'gone'))
  const gone = await shortRoot(join(folder, 'gone'))
  await rm(join(folder, 'gone'), { recursive: true })
  const kept = await shortRoot(folder)
  expect(await isThere(gone)).toBe(false)
  expect(await isThere(kept)).toBe(true)
})

test('U37 a folder is for one devstack at a time', async () => {
  const folder = await temporaryFolder()
  const unlock = await lockFolder(folder)
  await expect(lockFolder(folder)).rejects.toThrow(
    `another devstack is at work in ${folder}; stop it, or choose another folder with --data`,
  )
  await unlock()
  const again = await lockFolder(folder)
  await again()
})
