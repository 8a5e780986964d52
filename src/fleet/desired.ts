import type { DesiredDocument } from '../contract/desired.ts'
import { isAppError } from '../contract/errors.ts'
import type { HostPlatform } from '../contract/platform.ts'
import { type ReleaseRef, type ReleaseSet, releaseSetText } from '../contract/release-set.ts'
import type { Db } from '../database/open.ts'
import type { HostsTable } from '../database/tables.ts'
import { sha256 } from '../platform/digest.ts'
import type { Releases } from './releases.ts'

/** What the document says beside the releases; whoever wires the server knows who says it. */
export type Sections = Pick<DesiredDocument, 'instances' | 'volumes' | 'network' | 'operations'>

/** What a host should run, as its row says it, and the sections of others. */
export function desiredDocument(
  host: Pick<HostsTable, 'id' | 'generation' | 'release_set'>,
  sections: Sections = { instances: [], network: {}, operations: [] },
): DesiredDocument {
  return {
    host: host.id,
    generation: host.generation,
    releaseSet: host.release_set === null ? null : JSON.parse(host.release_set),
    ...sections,
  }
}

/** The generations of some hosts' documents, by host: they cost much less than the documents. */
export async function findGenerations(db: Db, hosts: readonly string[]): Promise<Map<string, number>> {
  const rows = await db.selectFrom('hosts').select(['id', 'generation']).where('id', 'in', hosts).execute()
  return new Map(rows.map(({ id, generation }) => [id, generation]))
}

/**
 * Gives hosts a new generation: for the transaction that changes a section of their documents. Answers the generation of each; afterwards
 * notify them.
 */
export async function nextGeneration(trx: Db, hostIds: readonly string[]): Promise<Map<string, number>> {
  if (hostIds.length === 0) return new Map()
  const rows = await trx
    .updateTable('hosts')
    .set((row) => ({ generation: row('generation', '+', 1) }))
    .where('id', 'in', hostIds)
    .returning(['id', 'generation'])
    .execute()
  return new Map(rows.map(({ id, generation }) => [id, generation]))
}

/** A release set of these components, with its digest. */
export function releaseSet(components: readonly ReleaseRef[]): ReleaseSet {
  const sorted = components.toSorted((a, b) => (a.name < b.name ? -1 : 1))
  return { digest: sha256(releaseSetText(sorted)), components: sorted }
}

/**
 * Works out anew what the hosts of a channel (or one of them) should run, and gives a new generation to each whose set is another
 * than before. A host for whose platform a release is missing keeps its set and gets a `set_problem`.
 * Call it inside of the transaction that made the change; afterwards notify the hosts that it answers.
 */
export async function refreshHosts(
  trx: Db,
  releases: Releases,
  of: { channel: string } | { host: string },
): Promise<string[]> {
  const hosts = await trx
    .selectFrom('hosts')
    .select(['id', 'channel', 'platform', 'release_set', 'set_problem'])
    .where((where) => ('channel' in of ? where('channel', '=', of.channel) : where('id', '=', of.host)))
    .execute()
  // Hosts of one channel and platform run the same set.
  const plans = new Map<string, Promise<Plan>>()
  const steps = new Map<string, { plan: Plan; ids: string[]; grows: boolean }>()
  for (const { id, channel, platform, release_set, set_problem } of hosts) {
    const key = `${channel} ${platform}`
    const planned = plans.get(key) ?? planSet(trx, releases, channel, JSON.parse(platform))
    plans.set(key, planned)
    const plan = await planned
    const set = plan.problem === null ? plan.set : release_set
    if (set === release_set && plan.problem === set_problem) continue
    const grows = set !== release_set
    const step = steps.get(`${grows} ${key}`) ?? { plan, ids: [], grows }
    steps.set(`${grows} ${key}`, step)
    step.ids.push(id)
  }
  const changed: string[] = []
  for (const { plan, ids, grows } of steps.values()) {
    await trx
      .updateTable('hosts')
      .set((row) => ({
        set_problem: plan.problem,
        ...(grows ? { release_set: plan.set, generation: row('generation', '+', 1) } : {}),
      }))
      .where('id', 'in', ids)
      .execute()
    if (grows) changed.push(...ids)
  }
  return changed
}

type Plan = { set: string | null; problem: null } | { set: null; problem: string }

async function planSet(db: Db, releases: Releases, channel: string, platform: HostPlatform): Promise<Plan> {
  const pointers = await db.selectFrom('channel_pointers').selectAll().where('channel', '=', channel).execute()
  if (pointers.length === 0) return { set: null, problem: null }
  try {
    const components: ReleaseRef[] = []
    for (const { component, version } of pointers)
      components.push(await releases.resolve(db, component, version, platform))
    return { set: JSON.stringify(releaseSet(components)), problem: null }
  } catch (error) {
    if (!isAppError(error, 'release-unknown', 'release-invalid')) throw error
    return { set: null, problem: error.message }
  }
}
