import { DatabaseSync } from 'node:sqlite'
import { AppError } from '../contract/errors.ts'

/**
 * Holds `path` for this process until it is disposed or the process ends, however it ends.
 *
 * Decision: the lock that SQLite takes on a file. Why: the kernel drops it with the process, and two that start at once cannot both
 * have it. Not: a pid file, which goes stale; nor the control socket, which a second agent would have to remove before it can know.
 * @throws AppError conflict when another process holds it
 */
export function takeLock(path: string, what: string): Disposable {
  const file = new DatabaseSync(path)
  try {
    file.exec('pragma busy_timeout = 0; pragma locking_mode = exclusive; begin exclusive')
  } catch (cause) {
    file.close()
    throw new AppError('conflict', `another ${what} holds ${path}; stop it before you start this one`, { cause })
  }
  return { [Symbol.dispose]: () => file.close() }
}
