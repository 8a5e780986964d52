import type { DatabaseSync } from 'node:sqlite'
import { type DatabaseConnection, SqliteAdapter, SqliteDialect, SqliteDriver } from 'kysely'
import { nodeSqlite } from './node-sqlite.ts'
import { Turns } from './turns.ts'
import { openWriteAheadLog, type WriteAheadLog } from './write-ahead-log.ts'

/**
 * SQLite for Kysely, whose users wait for the disk beside each other.
 *
 * Decision: SQLite commits without waiting for the disk (synchronous NORMAL). The connection goes to its next user, and who had it gets the answer when
 * all that was committed by then is on the disk: what they wrote, and what they read of others (but for what statement-effect.ts names). So
 * nobody acts on what a power cut could undo: no client is told that its push was taken, no host of a generation.
 * Why: SQLite waits in the thread that serves everybody, once for each commit. Here many commits share one wait, and the thread goes on.
 * Not: synchronous FULL, for that reason; NORMAL alone, which forgets the last commits at a power cut; a second thread for the database, through which
 * every read would have to go as well.
 */
export class DurableSqliteDialect extends SqliteDialect {
  readonly #database: DatabaseSync
  readonly #path: string
  readonly #onTurn: (waitedSeconds: number) => void

  constructor(database: DatabaseSync, path: string, onTurn: (waitedSeconds: number) => void) {
    super({ database: nodeSqlite(database, () => {}) })
    this.#database = database
    this.#path = path
    this.#onTurn = onTurn
  }

  override createDriver(): SqliteDriver {
    return new DurableDriver(this.#database, this.#path, this.#onTurn)
  }

  override createAdapter(): SqliteAdapter {
    return new OwnTurnsAdapter()
  }
}

/** Keeps Kysely from handing the connection on itself: it would wait for the end of `releaseConnection`, which waits for the disk. */
class OwnTurnsAdapter extends SqliteAdapter {
  override get supportsMultipleConnections(): boolean {
    return true
  }
}

class DurableDriver extends SqliteDriver {
  readonly #log: WriteAheadLog
  readonly #turns: Turns
  /** What whoever has the connection did with it. What they wrote is committed, or undone, when they release it. */
  readonly #user: { read: boolean; wrote: boolean }
  readonly #onTurn: (waitedSeconds: number) => void

  constructor(database: DatabaseSync, path: string, onTurn: (waitedSeconds: number) => void) {
    const user = { read: false, wrote: false }
    super({
      database: nodeSqlite(database, (effect) => {
        if (effect === 'reads') user.read = true
        else if (effect === 'writes') user.wrote = true
      }),
    })
    const turns = new Turns()
    this.#user = user
    this.#turns = turns
    this.#onTurn = onTurn
    this.#log = openWriteAheadLog(`${path}-wal`, async () => {
      await turns.take()
      try {
        emptyLog(database)
      } finally {
        turns.pass()
      }
    })
  }

  override async acquireConnection(): Promise<DatabaseConnection> {
    const since = performance.now()
    await this.#turns.take()
    this.#onTurn((performance.now() - since) / 1000)
    return super.acquireConnection()
  }

  override async releaseConnection(): Promise<void> {
    const { read, wrote } = this.#user
    Object.assign(this.#user, { read: false, wrote: false })
    if (wrote) this.#log.committed()
    this.#turns.pass()
    if (read || wrote) await this.#log.onDisk()
  }

  override async destroy(): Promise<void> {
    await this.#log.close()
    await super.destroy()
  }
}

/** Moves all of the log into the database file, and empties it. @throws when another process reads from the log: at once, without waiting */
function emptyLog(database: DatabaseSync): void {
  const { timeout } = database.prepare('pragma busy_timeout').get() as { timeout: number }
  database.exec('pragma busy_timeout = 0')
  try {
    const { busy } = database.prepare('pragma wal_checkpoint(truncate)').get() as { busy: number }
    if (busy !== 0) throw new Error('the log of the database is in use by another process')
  } finally {
    database.exec(`pragma busy_timeout = ${timeout}`)
  }
}
