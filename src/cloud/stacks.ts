import { AppError } from '../contract/errors.ts'
import type { AppliedStack, PinnedImage, Plan } from '../contract/plan.ts'
import type { Stack } from '../contract/stack.ts'
import type { Db } from '../database/open.ts'
import { applySteps } from './apply.ts'
import type { Draft } from './draft.ts'
import type { Fleet } from './fleet.ts'
import { freeHostAddresses } from './host-addresses.ts'
import { roomOf } from './host-room.ts'
import { type ImageOf, type Images, resolveImages } from './images.ts'
import { removeLeftovers } from './leftovers.ts'
import { readNetworkRows } from './network-rows.ts'
import { networksThere } from './place-networks.ts'
import { draftOf, planOf } from './plan.ts'
import { planLines } from './plan-text.ts'
import { readInstances, readVolumes } from './rows.ts'
import { openSnapshots } from './snapshots.ts'
import { readStack } from './stack-text.ts'
import { inTurn } from './turn.ts'

/** What stacks are worked out with. */
export interface Cloud {
  db: Db
  fleet: Fleet
  images: Images
  /** How much memory may be promised of each that there is: 1 is what there is. */
  memoryOvercommit: number
}

/** What an apply writes down beside what it does. */
export interface Deed {
  actor: string
  now: Date
  /** Runs in the transaction of the deed: the audit. */
  record(trx: Db, plan: Plan): Promise<void>
}

export interface Applied extends AppliedStack {
  /** The ids of the hosts that have to be woken. */
  changedHosts: string[]
}

/** What an apply of this text would do. @throws AppError input-invalid | release-unknown | not-found (a snapshot) */
export async function planStack(cloud: Cloud, text: string): Promise<Plan> {
  const declared = await declare(cloud, text)
  return (await draft(cloud, cloud.db, declared)).plan
}

/** What applying an earlier revision again would do; of the newest: what is not as it says. @throws AppError not-found */
export async function planRevision(cloud: Cloud, stack: string, revision: number | undefined): Promise<Plan> {
  const { text, images } = await findRevision(cloud.db, stack, revision)
  const declared = await declare(cloud, text, JSON.parse(images))
  return (await draft(cloud, cloud.db, declared)).plan
}

/**
 * Makes a stack what its text says, all of it or nothing. The same text again, when nothing is left to do, makes no new revision.
 * @throws AppError input-invalid | release-unknown | conflict (something is refused, or `plan` is not what would be done any more)
 */
export async function applyStack(cloud: Cloud, text: string, plan: string | undefined, deed: Deed): Promise<Applied> {
  return carryOut(cloud, await declare(cloud, text), { plan, note: '' }, deed)
}

/** Applies an earlier revision again, as a new one, with the images of then. @throws AppError not-found, and what applyStack throws */
export async function revertStack(
  cloud: Cloud,
  stack: string,
  { revision, plan }: { revision: number; plan?: string | undefined },
  deed: Deed,
): Promise<Applied> {
  const { text, images } = await findRevision(cloud.db, stack, revision)
  return carryOut(cloud, await declare(cloud, text, JSON.parse(images)), { plan, note: `revert to ${revision}` }, deed)
}

/**
 * Removes all that a stack has; its row goes with the last of it. Its volumes only when that is asked for.
 * @throws AppError not-found | conflict: it has volumes
 */
export async function deleteStack(
  cloud: Cloud,
  name: string,
  { volumes }: { volumes: boolean },
  deed: Deed,
): Promise<{ plan: Plan; changedHosts: string[] }> {
  return inTurn(cloud.db, async (trx) => {
    await findStack(trx, name)
    const declared: Declared = { stack: { name }, text: '', imageOf: () => undefined, pinned: [] }
    const { plan, steps } = await draft(cloud, trx, declared)
    const kept = steps.flatMap((step) => (step.do === 'remove-volume' ? step.row.name : []))
    if (kept.length > 0 && !volumes)
      throw new AppError(
        'conflict',
        `the stack ${name} has the volumes ${kept.join(', ')}, and what is on them would be lost; \`slipway stack delete ${name} --volumes\` removes them too`,
      )
    const changedHosts = await applySteps(trx, cloud.fleet, { name }, steps)
    await trx.updateTable('stacks').set({ removing: 1 }).where('name', '=', name).execute()
    await deed.record(trx, plan)
    await removeIfEmpty(trx, name)
    return { plan, changedHosts }
  })
}

/** A stack as it was declared, with its images found. */
interface Declared {
  stack: Stack
  text: string
  imageOf: ImageOf
  pinned: PinnedImage[]
}

/** Reads the text and asks the registry, outside of any transaction: both may take a while. */
async function declare({ db, images }: Cloud, text: string, pins?: PinnedImage[]): Promise<Declared> {
  const stack = readStack(text)
  return { stack, text, ...(await resolveImages(db, images, stack, pins)) }
}

async function draft(
  { fleet, memoryOvercommit }: Cloud,
  db: Db,
  { stack, imageOf, pinned }: Declared,
): Promise<Draft & { plan: Plan }> {
  const row = await db.selectFrom('stacks').select('revision').where('name', '=', stack.name).executeTakeFirst()
  const hosts = await fleet.hosts(db)
  const rows = await readNetworkRows(db)
  const [instances, volumes] = [await readInstances(db), await readVolumes(db)]
  const made = draftOf({
    stack,
    imageOf,
    ...openSnapshots(stack, instances, hosts),
    hosts: hosts.map((host) => ({
      ...roomOf(host, instances, volumes, memoryOvercommit),
      ...networksThere(host, rows, stack),
    })),
    instances: instances.filter((one) => one.stack === stack.name),
    volumes: volumes.filter((one) => one.stack === stack.name),
    networks: rows.networks.filter((one) => one.stack === stack.name),
    rows,
  })
  return { ...made, plan: planOf(made, stack.name, (row?.revision ?? 0) + 1, pinned) }
}

async function carryOut(
  cloud: Cloud,
  declared: Declared,
  { plan: expected, note }: { plan: string | undefined; note: string },
  deed: Deed,
): Promise<Applied> {
  const { name } = declared.stack
  return inTurn(cloud.db, async (trx) => {
    await cloud.images.check(trx, declared.pinned)
    const { plan, steps } = await draft(cloud, trx, declared)
    const refused = plan.actions.filter(({ kind }) => kind === 'refused')
    if (refused.length > 0)
      throw new AppError(
        'conflict',
        `the stack ${name} cannot be applied: ${refused.map((action) => `${action.name}: ${action.reason}`).join('; ')}`,
      )
    if (expected !== undefined && expected !== plan.digest)
      throw new AppError(
        'conflict',
        `something has changed since the plan was made; it would now be\n${planLines(plan).join('\n')}`,
      )
    const newest = await trx
      .selectFrom('stack_revisions')
      .select(['revision', 'text', 'images'])
      .where('stack', '=', name)
      .orderBy('revision', 'desc')
      .limit(1)
      .executeTakeFirst()
    const images = JSON.stringify(declared.pinned)
    if (steps.length === 0 && newest?.text === declared.text && newest.images === images)
      return { stack: name, revision: newest.revision, plan, changedHosts: [] }
    const revision = (newest?.revision ?? 0) + 1
    await trx
      .insertInto('stacks')
      .values({ name, revision, removing: 0 })
      .onConflict((conflict) => conflict.column('name').doUpdateSet({ revision, removing: 0 }))
      .execute()
    const who = { applied_at: deed.now.toISOString(), applied_by: deed.actor }
    await trx
      .insertInto('stack_revisions')
      .values({ stack: name, revision, text: declared.text, images, note, ...who })
      .execute()
    const changedHosts = await applySteps(trx, cloud.fleet, declared.stack, steps)
    await removeLeftovers(trx, name)
    await deed.record(trx, plan)
    return { stack: name, revision, plan, changedHosts }
  })
}

/** @throws AppError not-found */
export async function findStack(db: Db, name: string): Promise<{ name: string; revision: number; removing: number }> {
  const row = await db.selectFrom('stacks').selectAll().where('name', '=', name).executeTakeFirst()
  if (row) return row
  const known = (await db.selectFrom('stacks').select('name').orderBy('name').execute()).map((one) => one.name)
  throw new AppError(
    'not-found',
    `no stack ${name}; ${known.length === 0 ? 'there is none' : `there are ${known.join(', ')}`}`,
  )
}

/** A revision, the newest when none is named. @throws AppError not-found */
export async function findRevision(db: Db, stack: string, revision: number | undefined) {
  const { revision: newest } = await findStack(db, stack)
  const row = await db
    .selectFrom('stack_revisions')
    .selectAll()
    .where('stack', '=', stack)
    .where('revision', '=', revision ?? newest)
    .executeTakeFirst()
  if (row) return row
  throw new AppError('not-found', `the stack ${stack} has no revision ${revision}; its newest is ${newest}`)
}

/** Forgets what a stack has no use for any more, and a stack on its way out with the last of it. */
export async function removeIfEmpty(trx: Db, stack: string): Promise<void> {
  await freeHostAddresses(trx, stack)
  await removeLeftovers(trx, stack)
  const has = async (table: 'instances' | 'volumes') =>
    (await trx.selectFrom(table).select('id').where('stack', '=', stack).limit(1).executeTakeFirst()) !== undefined
  const row = await trx.selectFrom('stacks').select('removing').where('name', '=', stack).executeTakeFirst()
  if (row?.removing !== 1 || (await has('instances')) || (await has('volumes'))) return
  for (const table of ['networks', 'security_groups', 'floating_ips', 'port_forwards'] as const)
    await trx.deleteFrom(table).where('stack', '=', stack).execute()
  await trx.deleteFrom('stacks').where('name', '=', stack).execute()
}
