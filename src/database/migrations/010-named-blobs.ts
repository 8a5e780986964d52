import type { Kysely } from 'kysely'
import type { Migration } from 'kysely/migration'

/**
 * An index that finds out whether something is named without looking anywhere else. Without all the columns of the question in it SQLite, which has no statistics, went
 * through every manifest of the repository instead, for each blob. Migrations are never edited after their release.
 */
export const namedBlobs: Migration = {
  // biome-ignore lint/suspicious/noExplicitAny: a migration runs against the schema of its own time, not that of today
  async up({ schema }: Kysely<any>) {
    await schema.dropIndex('manifest_references_digest').execute()
    await schema
      .createIndex('manifest_references_digest')
      .on('manifest_references')
      .columns(['repository', 'digest', 'kind', 'manifest'])
      .execute()
  },
}
