import type { Kysely } from 'kysely'
import type { Migration } from 'kysely/migration'

/** What is asked of a repository with very many blobs at every push and in every collection. Migrations are never edited after their release. */
export const largeRepositories: Migration = {
  // biome-ignore lint/suspicious/noExplicitAny: a migration runs against the schema of its own time, not that of today
  async up(db: Kysely<any>) {
    const { schema } = db
    // Whether something is named: with all columns of the question in its index. Without them SQLite, which has no statistics, went through every
    // manifest of the repository instead.
    await schema.dropIndex('manifest_references_digest').execute()
    await schema
      .createIndex('manifest_references_digest')
      .on('manifest_references')
      .columns(['repository', 'digest', 'kind', 'manifest'])
      .execute()
    // How many bytes it holds: without looking up the size of each blob.
    await schema
      .alterTable('repository_blobs')
      .addColumn('size', 'bigint', (c) => c.notNull().defaultTo(0))
      .execute()
    await db
      .updateTable('repository_blobs')
      .set((row) => ({
        size: row.selectFrom('blobs').whereRef('blobs.digest', '=', 'repository_blobs.digest').select('blobs.size'),
      }))
      .execute()
    await schema.createIndex('repository_blobs_size').on('repository_blobs').columns(['repository', 'size']).execute()
  },
}
