import type { DesiredInstance, InstanceLabels } from '../contract/instance.ts'
import type { StackPlacement } from '../contract/stack.ts'
import type { StackNetwork } from '../contract/stack-network.ts'
import type { Db } from '../database/open.ts'

/** An instance as it is kept: what its host is told, and where that is. */
export interface InstanceRow {
  id: string
  stack: string
  name: string
  member: string
  /** The id of its host. */
  host: string
  /** Whether its host is not told of it yet. */
  held: boolean
  generation: number
  placement: StackPlacement
  labels: InstanceLabels
  document: DesiredInstance
}

export interface VolumeRow {
  id: string
  stack: string
  name: string
  host: string | null
  sizeBytes: number
  wanted: 'present' | 'absent'
  generation: number
}

export interface NetworkRow {
  id: string
  stack: string
  name: string
  spec: StackNetwork
  wanted: 'present' | 'absent'
}

/** Which rows: all, or those of a stack, of some stacks, of a host, of some hosts, or of a name. */
export interface Of {
  stack?: string
  stacks?: readonly string[]
  host?: string
  hosts?: readonly string[]
  name?: string
}

/** By name; those on their way out are among them, before their successors. */
export async function readInstances(db: Db, { stack, stacks, host, hosts, name }: Of = {}): Promise<InstanceRow[]> {
  const rows = await db
    .selectFrom('instances')
    .select(['id', 'stack', 'name', 'member', 'host', 'held', 'generation', 'placement', 'labels', 'document'])
    .$if(stack !== undefined, (query) => query.where('stack', '=', stack as string))
    .$if(stacks !== undefined, (query) => query.where('stack', 'in', stacks as string[]))
    .$if(host !== undefined, (query) => query.where('host', '=', host as string))
    .$if(hosts !== undefined, (query) => query.where('host', 'in', hosts as string[]))
    .$if(name !== undefined, (query) => query.where('name', '=', name as string))
    .orderBy('name')
    .orderBy('wanted')
    .execute()
  return rows.map(({ placement, labels, document, held, ...row }) => ({
    ...row,
    held: held === 1,
    placement: JSON.parse(placement),
    labels: JSON.parse(labels),
    document: JSON.parse(document),
  }))
}

export async function readVolumes(
  db: Db,
  { stack, host, hosts }: Omit<Of, 'name' | 'stacks'> = {},
): Promise<VolumeRow[]> {
  const rows = await db
    .selectFrom('volumes')
    .selectAll()
    .$if(stack !== undefined, (query) => query.where('stack', '=', stack as string))
    .$if(host !== undefined, (query) => query.where('host', '=', host as string))
    .$if(hosts !== undefined, (query) => query.where('host', 'in', hosts as string[]))
    .orderBy('name')
    .orderBy('wanted')
    .execute()
  return rows.map(({ size_bytes, wanted, ...row }) => ({
    ...row,
    sizeBytes: Number(size_bytes),
    wanted: wanted as VolumeRow['wanted'],
  }))
}

/** By name, of some stacks, or of all. */
export async function readNetworks(db: Db, stacks?: readonly string[]): Promise<NetworkRow[]> {
  const rows = await db
    .selectFrom('networks')
    .selectAll()
    .$if(stacks !== undefined, (query) => query.where('stack', 'in', stacks as string[]))
    .orderBy('stack')
    .orderBy('name')
    .execute()
  return rows.map(({ spec, wanted, ...row }) => ({
    ...row,
    spec: JSON.parse(spec),
    wanted: wanted as NetworkRow['wanted'],
  }))
}

/** The columns that say of an instance what is nothing to its host. */
export function memberColumns({ placement, labels }: Pick<InstanceRow, 'placement' | 'labels'>): {
  placement: string
  labels: string
} {
  return { placement: JSON.stringify(placement), labels: JSON.stringify(labels) }
}

/** The columns that say what the document says. */
export function instanceColumns(document: DesiredInstance): { wanted: string; revision: number; document: string } {
  return { wanted: document.wanted, revision: document.revision, document: JSON.stringify(document) }
}
