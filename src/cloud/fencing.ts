import { AppError } from '../contract/errors.ts'
import type { Db } from '../database/open.ts'
import type { Fleet } from './fleet.ts'
import { readInstances, readVolumes } from './rows.ts'
import { removeIfEmpty } from './stacks.ts'
import { release } from './succession.ts'

/**
 * Takes what a host had from the cloud, before the host itself is removed. Unless it was fenced, nobody knows that its instances do not run.
 * Their stacks make them anew with the next apply.
 * @throws AppError conflict, naming what is there
 */
export async function leaveHost(
  trx: Db,
  { id, name, fenced }: { id: string; name: string; fenced: boolean },
): Promise<void> {
  const instances = await readInstances(trx, { host: id })
  const volumes = await readVolumes(trx, { host: id })
  const all = [...instances, ...volumes]
  if (all.length === 0) return
  const shown = all.slice(0, 10).map((one) => one.name)
  if (!fenced)
    throw new AppError(
      'conflict',
      `${name} has ${shown.join(', ')}${all.length > shown.length ? ` and ${all.length - shown.length} more` : ''}; remove them first, or, when the host is off for good, \`slipway host fenced ${name}\``,
    )
  await trx.deleteFrom('instances').where('host', '=', id).execute()
  await trx.deleteFrom('volumes').where('host', '=', id).execute()
  for (const stack of new Set(all.map((one) => one.stack))) await removeIfEmpty(trx, stack)
}

/** What waits for instances on a host that is fenced now need not wait any more. Answers the hosts where that is so. */
export async function releaseSuccessors(trx: Db, fleet: Fleet, hostId: string): Promise<string[]> {
  const leaving = (await readInstances(trx, { host: hostId })).filter(({ document }) => document.wanted === 'absent')
  const hosts = await release(
    trx,
    leaving.map(({ name }) => name),
  )
  await fleet.nextGeneration(trx, hosts)
  return hosts
}
