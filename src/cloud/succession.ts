import type { Db } from '../database/open.ts'

/*
 * An instance that is made anew (its image is another, its host is off) has a successor of the same name. Two guests of one name and one
 * address must never run at once, so the successor is held back, and its host is not told of it, until the one before it is gone.
 */

/** Whether an instance of this name is still on its way out, on a host that has not been fenced. */
export async function isTaken(trx: Db, name: string): Promise<boolean> {
  const row = await trx
    .selectFrom('instances')
    .innerJoin('hosts', 'hosts.id', 'instances.host')
    .select('instances.id')
    .where('instances.name', '=', name)
    .where('instances.wanted', '=', 'absent')
    .where('hosts.fenced_at', 'is', null)
    .limit(1)
    .executeTakeFirst()
  return row !== undefined
}

/** Lets those go whose names nobody has any more, for good. Answers their hosts, which have to be told. */
export async function release(trx: Db, names: readonly string[]): Promise<string[]> {
  if (names.length === 0) return []
  const held = await trx
    .selectFrom('instances')
    .select(['id', 'name', 'host'])
    .where('held', '=', 1)
    .where('name', 'in', names)
    .execute()
  const hosts = new Set<string>()
  for (const { id, name, host } of held) {
    if (await isTaken(trx, name)) continue
    await trx.updateTable('instances').set({ held: 0 }).where('id', '=', id).execute()
    hosts.add(host)
  }
  return [...hosts]
}
