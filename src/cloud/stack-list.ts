import type { HostDetail } from '../contract/host.ts'
import type { PinnedImage, StackDetail, StackRevision, StackRevisionText, StackSummary } from '../contract/plan.ts'
import type { Db } from '../database/open.ts'
import { holderOf } from './desired-networks.ts'
import { listInstances } from './instances.ts'
import { readNetworkRows } from './network-rows.ts'
import { bridgeOf, rangesOf, rangeText } from './network-spec.ts'
import { forwardText } from './outside.ts'
import { readVolumes } from './rows.ts'
import { findRevision, findStack } from './stacks.ts'

/** Every stack, by name. */
export async function listStacks(db: Db, hosts: readonly HostDetail[]): Promise<StackSummary[]> {
  const stacks = await db
    .selectFrom('stacks')
    .innerJoin('stack_revisions', (join) =>
      join.onRef('stack_revisions.stack', '=', 'stacks.name').onRef('stack_revisions.revision', '=', 'stacks.revision'),
    )
    .select(['name', 'removing', 'stacks.revision', 'applied_at', 'applied_by'])
    .orderBy('name')
    .execute()
  const instances = Map.groupBy(await listInstances(db, hosts), ({ stack }) => stack)
  const volumes = Map.groupBy(await readVolumes(db), ({ stack }) => stack)
  return stacks.map((row) => ({
    name: row.name,
    revision: row.revision,
    appliedAt: row.applied_at,
    appliedBy: row.applied_by,
    instances: instances.get(row.name)?.length ?? 0,
    running: instances.get(row.name)?.filter(({ state }) => state === 'running').length ?? 0,
    volumes: volumes.get(row.name)?.length ?? 0,
    removing: row.removing === 1,
  }))
}

/** @throws AppError not-found */
export async function showStack(db: Db, hosts: readonly HostDetail[], name: string): Promise<StackDetail> {
  await findStack(db, name)
  const summary = (await listStacks(db, hosts)).find((one) => one.name === name) as StackSummary
  const rows = await readNetworkRows(db, [name])
  const revisions = await db
    .selectFrom('stack_revisions')
    .selectAll()
    .where('stack', '=', name)
    .orderBy('revision', 'desc')
    .execute()
  return {
    ...summary,
    networks: rows.networks.map((network) => ({
      name: network.name,
      bridge: bridgeOf(network),
      ranges: rangesOf(network.spec).map(({ range }) => rangeText(range)),
      ports: rows.ports.filter((port) => port.network === network.id).length,
    })),
    securityGroups: rows.groups.map(({ id, name: group, spec }) => ({
      name: group,
      rules: spec.rules.length,
      ports: rows.ports.filter(({ groups }) => groups.includes(id)).length,
    })),
    floatingIps: rows.floatingIps.map((row) => ({
      name: row.name,
      address: row.address,
      instance: holderOf(row, rows)?.instance.name ?? null,
    })),
    portForwards: rows.forwards.map(({ spec }) => forwardText(name, spec)),
    revisions: revisions.map(revisionView),
  }
}

/** @throws AppError not-found */
export async function showRevision(db: Db, stack: string, revision: number): Promise<StackRevisionText> {
  const row = await findRevision(db, stack, revision)
  return { ...revisionView(row), text: row.text }
}

function revisionView(row: Awaited<ReturnType<typeof findRevision>>): StackRevision {
  return {
    revision: row.revision,
    appliedAt: row.applied_at,
    appliedBy: row.applied_by,
    note: row.note,
    images: JSON.parse(row.images) as PinnedImage[],
  }
}
