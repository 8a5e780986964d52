import type { Kysely } from 'kysely'
import type { Migration } from 'kysely/migration'

/** The short history of hosts, and labels of instances. Migrations are never edited after their release. */
export const history: Migration = {
  // biome-ignore lint/suspicious/noExplicitAny: a migration runs against the schema of its own time, not that of today
  async up(db: Kysely<any>) {
    const { schema } = db
    await schema
      .createTable('host_history')
      .addColumn('host', 'text', (c) => c.notNull().references('hosts.id').onDelete('cascade'))
      .addColumn('minute', 'integer', (c) => c.notNull())
      .addColumn('at', 'text', (c) => c.notNull())
      .addColumn('sample', 'blob', (c) => c.notNull())
      .addPrimaryKeyConstraint('host_history_key', ['host', 'minute'])
      .execute()
    await schema.createIndex('host_history_minute').on('host_history').column('minute').execute()
    await schema
      .alterTable('instances')
      .addColumn('labels', 'text', (c) => c.notNull().defaultTo('{}'))
      .execute()
  },
}
