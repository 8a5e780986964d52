import type { Kysely } from 'kysely'
import type { Migration } from 'kysely/migration'

/** When manifests were last pulled, and which tags retention has removed. Migrations are never edited after their release. */
export const retention: Migration = {
  // biome-ignore lint/suspicious/noExplicitAny: a migration runs against the schema of its own time, not that of today
  async up(db: Kysely<any>) {
    const { schema } = db
    await schema
      .alterTable('manifests')
      .addColumn('pulled_at', 'text', (c) => c.notNull().defaultTo(''))
      .execute()
    await schema
      .createTable('removed_tags')
      .addColumn('repository', 'text', (c) => c.notNull())
      .addColumn('name', 'text', (c) => c.notNull())
      .addColumn('manifest', 'text', (c) => c.notNull())
      .addColumn('removed_at', 'text', (c) => c.notNull())
      .addPrimaryKeyConstraint('removed_tags_key', ['repository', 'name'])
      .execute()
  },
}
