import { type Kysely, sql } from 'kysely'
import type { Migration } from 'kysely/migration'

/** Security groups, hosts' own addresses, floating IPs and port forwards. Migrations are never edited after their release. */
export const network: Migration = {
  // biome-ignore lint/suspicious/noExplicitAny: a migration runs against the schema of its own time, not that of today
  async up(db: Kysely<any>) {
    const { schema } = db
    // An address may be a host's from now on, so no column can say whose alone.
    await schema
      .createTable('network_addresses')
      .addColumn('network', 'text', (c) => c.notNull().references('networks.id').onDelete('cascade'))
      .addColumn('address', 'text', (c) => c.notNull())
      .addColumn('port', 'text', (c) => c.references('ports.id').onDelete('cascade'))
      .addColumn('host', 'text', (c) => c.references('hosts.id').onDelete('cascade'))
      .addPrimaryKeyConstraint('network_addresses_key', ['network', 'address'])
      .addCheckConstraint('network_addresses_owner', sql`(port is null) <> (host is null)`)
      .execute()
    await db
      .insertInto('network_addresses')
      .columns(['network', 'address', 'port'])
      .expression(db.selectFrom('addresses').select(['network', 'address', 'port']))
      .execute()
    await schema.dropTable('addresses').execute()
    await schema.createIndex('network_addresses_port').on('network_addresses').column('port').execute()
    await schema.createIndex('network_addresses_host').on('network_addresses').column('host').execute()

    await schema
      .createTable('security_groups')
      .addColumn('id', 'text', (c) => c.primaryKey())
      .addColumn('stack', 'text', (c) => c.notNull().references('stacks.name'))
      .addColumn('name', 'text', (c) => c.notNull())
      .addColumn('spec', 'text', (c) => c.notNull())
      .addColumn('wanted', 'text', (c) => c.notNull())
      .addUniqueConstraint('security_groups_name', ['stack', 'name'])
      .execute()
    await schema
      .alterTable('ports')
      .addColumn('allowed', 'text', (c) => c.notNull().defaultTo('[]'))
      .execute()
    await schema
      .alterTable('ports')
      .addColumn('leaving', 'integer', (c) => c.notNull().defaultTo(0))
      .execute()
    await schema
      .createTable('port_groups')
      .addColumn('port', 'text', (c) => c.notNull().references('ports.id').onDelete('cascade'))
      .addColumn('security_group', 'text', (c) => c.notNull().references('security_groups.id'))
      .addPrimaryKeyConstraint('port_groups_key', ['port', 'security_group'])
      .execute()
    await schema.createIndex('port_groups_group').on('port_groups').column('security_group').execute()

    await schema
      .createTable('floating_ranges')
      .addColumn('name', 'text', (c) => c.primaryKey())
      .addColumn('range', 'text', (c) => c.notNull())
      .addColumn('routed', 'integer', (c) => c.notNull())
      .addColumn('labels', 'text', (c) => c.notNull())
      .execute()
    await schema
      .createTable('floating_ips')
      .addColumn('id', 'text', (c) => c.primaryKey())
      .addColumn('stack', 'text', (c) => c.notNull().references('stacks.name'))
      .addColumn('name', 'text', (c) => c.notNull())
      .addColumn('range', 'text', (c) => c.notNull().references('floating_ranges.name'))
      .addColumn('address', 'text', (c) => c.notNull().unique())
      .addColumn('spec', 'text', (c) => c.notNull())
      .addUniqueConstraint('floating_ips_name', ['stack', 'name'])
      .execute()
    await schema
      .createTable('port_forwards')
      .addColumn('id', 'text', (c) => c.primaryKey())
      .addColumn('stack', 'text', (c) => c.notNull().references('stacks.name'))
      .addColumn('name', 'text', (c) => c.notNull())
      .addColumn('spec', 'text', (c) => c.notNull())
      .addUniqueConstraint('port_forwards_name', ['stack', 'name'])
      .execute()
  },
}
