import type { Kysely } from 'kysely'
import type { Migration } from 'kysely/migration'

/** When manifests were last needed, and which tags retention has removed. Migrations are never edited after their release. */
export const retention: Migration = {
  // biome-ignore lint/suspicious/noExplicitAny: a migration runs against the schema of its own time, not that of today
  async up(db: Kysely<any>) {
    const { schema } = db
    await schema
      .alterTable('manifests')
      .addColumn('pulled_at', 'text', (c) => c.notNull().defaultTo(''))
      .execute()
    await schema
      .alterTable('manifests')
      .addColumn('used_at', 'text', (c) => c.notNull().defaultTo(''))
      .execute()
    // Nobody knows when those were pulled that are there; no rule may take them for forgotten.
    await db.updateTable('manifests').set({ pulled_at: new Date().toISOString() }).execute()
    // Without it, each manifest that goes is looked for in all tags of its repository.
    await schema.createIndex('tags_of_manifest').on('tags').columns(['repository', 'manifest']).execute()
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
