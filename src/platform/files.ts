import { randomBytes } from 'node:crypto'
import { closeSync, openSync } from 'node:fs'
import {
  constants,
  type FileHandle,
  mkdir,
  open,
  readdir,
  readFile,
  readlink,
  rename,
  rm,
  stat,
  symlink,
  unlink,
  utimes,
} from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { AppError } from '../contract/errors.ts'

/**
 * The one writer of files. Whatever it replaces is, after a crash at any moment, either wholly old or wholly new, and whatever it
 * has answered is on the disk. Temporary files are named `.tmp-…` and stand beside their target; `removeTemporaries` clears those
 * that a crash left.
 */
const temporaryPrefix = '.tmp-'

/** A name beside `path` that no other writer uses. */
export function temporaryBeside(path: string): string {
  return join(dirname(path), `${temporaryPrefix}${basename(path).slice(0, 60)}-${randomBytes(6).toString('hex')}`)
}

/** Whether a name in a folder is that of a writer's temporary file. */
export function isTemporaryName(name: string): boolean {
  return name.startsWith(temporaryPrefix)
}

/**
 * Writes a whole file, at once or as its bytes come: temporary file, fsync, rename, fsync of the folder.
 * @throws AppError storage-full; what the source of the bytes throws
 */
export async function replaceFile(
  path: string,
  data: string | Uint8Array | AsyncIterable<Uint8Array>,
  options: { mode?: number } = {},
): Promise<void> {
  const temporary = temporaryBeside(path)
  try {
    const file = await open(temporary, 'wx', options.mode ?? 0o644)
    try {
      await file.writeFile(data)
      await file.sync()
    } finally {
      await file.close()
    }
    await moveInto(temporary, path)
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {})
    throw asStorageError(error, path)
  }
}

/** A file that is open for reading at any place. */
export interface OpenFile {
  readonly sizeBytes: number
  /** What it takes up on its disk: less than its size when it has holes. */
  readonly allocatedBytes: number
  /** Exactly these bytes, in the memory of `into` when that is given. @throws AppError input-invalid when the file has become shorter */
  read(offset: number, length: number, into?: Buffer): Promise<Buffer>
  close(): Promise<void>
}

/** Opens a plain file for reading. @throws AppError input-invalid when there is none, or it is something else */
export async function openFile(path: string): Promise<OpenFile> {
  // Non-blocking: opening a pipe that nobody writes to would wait for ever.
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK).catch((cause) => {
    throw new AppError('input-invalid', `cannot open ${path}: ${cause.message}`, { cause })
  })
  const info = await file.stat()
  if (!info.isFile()) {
    await file.close()
    throw new AppError('input-invalid', `${path} is not a plain file`)
  }
  return {
    sizeBytes: info.size,
    allocatedBytes: info.blocks * 512,
    async read(offset, length, into = Buffer.allocUnsafe(length)) {
      const bytes = into.subarray(0, length)
      for (let done = 0; done < length; ) {
        const { bytesRead } = await file.read(bytes, done, length - done, offset + done)
        if (bytesRead === 0)
          throw new AppError('input-invalid', `${path} ended at ${offset + done} while it was read; has it changed?`)
        done += bytesRead
      }
      return bytes
    },
    close: () => file.close(),
  }
}

/** Renames a finished file or folder to its place and makes that durable. @throws AppError storage-full */
export async function moveInto(from: string, to: string): Promise<void> {
  try {
    await rename(from, to)
    await syncFolder(dirname(to))
  } catch (error) {
    throw asStorageError(error, to)
  }
}

/** Makes `path` a symbolic link to `target`, replacing one that is there in one rename. @throws AppError storage-full */
export async function replaceLink(path: string, target: string): Promise<void> {
  const temporary = temporaryBeside(path)
  try {
    await symlink(target, temporary)
    await moveInto(temporary, path)
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {})
    throw asStorageError(error, path)
  }
}

/** Begins a file, readable by its owner alone, that another program writes: its descriptor goes to the program, and is closed here. @throws AppError storage-full */
export function handFile<T>(path: string, to: (descriptor: number) => T): T {
  let descriptor: number
  try {
    descriptor = openSync(path, 'w', 0o600)
  } catch (error) {
    throw asStorageError(error, path)
  }
  try {
    return to(descriptor)
  } finally {
    closeSync(descriptor)
  }
}

/** Makes the bytes of a file durable that another program wrote. */
export async function syncFile(path: string): Promise<void> {
  const file: FileHandle = await open(path, 'r')
  try {
    await file.sync()
  } finally {
    await file.close()
  }
}

/** A file that another program, or another part of this one, writes; what it holds is made durable again and again. */
export interface SyncedFile {
  sync(): Promise<void>
  close(): Promise<void>
}

/** Opens a file in order to sync it. One that stays open hears of what its disk lost in between. */
export async function openToSync(path: string): Promise<SyncedFile> {
  const file = await open(path, 'r')
  return { sync: () => file.datasync(), close: () => file.close() }
}

/** Makes the entries of a folder durable. */
export async function syncFolder(path: string): Promise<void> {
  await syncFile(path)
}

/** Makes a folder and those above it. */
export async function makeFolder(path: string, options: { mode?: number } = {}): Promise<void> {
  try {
    await mkdir(path, { recursive: true, mode: options.mode ?? 0o755 })
  } catch (error) {
    throw asStorageError(error, path)
  }
}

/** The text of a file, or undefined when there is none. */
export async function readTextIfThere(path: string): Promise<string | undefined> {
  return orUndefined(readFile(path, 'utf8'), 'ENOENT')
}

/** What a symbolic link points to, or undefined when there is none. */
export async function readLinkIfThere(path: string): Promise<string | undefined> {
  return orUndefined(readlink(path), 'ENOENT', 'EINVAL')
}

/** The size of a file in bytes, or undefined when there is none. */
export async function sizeIfThere(path: string): Promise<number | undefined> {
  return (await orUndefined(stat(path), 'ENOENT'))?.size
}

/** The names in a folder, sorted; none when there is no folder. */
export async function listFolder(path: string): Promise<string[]> {
  return (await orUndefined(readdir(path), 'ENOENT'))?.sort() ?? []
}

/** Lets a file look changed, to whoever watches it; nothing there is fine. */
export async function touch(path: string): Promise<void> {
  const now = new Date()
  await orUndefined(utimes(path, now, now), 'ENOENT')
}

/** Removes a file or a folder with all that is in it; nothing there is fine. */
export async function remove(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true })
}

/** Removes a file; none there is fine. For many of them: `remove` asks the system three times what it is about to remove. */
export async function removeFile(path: string): Promise<void> {
  await orUndefined(unlink(path), 'ENOENT')
}

/** Removes what writers that were killed left in a folder. Call it only where no writer can be at work. */
export async function removeTemporaries(folder: string): Promise<void> {
  for (const name of await listFolder(folder)) if (isTemporaryName(name)) await remove(join(folder, name))
}

/** Names the path in a "disk full" error, and leaves every other error as it is. */
export function asStorageError(error: unknown, path: string): unknown {
  const code = (error as NodeJS.ErrnoException).code
  if (code !== 'ENOSPC' && code !== 'EDQUOT') return error
  const what = code === 'ENOSPC' ? 'no space is left on the disk' : 'the quota is used up'
  return new AppError('storage-full', `cannot write ${path}: ${what}; free some space and try again`, { cause: error })
}

async function orUndefined<T>(promise: Promise<T>, ...codes: string[]): Promise<T | undefined> {
  try {
    return await promise
  } catch (error) {
    if (codes.includes((error as NodeJS.ErrnoException).code ?? '')) return undefined
    throw error
  }
}
