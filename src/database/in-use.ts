import { DatabaseSync } from 'node:sqlite'
import { sql } from 'kysely'
import { sizeIfThere } from '../platform/files.ts'
import type { Db } from './open.ts'

const SQLITE_BUSY = 5

/** Whether another process has the SQLite file open. */
export async function isSqliteInUse(path: string): Promise<boolean> {
  if ((await sizeIfThere(path)) === undefined) return false
  const db = new DatabaseSync(path)
  try {
    // Whoever has a database with a write-ahead log open keeps it from being locked as a whole.
    db.exec('pragma locking_mode = exclusive; begin exclusive; rollback')
    return false
  } catch (error) {
    if ((error as { errcode?: number }).errcode !== SQLITE_BUSY) throw error
    return true
  } finally {
    db.close()
  }
}

/** Whether a program that calls itself so is connected to the PostgreSQL database. */
export async function isPostgresInUse(db: Db, applicationName: string): Promise<boolean> {
  const { rows } = await sql`
    select pid from pg_stat_activity
    where datname = current_database() and application_name = ${applicationName} and pid <> pg_backend_pid()
    limit 1`.execute(db)
  return rows.length > 0
}
