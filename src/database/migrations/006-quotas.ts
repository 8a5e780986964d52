import type { Kysely } from 'kysely'
import type { Migration } from 'kysely/migration'

/** What uploads have reserved of their repository's quota. Migrations are never edited after their release. */
export const quotas: Migration = {
  // biome-ignore lint/suspicious/noExplicitAny: a migration runs against the schema of its own time, not that of today
  async up(db: Kysely<any>) {
    await db.schema
      .alterTable('uploads')
      .addColumn('reserved', 'bigint', (c) => c.notNull().defaultTo(0))
      .execute()
  },
}
