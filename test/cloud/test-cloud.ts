import { takeReport } from '../../src/cloud/reports.ts'
import { cloudSections } from '../../src/cloud/sections.ts'
import { applyStack, type Cloud, type Deed } from '../../src/cloud/stacks.ts'
import type { ComputeStatus, InstanceStatus } from '../../src/contract/compute-status.ts'
import { AppError } from '../../src/contract/errors.ts'
import type { ImageConfig } from '../../src/contract/image.ts'
import type { DesiredInstance, DesiredVolume } from '../../src/contract/instance.ts'
import type { NetworkStatus } from '../../src/contract/network-status.ts'
import type { Operation } from '../../src/contract/operation.ts'
import type { HostReport } from '../../src/contract/report.ts'
import { transact } from '../../src/database/transact.ts'
import { nextGeneration } from '../../src/fleet/desired.ts'
import { readHosts, saveReport } from '../../src/fleet/hosts.ts'
import { sha256 } from '../../src/platform/digest.ts'
import { openFleet, releases, report } from '../fleet/test-fleet.ts'
import { computeStatus } from '../support/compute-status.ts'

export const GiB = 2 ** 30
export const start = new Date('2026-11-22T12:00:00.000Z')

export interface TestHost {
  id: string
  /** Says what compute does with what it was told, or something else. */
  reports(
    changes?: Partial<ComputeStatus>,
    network?: Partial<NetworkStatus>,
  ): Promise<Awaited<ReturnType<typeof takeReport>>>
  told(): Promise<{ instances: DesiredInstance[]; volumes: DesiredVolume[]; operations: Operation[] }>
  /** Reports that everything is as it was told. */
  obeys(): Promise<void>
  generation(): Promise<number>
}

export interface TestCloud extends Cloud {
  /** The one that the database belongs to. */
  folder: string
  /** The moment at which hosts are looked at. */
  clock: { now: Date }
  deed: Deed
  host(
    name: string,
    options?: { memoryMiB?: number; labels?: Record<string, string>; capabilities?: string[] },
  ): Promise<TestHost>
  apply(text: string): ReturnType<typeof applyStack>
}

/** An image of each version but 9.9.9; `uefi` starts by UEFI only. */
export function image(
  name: string,
  version: string,
): { ref: Extract<DesiredInstance['root']['source'], { image: object }>['image']; config: ImageConfig } {
  if (version === '9.9.9') throw new AppError('release-unknown', `the image ${name}@9.9.9 is not published`)
  const ref = {
    name,
    version,
    digest: sha256(`${name} ${version}`),
    layer: { digest: sha256(`${name} ${version} layer`), sizeBytes: 1000 },
    virtualSizeBytes: GiB,
  }
  const config: ImageConfig = {
    name,
    version,
    os: 'linux',
    architecture: 'amd64',
    firmware: name === 'uefi' ? 'uefi' : 'both',
    virtualSizeBytes: GiB,
    minimumDiskBytes: GiB,
    originFormat: 'raw',
    partitionScheme: 'gpt',
  }
  return { ref, config }
}

/** A cloud on a real database, with the fleet's own functions. */
export async function openCloud({ memoryOvercommit = 1 } = {}): Promise<TestCloud> {
  const fleet = await openFleet()
  const { db, folder } = fleet
  const clock = { now: start }
  const cloud: Cloud = {
    db,
    fleet: { hosts: (on) => readHosts(on, { now: clock.now, silentSeconds: 120 }), nextGeneration },
    images: { find: async (_db, name, version) => image(name, version), check: async () => {} },
    memoryOvercommit,
  }
  const deed: Deed = { actor: 'token test', now: start, record: async () => {} }
  return {
    ...cloud,
    folder,
    clock,
    deed,
    apply: (text) => applyStack(cloud, text, undefined, deed),
    async host(name, { memoryMiB = 8192, labels = {}, capabilities = ['xen.hvm', 'xen.pvh'] } = {}) {
      const id = await fleet.enrol(name)
      await db
        .updateTable('hosts')
        .set({ labels: JSON.stringify(labels) })
        .where('id', '=', id)
        .execute()
      const base = computeStatus({
        capabilities: Object.fromEntries(capabilities.map((capability) => [capability, { available: true }])),
        capacity: { memoryMiB, freeMemoryMiB: memoryMiB, cpus: 8, diskBytes: 1000 * GiB, freeDiskBytes: 500 * GiB },
      })
      const host: TestHost = {
        id,
        generation: async () => (await fleet.row(id)).generation,
        async reports(changes = {}, network = undefined) {
          const generation = await host.generation()
          const compute = { ...base, generation, ...changes }
          const { component: _, ...daemon } = computeStatus({ generation })
          const says = network && {
            ...daemon,
            component: 'network' as const,
            loaded: generation,
            ports: [],
            ...network,
          }
          const now: HostReport = report({ generation, daemons: { compute, ...(says ? { network: says } : {}) } })
          return transact(db, async (trx) => {
            const row = await trx.selectFrom('hosts').select('report').where('id', '=', id).executeTakeFirstOrThrow()
            await saveReport(trx, releases, id, now, clock.now)
            const before = row.report === null ? null : JSON.parse(row.report)
            return takeReport(trx, cloud.fleet, { host: id, before, now, at: clock.now })
          })
        },
        told: async () => (await cloudSections(db, [id])).get(id) as Awaited<ReturnType<TestHost['told']>>,
        async obeys() {
          const { instances, volumes, operations } = await host.told()
          await host.reports({
            instances: instances.map((one) => instanceStatus(one)),
            volumes: volumes.map(({ id: volume, sizeBytes, wanted }) => ({
              id: volume,
              state: wanted,
              sizeBytes,
              usedBytes: 0,
            })),
            operations: operations.map((one) => ({
              id: one.id,
              state: 'done',
              result: `${one.kind} done`,
              at: start.toISOString(),
            })),
          })
        },
      }
      await host.reports()
      return host
    },
  }
}

export function instanceStatus(
  { id, wanted, root }: DesiredInstance,
  changes: Partial<InstanceStatus> = {},
): InstanceStatus {
  return {
    id,
    state: wanted,
    since: start.toISOString(),
    revision: 1,
    atNextStart: [],
    restarts: 0,
    health: 'unknown',
    disks: wanted === 'absent' ? [] : [{ device: 'xvda', sizeBytes: root.sizeBytes, usedBytes: 0, backend: 'phy' }],
    interfaces: [],
    snapshots: [],
    ...changes,
  }
}

/** A stack `s` with these lines of YAML, and one instance `web` unless others are given. */
export function stackText({ instance = '', image = 'image: {name: debian, version: 1.0.0}', more = '' } = {}): string {
  return `name: s
networks:
  - name: lan
    bridge: bridge0
    dhcp: false
    ipv4: {range: 192.0.2.0/29, gateway: 192.0.2.1}
instances:
  - name: web
    vcpus: 1
    memory: 1GiB
    disk: 4GiB
    ${image}
    networks: [lan]
    ${instance}
${more}`
}
