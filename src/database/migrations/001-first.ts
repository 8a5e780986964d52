import type { Kysely } from 'kysely'
import type { Migration } from 'kysely/migration'

/** The tables of 0.1.0. Migrations are never edited after their release. */
export const first: Migration = {
  // biome-ignore lint/suspicious/noExplicitAny: a migration runs against the schema of its own time, not that of today
  async up(db: Kysely<any>) {
    const { schema } = db
    await schema
      .createTable('repositories')
      .addColumn('name', 'text', (c) => c.primaryKey())
      .addColumn('created_at', 'text', (c) => c.notNull())
      .execute()
    await schema
      .createTable('blobs')
      .addColumn('digest', 'text', (c) => c.primaryKey())
      .addColumn('size', 'bigint', (c) => c.notNull())
      .addColumn('created_at', 'text', (c) => c.notNull())
      .execute()
    await schema
      .createTable('repository_blobs')
      .addColumn('repository', 'text', (c) => c.notNull().references('repositories.name'))
      .addColumn('digest', 'text', (c) => c.notNull().references('blobs.digest'))
      .addColumn('created_at', 'text', (c) => c.notNull())
      .addPrimaryKeyConstraint('repository_blobs_key', ['repository', 'digest'])
      .execute()
    await schema.createIndex('repository_blobs_digest').on('repository_blobs').column('digest').execute()
    await schema
      .createTable('manifests')
      .addColumn('repository', 'text', (c) => c.notNull().references('repositories.name'))
      .addColumn('digest', 'text', (c) => c.notNull())
      .addColumn('media_type', 'text', (c) => c.notNull())
      .addColumn('artifact_type', 'text')
      .addColumn('subject', 'text')
      .addColumn('content', 'blob', (c) => c.notNull())
      .addColumn('created_at', 'text', (c) => c.notNull())
      .addPrimaryKeyConstraint('manifests_key', ['repository', 'digest'])
      .execute()
    await schema.createIndex('manifests_subject').on('manifests').columns(['repository', 'subject']).execute()
    await schema
      .createTable('manifest_references')
      .addColumn('repository', 'text', (c) => c.notNull())
      .addColumn('manifest', 'text', (c) => c.notNull())
      .addColumn('kind', 'text', (c) => c.notNull())
      .addColumn('digest', 'text', (c) => c.notNull())
      .addColumn('size', 'bigint', (c) => c.notNull())
      .addPrimaryKeyConstraint('manifest_references_key', ['repository', 'manifest', 'kind', 'digest'])
      .addForeignKeyConstraint(
        'manifest_references_manifest',
        ['repository', 'manifest'],
        'manifests',
        ['repository', 'digest'],
        (c) => c.onDelete('cascade'),
      )
      .execute()
    await schema
      .createIndex('manifest_references_digest')
      .on('manifest_references')
      .columns(['repository', 'digest'])
      .execute()
    await schema
      .createTable('tags')
      .addColumn('repository', 'text', (c) => c.notNull())
      .addColumn('name', 'text', (c) => c.notNull())
      .addColumn('manifest', 'text', (c) => c.notNull())
      .addColumn('updated_at', 'text', (c) => c.notNull())
      .addPrimaryKeyConstraint('tags_key', ['repository', 'name'])
      .addForeignKeyConstraint(
        'tags_manifest',
        ['repository', 'manifest'],
        'manifests',
        ['repository', 'digest'],
        (c) => c.onDelete('cascade'),
      )
      .execute()
    await schema
      .createTable('uploads')
      .addColumn('id', 'text', (c) => c.primaryKey())
      .addColumn('repository', 'text', (c) => c.notNull())
      .addColumn('created_at', 'text', (c) => c.notNull())
      .addColumn('updated_at', 'text', (c) => c.notNull())
      .execute()

    await schema
      .createTable('channels')
      .addColumn('name', 'text', (c) => c.primaryKey())
      .addColumn('created_at', 'text', (c) => c.notNull())
      .execute()
    await schema
      .createTable('channel_pointers')
      .addColumn('channel', 'text', (c) => c.notNull().references('channels.name'))
      .addColumn('component', 'text', (c) => c.notNull())
      .addColumn('version', 'text', (c) => c.notNull())
      .addColumn('promoted_at', 'text', (c) => c.notNull())
      .addColumn('promoted_by', 'text', (c) => c.notNull())
      .addPrimaryKeyConstraint('channel_pointers_key', ['channel', 'component'])
      .execute()
    await schema
      .createTable('join_tokens')
      .addColumn('id', 'text', (c) => c.primaryKey())
      .addColumn('secret_hash', 'text', (c) => c.notNull())
      .addColumn('channel', 'text', (c) => c.notNull())
      .addColumn('labels', 'text', (c) => c.notNull())
      .addColumn('agent', 'text', (c) => c.notNull())
      .addColumn('uses_left', 'integer', (c) => c.notNull())
      .addColumn('created_at', 'text', (c) => c.notNull())
      .addColumn('expires_at', 'text', (c) => c.notNull())
      .execute()
    await schema
      .createTable('hosts')
      .addColumn('id', 'text', (c) => c.primaryKey())
      .addColumn('name', 'text', (c) => c.notNull().unique())
      .addColumn('key_hash', 'text', (c) => c.notNull().unique())
      .addColumn('channel', 'text', (c) => c.notNull().references('channels.name'))
      .addColumn('labels', 'text', (c) => c.notNull())
      .addColumn('platform', 'text', (c) => c.notNull())
      .addColumn('enrolled_at', 'text', (c) => c.notNull())
      .addColumn('generation', 'integer', (c) => c.notNull())
      .addColumn('release_set', 'text')
      .addColumn('set_problem', 'text')
      .addColumn('last_seen_at', 'text')
      .addColumn('report', 'text')
      .execute()
    await schema.createIndex('hosts_channel').on('hosts').column('channel').execute()
    await schema
      .createTable('host_updates')
      .addColumn('host', 'text', (c) => c.notNull().references('hosts.id').onDelete('cascade'))
      .addColumn('at', 'text', (c) => c.notNull())
      .addColumn('result', 'text', (c) => c.notNull())
      .addColumn('reason', 'text')
      .addColumn('component', 'text')
      .addColumn('outcome', 'text', (c) => c.notNull())
      .addPrimaryKeyConstraint('host_updates_key', ['host', 'at'])
      .execute()

    await schema
      .createTable('tokens')
      .addColumn('id', 'text', (c) => c.primaryKey())
      .addColumn('name', 'text', (c) => c.notNull().unique())
      .addColumn('role', 'text', (c) => c.notNull())
      .addColumn('scopes', 'text', (c) => c.notNull())
      .addColumn('secret_hash', 'text', (c) => c.notNull())
      .addColumn('created_at', 'text', (c) => c.notNull())
      .addColumn('expires_at', 'text')
      .addColumn('last_used_at', 'text')
      .execute()
    await schema
      .createTable('signing_keys')
      .addColumn('purpose', 'text', (c) => c.primaryKey())
      .addColumn('secret', 'text', (c) => c.notNull())
      .addColumn('created_at', 'text', (c) => c.notNull())
      .execute()
    await schema
      .createTable('audit')
      .addColumn('id', 'integer', (c) => c.primaryKey().autoIncrement())
      .addColumn('at', 'text', (c) => c.notNull())
      .addColumn('actor', 'text', (c) => c.notNull())
      .addColumn('action', 'text', (c) => c.notNull())
      .addColumn('subject', 'text', (c) => c.notNull())
      .addColumn('detail', 'text', (c) => c.notNull())
      .addColumn('address', 'text', (c) => c.notNull())
      .execute()
  },
}
