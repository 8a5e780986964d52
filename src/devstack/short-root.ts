import { createHash } from 'node:crypto'
import { lstat, mkdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { AppError } from '../contract/errors.ts'
import { listFolder, readLinkIfThere, remove, replaceLink, sizeIfThere } from '../platform/files.ts'

/** What the lock of a folder has after the short path of it. */
export const lockSuffix = '.lock'

/**
 * A short path to `folder`, always the same one: a symbolic link in a folder of ours in the temporary one. Sockets need it, as the path
 * of one may have 100 bytes only.
 * @throws AppError conflict when somebody else made our folder there
 */
export async function shortRoot(folder: string): Promise<string> {
  const user = process.getuid?.() ?? 0
  const ours = join(tmpdir(), `slipway-${user}`)
  await mkdir(ours, { mode: 0o700 }).catch((error) => {
    if (error.code !== 'EEXIST') throw error
  })
  const info = await lstat(ours)
  if (!info.isDirectory() || info.uid !== user)
    throw new AppError('conflict', `${ours} belongs to somebody else; remove it, or set TMPDIR to a folder of your own`)
  await sweep(ours)
  const link = join(ours, createHash('sha256').update(folder).digest('hex').slice(0, 10))
  if ((await readLinkIfThere(link)) !== folder) await replaceLink(link, folder)
  return link
}

/** Removes what runs that were killed left: links to folders that are gone, and then locks without their link. */
async function sweep(ours: string): Promise<void> {
  const names = await listFolder(ours)
  for (const name of names.filter((each) => !each.endsWith(lockSuffix)))
    if ((await sizeIfThere(join(ours, name))) === undefined) await remove(join(ours, name))
  for (const name of names.filter((each) => each.endsWith(lockSuffix)))
    if ((await readLinkIfThere(join(ours, name.slice(0, -lockSuffix.length)))) === undefined)
      await remove(join(ours, name))
}
