import { createWriteStream, type Stats } from 'node:fs'
import { lstat, open, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { AppError } from '../contract/errors.ts'
import { asStorageError, remove } from '../platform/files.ts'
import { compressZstd } from '../platform/zstd.ts'
import { EntryNames } from './entry-names.ts'
import { type TarEntry, writeTar } from './tar-format.ts'

export interface PackedBundle {
  /** Sum of the sizes of all files. */
  unpackedBytes: number
  /** Number of files and folders. */
  entries: number
}

/**
 * Packs what is in `folder` into `file`, a tar in one zstd frame. The same content gives the same bytes on every machine: only
 * names, contents and whether a file is executable count. The file is a temporary one of the caller: it is not made durable.
 * @throws AppError input-invalid when the folder holds anything but plain files and folders, or changes meanwhile; storage-full
 */
export async function packBundle(folder: string, file: string): Promise<PackedBundle> {
  const entries = await listEntries(folder)
  try {
    await pipeline(compressZstd(writeTar(entries)), createWriteStream(file))
  } catch (error) {
    await remove(file)
    throw asStorageError(error, file)
  }
  return { unpackedBytes: entries.reduce((sum, entry) => sum + entry.size, 0), entries: entries.length }
}

/** All entries below `folder`, sorted by code unit, so that a folder comes before what is in it. */
async function listEntries(folder: string): Promise<TarEntry[]> {
  const paths = await readdir(folder, { recursive: true }).catch((cause) => {
    throw new AppError('input-invalid', `cannot read the folder ${folder}: ${cause.message}`, { cause })
  })
  const names = new EntryNames()
  const entries: TarEntry[] = []
  for (const path of paths.sort()) {
    const info = await lstat(join(folder, path))
    const kind = info.isDirectory() ? 'folder' : 'file'
    const reason = badFile(info) ?? names.refusal(path, kind)
    if (reason !== undefined)
      throw new AppError('input-invalid', `cannot pack ${folder}: ${JSON.stringify(path)} ${reason}`)
    const size = kind === 'file' ? info.size : 0
    const executable = kind === 'file' && (info.mode & 0o111) !== 0
    entries.push({ path, kind, executable, size, content: kind === 'file' ? contentOf(join(folder, path), size) : [] })
  }
  if (entries.length === 0) throw new AppError('input-invalid', `cannot pack ${folder}: nothing is in it`)
  return entries
}

function badFile(info: Stats): string | undefined {
  if (info.isSymbolicLink()) return 'is a symbolic link; a bundle holds plain files and folders only'
  if (!info.isFile() && !info.isDirectory()) return 'is neither a file nor a folder'
  if (info.isFile() && info.nlink > 1) return 'is a hard link (its file has other names); make it a copy'
  if (info.mode & 0o6000) return 'has a set-id bit'
  return undefined
}

/** The content of a file, which must be as long as it was when the folder was listed: the header already says so. */
async function* contentOf(path: string, size: number): AsyncGenerator<Buffer> {
  const file = await open(path, 'r')
  try {
    let left = size
    for await (const piece of file.createReadStream({ autoClose: false, highWaterMark: 1 << 18 })) {
      left -= piece.length
      if (left < 0) break
      yield piece
    }
    if (left !== 0) throw new AppError('input-invalid', `${path} changed while it was packed; try again`)
  } finally {
    await file.close()
  }
}
