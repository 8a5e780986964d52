import { AppError } from '../contract/errors.ts'
import type { Db } from '../database/open.ts'
import type { Fleet } from './fleet.ts'
import { readInstances, readVolumes } from './rows.ts'
import { hostsToldOtherwise, networkTexts } from './section-changes.ts'
import { removeIfEmpty } from './stacks.ts'
import { release } from './succession.ts'

/**
 * Takes what a host had from the cloud, before the host itself is removed. Unless it was fenced, nobody knows that its instances do not run.
 * Their stacks make them anew with the next apply. Answers the other hosts that have to be told of it: they know its instances as members of groups.
 * @throws AppError conflict, naming what is there
 */
export async function leaveHost(
  trx: Db,
  fleet: Fleet,
  { id, name, fenced }: { id: string; name: string; fenced: boolean },
): Promise<string[]> {
  const instances = await readInstances(trx, { host: id })
  const volumes = await readVolumes(trx, { host: id })
  const all = [...instances, ...volumes]
  if (all.length === 0) return []
  const shown = all.slice(0, 10).map((one) => one.name)
  if (!fenced)
    throw new AppError(
      'conflict',
      `${name} has ${shown.join(', ')}${all.length > shown.length ? ` and ${all.length - shown.length} more` : ''}; remove them first, or, when the host is off for good, \`slipway host fenced ${name}\``,
    )
  const stacks = [...new Set(all.map((one) => one.stack))]
  const before = await networkTexts(trx, stacks)
  await trx.deleteFrom('instances').where('host', '=', id).execute()
  await trx.deleteFrom('volumes').where('host', '=', id).execute()
  for (const stack of stacks) await removeIfEmpty(trx, stack)
  const others = (await hostsToldOtherwise(trx, stacks, before)).filter((host) => host !== id)
  await fleet.nextGeneration(trx, others)
  return others
}

/** What waits for instances on a host that is fenced now need not wait any more. Answers the hosts where that is so. */
export async function releaseSuccessors(trx: Db, fleet: Fleet, hostId: string): Promise<string[]> {
  const leaving = (await readInstances(trx, { host: hostId })).filter(({ document }) => document.wanted === 'absent')
  const stacks = [...new Set(leaving.map(({ stack }) => stack))]
  const before = await networkTexts(trx, stacks)
  const released = await release(
    trx,
    leaving.map(({ name }) => name),
  )
  const hosts = [...new Set([...released, ...(await hostsToldOtherwise(trx, stacks, before))])]
  await fleet.nextGeneration(trx, hosts)
  return hosts
}
