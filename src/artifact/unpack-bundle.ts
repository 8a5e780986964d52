import { createReadStream } from 'node:fs'
import { mkdir, open } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { AppError } from '../contract/errors.ts'
import { asStorageError, remove, syncFolder } from '../platform/files.ts'
import { decompressZstd } from '../platform/zstd.ts'
import { EntryNames } from './entry-names.ts'
import { readTar, type TarEntry, tarBytes } from './tar-format.ts'

export interface UnpackLimits {
  /** The most bytes that all files together may have, */
  maxBytes: number
  /** and the most files and folders. */
  maxEntries: number
}

/**
 * Unpacks a bundle into `folder`, which must not be there yet. Only plain files and folders come out, below the folder, with modes
 * 644 or 755. When it returns, everything is on the disk; when it throws, the folder is gone. A crash in the middle leaves a folder
 * that nothing refers to: unpack into a temporary name and rename.
 * @throws AppError bundle-refused, naming the entry and the reason; storage-full; conflict when the folder is already there
 */
export async function unpackBundle(file: string, folder: string, limits: UnpackLimits): Promise<void> {
  await mkdir(folder, { mode: 0o755 }).catch((error) => {
    if (error.code !== 'EEXIST') throw asStorageError(error, folder)
    throw new AppError('conflict', `cannot unpack ${file} into ${folder}: it is already there`)
  })
  try {
    await unpackInto(folder, createReadStream(file, { highWaterMark: 1 << 18 }), limits)
    await syncFolder(dirname(folder))
  } catch (error) {
    await remove(folder)
    if (error instanceof AppError && error.code === 'bundle-refused')
      throw new AppError('bundle-refused', `cannot unpack ${file}: ${error.message}`, { cause: error })
    throw asStorageError(error, folder)
  }
}

async function unpackInto(folder: string, archive: AsyncIterable<Uint8Array>, limits: UnpackLimits): Promise<void> {
  const names = new EntryNames()
  const folders = new Set<string>([folder])
  let entries = 0
  let bytes = 0
  const maxTarBytes = tarBytes(limits.maxBytes, limits.maxEntries)
  for await (const entry of readTar(decompressZstd(archive, { maxBytes: maxTarBytes }))) {
    const reason = names.refusal(entry.path, entry.kind)
    if (reason !== undefined) throw new AppError('bundle-refused', `the entry ${JSON.stringify(entry.path)} ${reason}`)
    entries += 1
    bytes += entry.size
    if (entries > limits.maxEntries)
      throw new AppError('bundle-refused', `it holds more than ${limits.maxEntries} files and folders`)
    if (bytes > limits.maxBytes)
      throw new AppError(
        'bundle-refused',
        `with the entry ${JSON.stringify(entry.path)} its files have more than ${limits.maxBytes} bytes`,
      )
    await unpackEntry(folder, entry, folders)
  }
  for (const made of folders) await syncFolder(made)
}

async function unpackEntry(top: string, { path, kind, executable, content }: TarEntry, folders: Set<string>) {
  const target = join(top, path)
  await makeFolders(kind === 'folder' ? target : dirname(target), folders)
  if (kind === 'folder') return
  const file = await open(target, 'wx', 0o600)
  try {
    for await (const piece of content) await file.appendFile(piece)
    // Set outright: what the process's umask would take away belongs to the release.
    await file.chmod(executable ? 0o755 : 0o644)
    await file.sync()
  } finally {
    await file.close()
  }
}

/** Makes `folder` and those above it that are not in `folders` yet. */
async function makeFolders(folder: string, folders: Set<string>): Promise<void> {
  if (folders.has(folder)) return
  await makeFolders(dirname(folder), folders)
  await mkdir(folder)
  folders.add(folder)
}
