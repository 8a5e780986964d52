import type { Kysely } from 'kysely'
import type { Migration } from 'kysely/migration'

/** When each blob was last read again, and which are damaged. Migrations are never edited after their release. */
export const scrub: Migration = {
  // biome-ignore lint/suspicious/noExplicitAny: a migration runs against the schema of its own time, not that of today
  async up(db: Kysely<any>) {
    const { schema } = db
    await schema
      .alterTable('blobs')
      .addColumn('verified_at', 'text', (c) => c.notNull().defaultTo(''))
      .execute()
    await schema.alterTable('blobs').addColumn('damaged_at', 'text').execute()
    await schema.createIndex('blobs_verified').on('blobs').column('verified_at').execute()
    await schema.createIndex('blobs_damaged').on('blobs').column('damaged_at').execute()
  },
}
