import { type Kysely, sql } from 'kysely'
import type { Migration } from 'kysely/migration'

/** Stacks, what is allocated for them, and operations. Migrations are never edited after their release. */
export const cloud: Migration = {
  // biome-ignore lint/suspicious/noExplicitAny: a migration runs against the schema of its own time, not that of today
  async up(db: Kysely<any>) {
    const { schema } = db
    await schema.alterTable('hosts').addColumn('fenced_at', 'text').execute()

    await schema
      .createTable('cloud_turn')
      .addColumn('id', 'integer', (c) => c.primaryKey())
      .addColumn('turn', 'bigint', (c) => c.notNull())
      .execute()
    await db.insertInto('cloud_turn').values({ id: 1, turn: 0 }).execute()

    await schema
      .createTable('image_pointers')
      .addColumn('image', 'text', (c) => c.notNull())
      .addColumn('channel', 'text', (c) => c.notNull())
      .addColumn('version', 'text', (c) => c.notNull())
      .addColumn('promoted_at', 'text', (c) => c.notNull())
      .addColumn('promoted_by', 'text', (c) => c.notNull())
      .addPrimaryKeyConstraint('image_pointers_key', ['image', 'channel'])
      .execute()

    await schema
      .createTable('stacks')
      .addColumn('name', 'text', (c) => c.primaryKey())
      .addColumn('revision', 'integer', (c) => c.notNull())
      .addColumn('removing', 'integer', (c) => c.notNull())
      .execute()
    await schema
      .createTable('stack_revisions')
      .addColumn('stack', 'text', (c) => c.notNull().references('stacks.name').onDelete('cascade'))
      .addColumn('revision', 'integer', (c) => c.notNull())
      .addColumn('text', 'text', (c) => c.notNull())
      .addColumn('images', 'text', (c) => c.notNull())
      .addColumn('note', 'text', (c) => c.notNull())
      .addColumn('applied_at', 'text', (c) => c.notNull())
      .addColumn('applied_by', 'text', (c) => c.notNull())
      .addPrimaryKeyConstraint('stack_revisions_key', ['stack', 'revision'])
      .execute()

    await schema
      .createTable('networks')
      .addColumn('id', 'text', (c) => c.primaryKey())
      .addColumn('stack', 'text', (c) => c.notNull().references('stacks.name'))
      .addColumn('name', 'text', (c) => c.notNull())
      .addColumn('spec', 'text', (c) => c.notNull())
      .addColumn('wanted', 'text', (c) => c.notNull())
      .addUniqueConstraint('networks_name', ['stack', 'name'])
      .execute()
    await schema
      .createTable('instances')
      .addColumn('id', 'text', (c) => c.primaryKey())
      .addColumn('stack', 'text', (c) => c.notNull().references('stacks.name'))
      .addColumn('name', 'text', (c) => c.notNull())
      .addColumn('member', 'text', (c) => c.notNull())
      .addColumn('host', 'text', (c) => c.notNull().references('hosts.id'))
      .addColumn('wanted', 'text', (c) => c.notNull())
      .addColumn('held', 'integer', (c) => c.notNull())
      .addColumn('revision', 'integer', (c) => c.notNull())
      .addColumn('generation', 'integer', (c) => c.notNull())
      .addColumn('placement', 'text', (c) => c.notNull())
      .addColumn('document', 'text', (c) => c.notNull())
      .execute()
    // One that is on its way out may share its name with its successor, which waits for it.
    await schema
      .createIndex('instances_name')
      .on('instances')
      .columns(['name'])
      .unique()
      .where(sql.ref('wanted'), '!=', 'absent')
      .execute()
    await schema.createIndex('instances_host').on('instances').column('host').execute()
    await schema.createIndex('instances_stack').on('instances').column('stack').execute()
    await schema
      .createTable('ports')
      .addColumn('id', 'text', (c) => c.primaryKey())
      .addColumn('instance', 'text', (c) => c.notNull().references('instances.id').onDelete('cascade'))
      .addColumn('network', 'text', (c) => c.notNull().references('networks.id'))
      .addColumn('mac', 'text', (c) => c.notNull().unique())
      .execute()
    await schema.createIndex('ports_instance').on('ports').column('instance').execute()
    await schema
      .createTable('addresses')
      .addColumn('network', 'text', (c) => c.notNull().references('networks.id').onDelete('cascade'))
      .addColumn('address', 'text', (c) => c.notNull())
      .addColumn('port', 'text', (c) => c.notNull().references('ports.id').onDelete('cascade'))
      .addPrimaryKeyConstraint('addresses_key', ['network', 'address'])
      .execute()
    await schema.createIndex('addresses_port').on('addresses').column('port').execute()

    await schema
      .createTable('volumes')
      .addColumn('id', 'text', (c) => c.primaryKey())
      .addColumn('stack', 'text', (c) => c.notNull().references('stacks.name'))
      .addColumn('name', 'text', (c) => c.notNull())
      .addColumn('host', 'text', (c) => c.references('hosts.id'))
      .addColumn('size_bytes', 'bigint', (c) => c.notNull())
      .addColumn('wanted', 'text', (c) => c.notNull())
      .addColumn('generation', 'integer', (c) => c.notNull())
      .execute()
    await schema
      .createIndex('volumes_name')
      .on('volumes')
      .columns(['name'])
      .unique()
      .where(sql.ref('wanted'), '!=', 'absent')
      .execute()

    await schema
      .createTable('operations')
      .addColumn('id', 'text', (c) => c.primaryKey())
      .addColumn('instance', 'text', (c) => c.notNull().references('instances.id').onDelete('cascade'))
      .addColumn('turn', 'bigint', (c) => c.notNull())
      .addColumn('host', 'text', (c) => c.notNull())
      .addColumn('kind', 'text', (c) => c.notNull())
      .addColumn('arguments', 'text', (c) => c.notNull())
      .addColumn('state', 'text', (c) => c.notNull())
      .addColumn('result', 'text')
      .addColumn('problem', 'text')
      .addColumn('requested_by', 'text', (c) => c.notNull())
      .addColumn('requested_at', 'text', (c) => c.notNull())
      .addColumn('not_after', 'text', (c) => c.notNull())
      .addColumn('ended_at', 'text')
      .execute()
    await schema.createIndex('operations_instance').on('operations').columns(['instance', 'turn']).execute()
    await schema.createIndex('operations_host').on('operations').columns(['host', 'state']).execute()
  },
}
