import type { Db } from '../database/open.ts'
import { readGroups, readPorts } from './network-rows.ts'

/**
 * Takes away the networks and security groups that a stack does not want any more and nothing needs: they go with the last of their ports, and a group
 * not before those whose rules name it.
 */
export async function removeLeftovers(trx: Db, stack: string): Promise<void> {
  const ports = await readPorts(trx, [stack])
  const networks = new Set(ports.map(({ network }) => network))
  await trx
    .deleteFrom('networks')
    .where('stack', '=', stack)
    .where('wanted', '=', 'absent')
    .$if(networks.size > 0, (query) => query.where('id', 'not in', [...networks]))
    .execute()
  const groups = await readGroups(trx, [stack])
  const inUse = new Set(ports.flatMap((port) => port.groups))
  const inForce = groups.filter(({ id, wanted }) => wanted === 'present' || inUse.has(id))
  const named = new Set(inForce.flatMap(({ spec }) => spec.rules.flatMap(({ group }) => group ?? [])))
  const gone = groups.filter((row) => !inForce.includes(row) && !named.has(row.name)).map(({ id }) => id)
  if (gone.length > 0) await trx.deleteFrom('security_groups').where('id', 'in', gone).execute()
}
