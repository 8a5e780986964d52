import type { Selectable } from 'kysely'
import type { Channel, ChannelPointer, Promote, Promoted } from '../contract/channel.ts'
import { AppError } from '../contract/errors.ts'
import type { Db } from '../database/open.ts'
import type { ChannelPointersTable } from '../database/tables.ts'
import { held } from '../database/transact.ts'
import { refreshHosts } from './desired.ts'
import type { Releases } from './releases.ts'

export async function listChannels(db: Db): Promise<Channel[]> {
  const names = await db.selectFrom('channels').select('name').orderBy('name').execute()
  return Promise.all(names.map(({ name }) => readChannel(db, name)))
}

/** @throws AppError not-found */
export async function findChannel(db: Db, name: string): Promise<Channel> {
  const row = await db.selectFrom('channels').select('name').where('name', '=', name).executeTakeFirst()
  if (row) return readChannel(db, name)
  const known = await db.selectFrom('channels').select('name').orderBy('name').execute()
  const list =
    known.length === 0
      ? 'there is none yet; promoting to one makes it'
      : `there are ${known.map((c) => c.name).join(', ')}`
  throw new AppError('not-found', `no channel ${name}: ${list}`)
}

async function readChannel(db: Db, name: string): Promise<Channel> {
  const pointers = await db
    .selectFrom('channel_pointers')
    .selectAll()
    .where('channel', '=', name)
    .orderBy('component')
    .execute()
  const { hosts } = await db
    .selectFrom('hosts')
    .select((e) => e.fn.countAll<number>().as('hosts'))
    .where('channel', '=', name)
    .executeTakeFirstOrThrow()
  return {
    name,
    hosts,
    pointers: pointers.map(pointer),
  }
}

function pointer({ component, version, promoted_at, promoted_by }: Selectable<ChannelPointersTable>): ChannelPointer {
  return { component, version, promotedAt: promoted_at, promotedBy: promoted_by }
}

/** Where every channel points to, and since when. */
export async function listPointers(db: Db): Promise<(ChannelPointer & { channel: string })[]> {
  const rows = await db.selectFrom('channel_pointers').selectAll().orderBy('channel').orderBy('component').execute()
  return rows.map((row) => ({ channel: row.channel, ...pointer(row) }))
}

/** The version of a component that a channel points to. */
export async function pointerOf(db: Db, channel: string, component: string): Promise<string | undefined> {
  const row = await db
    .selectFrom('channel_pointers')
    .select('version')
    .where('channel', '=', channel)
    .where('component', '=', component)
    .executeTakeFirst()
  return row?.version
}

/** Makes the channel when it is not there. */
export async function ensureChannel(db: Db, name: string, now: Date): Promise<void> {
  await db
    .insertInto('channels')
    .values({ name, created_at: now.toISOString() })
    .onConflict((conflict) => conflict.doNothing())
    .execute()
}

export interface Promotion {
  channel: string
  releases: Promote['releases']
  actor: string
  now: Date
}

/**
 * Moves a channel's pointers, all of them or none, and gives its hosts their new generation in the same transaction.
 * A pointer that already says so is left alone, so promoting twice is promoting once.
 * @throws AppError release-unknown
 */
export async function promote(
  trx: Db,
  releases: Releases,
  { channel, releases: wanted, actor, now }: Promotion,
): Promise<Promoted & { changedHosts: string[] }> {
  await held(trx, trx.selectFrom('hosts').select('id').where('channel', '=', channel).orderBy('id'))
  await ensureChannel(trx, channel, now)
  for (const { component, version } of wanted) {
    await releases.check(trx, component, version)
    await trx
      .insertInto('channel_pointers')
      .values({ channel, component, version, promoted_at: now.toISOString(), promoted_by: actor })
      .onConflict((conflict) =>
        conflict
          .columns(['channel', 'component'])
          .doUpdateSet({ version, promoted_at: now.toISOString(), promoted_by: actor })
          .where('channel_pointers.version', '!=', version),
      )
      .execute()
  }
  const changedHosts = await refreshHosts(trx, releases, { channel })
  return { channel: await readChannel(trx, channel), hostsChanged: changedHosts.length, changedHosts }
}
