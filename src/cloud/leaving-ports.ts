import type { Db } from '../database/open.ts'
import type { ComputeReport } from './host-room.ts'
import { holdsMemory } from './host-room.ts'
import type { InstanceRow } from './rows.ts'

/*
 * A guest has a port that was taken from it until it starts again. Until then the port keeps its addresses, which nobody else may be given, and its rules,
 * without which the guest could send from any address.
 */

/** Whether a host has an instance with a port on its way out. */
export async function hasLeavingPorts(db: Db, host: string): Promise<boolean> {
  const row = await select(db, host).limit(1).executeTakeFirst()
  return row !== undefined
}

function select(db: Db, host: string) {
  return db
    .selectFrom('ports')
    .innerJoin('instances', 'instances.id', 'ports.instance')
    .select(['ports.id', 'ports.instance'])
    .where('instances.host', '=', host)
    .where('ports.leaving', '=', 1)
}

/** The ports on their way out that no guest of a host has any more, as its compute says. */
export async function portsLeft(
  db: Db,
  host: string,
  rows: readonly InstanceRow[],
  compute: ComputeReport,
): Promise<{ id: string; stack: string }[]> {
  return (await select(db, host).execute()).flatMap(({ id, instance }) => {
    const row = rows.find((one) => one.id === instance)
    const status = compute.instances.get(instance)
    // What it says is of before the port was taken, or nothing.
    if (!row || !status || compute.generation < row.generation) return []
    const waits = status.atNextStart.includes('ports') || status.interfaces.some(({ port }) => port === id)
    return holdsMemory.includes(status.state) && waits ? [] : [{ id, stack: row.stack }]
  })
}
