import type { Kysely } from 'kysely'
import type { Migration } from 'kysely/migration'

/** What several servers of one database have to know of each other. Migrations are never edited after their release. */
export const replicas: Migration = {
  // biome-ignore lint/suspicious/noExplicitAny: a migration runs against the schema of its own time, not that of today
  async up(db: Kysely<any>) {
    const { schema } = db
    await schema
      .createTable('jobs')
      .addColumn('task', 'text', (c) => c.primaryKey())
      .addColumn('cron', 'text', (c) => c.notNull())
      .addColumn('due_at', 'text', (c) => c.notNull())
      .addColumn('succeeded_at', 'text')
      .execute()
    await schema
      .createTable('storage')
      .addColumn('kind', 'text', (c) => c.primaryKey())
      .addColumn('id', 'text', (c) => c.notNull())
      .execute()
    await schema
      .createTable('streams')
      .addColumn('id', 'text', (c) => c.primaryKey())
      .addColumn('url', 'text', (c) => c.notNull())
      .addColumn('fingerprint', 'text')
      .addColumn('opened_at', 'text', (c) => c.notNull())
      .execute()
  },
}
