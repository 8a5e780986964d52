import { backup, DatabaseSync } from 'node:sqlite'
import { AppError } from '../contract/errors.ts'
import { sizeIfThere } from '../platform/files.ts'

/** Copies a SQLite database, as it is at one moment, into a new file. Writers go on meanwhile. @throws AppError not-found */
export async function snapshotSqlite(from: string, to: string): Promise<void> {
  if ((await sizeIfThere(from)) === undefined)
    throw new AppError('not-found', `there is no database at ${from}; is --data right?`)
  const source = new DatabaseSync(from, { readOnly: true })
  try {
    await backup(source, to)
  } finally {
    source.close()
  }
}

/** @throws AppError input-invalid when the file is no sound SQLite database */
export function checkSqlite(path: string): void {
  let said: unknown
  try {
    const db = new DatabaseSync(path, { readOnly: true })
    said = db.prepare('pragma integrity_check').get()?.integrity_check
    db.close()
  } catch (cause) {
    throw new AppError('input-invalid', `${path} is no database: ${(cause as Error).message}`, { cause })
  }
  if (said !== 'ok') throw new AppError('input-invalid', `${path} is damaged: ${String(said).slice(0, 200)}`)
}
