import { sql } from 'kysely'
import type { Db } from './open.ts'

/** What a PostgreSQL database takes of its server's disk, without the log, which it shares with others. */
export async function postgresBytes(db: Db): Promise<number> {
  const { rows } = await sql<{ bytes: number }>`select pg_database_size(current_database()) as bytes`.execute(db)
  return rows[0]?.bytes ?? 0
}
