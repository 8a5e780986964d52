import { type Kysely, sql } from 'kysely'
import type { Migration } from 'kysely/migration'

/** What collection has to know while pushes go on. Migrations are never edited after their release. */
export const collection: Migration = {
  // biome-ignore lint/suspicious/noExplicitAny: a migration runs against the schema of its own time, not that of today
  async up(db: Kysely<any>) {
    const { schema } = db
    await schema
      .alterTable('repository_blobs')
      .addColumn('used_at', 'text', (c) => c.notNull().defaultTo(''))
      .execute()
    await db
      .updateTable('repository_blobs')
      .set({ used_at: sql.ref('created_at') })
      .execute()
    await schema.alterTable('uploads').addColumn('digest', 'text').execute()
    await schema.createIndex('uploads_digest').on('uploads').column('digest').execute()
    await schema
      .createTable('blob_removals')
      .addColumn('digest', 'text', (c) => c.primaryKey())
      .addColumn('since', 'text', (c) => c.notNull())
      .execute()
  },
}
