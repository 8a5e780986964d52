import type { CloudInstance, CloudInstanceDetail, InstanceScreen } from '../contract/cloud-instance.ts'
import { AppError } from '../contract/errors.ts'
import type { HostDetail } from '../contract/host.ts'
import type { Db } from '../database/open.ts'
import { type ComputeReport, computeReport } from './host-room.ts'
import { networkTrouble } from './network-report.ts'
import { type InstanceRow, readInstances, readVolumes } from './rows.ts'

/** Every instance, by name; one on its way out is among them until its host says that it is gone. */
export async function listInstances(db: Db, hosts: readonly HostDetail[], stack?: string): Promise<CloudInstance[]> {
  const rows = await readInstances(db, stack === undefined ? {} : { stack })
  const reports = new Map(hosts.map((host) => [host.id, { host, compute: computeReport(host.report) }]))
  return rows.flatMap((row) => {
    const at = reports.get(row.host)
    return at ? [instanceView(row, at.host, at.compute)] : []
  })
}

/** @throws AppError not-found */
export async function showInstance(db: Db, hosts: readonly HostDetail[], name: string): Promise<CloudInstanceDetail> {
  const row = await findInstance(db, name)
  const host = hosts.find(({ id }) => id === row.host)
  if (!host) throw new AppError('not-found', `the host of ${name} is not enrolled any more`)
  const compute = computeReport(host.report)
  const volumeNames = new Map((await readVolumes(db, { stack: row.stack })).map(({ id, name }) => [id, name]))
  const { document } = row
  return {
    ...instanceView(row, host, compute),
    revision: document.revision,
    driver: document.driver,
    ports: document.ports.map(({ id, network, bridge, mac, addresses }) => ({ id, network, bridge, mac, addresses })),
    volumes: document.volumes.map(({ volume, device, readOnly }) => ({
      name: volumeNames.get(volume) ?? volume,
      device,
      readOnly,
    })),
    status: compute?.instances.get(row.id) ?? null,
  }
}

/** @throws AppError not-found; conflict when it has no screen, or does not run */
export async function showScreen(db: Db, hosts: readonly HostDetail[], name: string): Promise<InstanceScreen> {
  const { id, host: hostId, document } = await findInstance(db, name)
  if (!document.vnc)
    throw new AppError('conflict', `${name} has no screen; its stack can give it one with \`vnc: true\``)
  const host = hosts.find((one) => one.id === hostId)
  const address = computeReport(host?.report ?? null)?.instances.get(id)?.vncAddress
  if (!host || !address)
    throw new AppError('conflict', `${name} shows no screen now; it has one while it runs, from its next start on`)
  return { host: host.name, address, password: document.vnc.password }
}

/** An instance by its name; when one is on its way out and its successor waits, the successor. @throws AppError not-found */
export async function findInstance(db: Db, name: string): Promise<InstanceRow> {
  const rows = await findInstances(db, name)
  return (rows.find(({ document }) => document.wanted !== 'absent') ?? rows.at(-1)) as InstanceRow
}

/** All that have a name: one, or several of which all but one are on their way out. @throws AppError not-found when there is none */
export async function findInstances(db: Db, name: string): Promise<InstanceRow[]> {
  const rows = await readInstances(db, { name })
  if (rows.length > 0) return rows
  throw new AppError('not-found', `no instance ${name}; \`slipway instance list\` shows all`)
}

/** What instances are called, by their ids. */
export async function instanceNames(db: Db): Promise<Map<string, string>> {
  const rows = await db.selectFrom('instances').select(['id', 'name']).execute()
  return new Map(rows.map(({ id, name }) => [id, name]))
}

/** An instance as its row and its host say it is. */
export function instanceView(row: InstanceRow, host: HostDetail, compute: ComputeReport | undefined): CloudInstance {
  const { document } = row
  const status = compute?.instances.get(row.id)
  const reason = reasonOf(row, host, compute)
  const { source } = document.root
  return {
    id: row.id,
    name: row.name,
    stack: row.stack,
    host: host.name,
    state: stateOf(row, host, compute),
    ...(reason === undefined ? {} : { reason }),
    wanted: document.wanted,
    pending: (compute?.generation ?? 0) < row.generation,
    atNextStart: status?.atNextStart ?? [],
    type: document.type,
    vcpus: document.vcpus,
    memoryMiB: document.memoryMiB,
    diskBytes: document.root.sizeBytes,
    image:
      'image' in source
        ? { name: source.image.name, version: source.image.version, digest: source.image.digest }
        : null,
    addresses: document.ports.flatMap(({ addresses }) => addresses.map((address) => address.split('/')[0] ?? '')),
    health: status?.health ?? 'unknown',
    ...(status?.healthMessage === undefined ? {} : { healthMessage: status.healthMessage }),
    ...(status?.startedAt === undefined ? {} : { startedAt: status.startedAt }),
    restarts: status?.restarts ?? 0,
    ...(Object.keys(row.labels).length > 0 ? { labels: row.labels } : {}),
  }
}

/** How many instances of each stack are in which state. It reads nothing but what states depend on: there may be many instances. */
export async function countStates(
  db: Db,
  hosts: readonly HostDetail[],
): Promise<{ stack: string; state: CloudInstance['state']; count: number }[]> {
  const rows = await db.selectFrom('instances').select(['id', 'stack', 'host', 'held', 'generation']).execute()
  const reports = new Map(hosts.map((host) => [host.id, { host, compute: computeReport(host.report) }]))
  const states = rows.flatMap(({ held, ...row }) => {
    const at = reports.get(row.host)
    return at ? [{ stack: row.stack, state: stateOf({ ...row, held: held === 1 }, at.host, at.compute) }] : []
  })
  return [...Map.groupBy(states, ({ stack, state }) => `${stack} ${state}`).values()].flatMap((alike) =>
    alike.slice(0, 1).map((one) => ({ ...one, count: alike.length })),
  )
}

function stateOf(
  { id, generation, held }: Pick<InstanceRow, 'id' | 'generation' | 'held'>,
  { fencedAt, condition, report }: HostDetail,
  compute: ComputeReport | undefined,
): CloudInstance['state'] {
  if (fencedAt !== undefined || condition === 'silent') return 'unknown'
  if (held) return 'pending'
  const status = compute?.instances.get(id)
  if (status) return status.state
  return !compute && (report?.generation ?? 0) >= generation ? 'unknown' : 'pending'
}

/** Why an instance is as it is; undefined when there is nothing to say. */
function reasonOf(
  { id, document, generation, held }: InstanceRow,
  host: HostDetail,
  compute: ComputeReport | undefined,
): string | undefined {
  if (host.fencedAt !== undefined) return `${host.name} is fenced: somebody said that it is off`
  if (host.condition === 'silent') return `${host.name} is silent: ${host.reason}`
  if (held) return 'it waits until the one before it is gone'
  const { source } = document.root
  const image =
    'image' in source ? host.report?.images?.find(({ digest }) => digest === source.image.layer.digest) : undefined
  const coming =
    image &&
    (image.problem ?? `its image is ${Math.floor((100 * image.doneBytes) / Math.max(1, image.sizeBytes))} % there`)
  const status = compute?.instances.get(id)
  if (!status && !compute && (host.report?.generation ?? 0) >= generation)
    return `compute of ${host.name} does not answer`
  const trouble = document.ports.some((port) => port.filtered) ? networkTrouble(host, generation) : undefined
  if (!status) return coming ?? trouble ?? `${host.name} has not said anything of it yet`
  return coming ?? status.reason ?? trouble
}
