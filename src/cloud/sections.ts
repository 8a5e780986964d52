import type { DesiredDocument } from '../contract/desired.ts'
import type { DesiredInstance, DesiredVolume } from '../contract/instance.ts'
import type { Db } from '../database/open.ts'
import { desiredNetworks } from './desired-networks.ts'
import { readNetworkRows } from './network-rows.ts'
import { pendingOperations } from './operations.ts'
import { readInstances, readVolumes } from './rows.ts'

export type CloudSections = Required<Pick<DesiredDocument, 'instances' | 'volumes' | 'network' | 'operations'>>

/** What the desired documents of some hosts say of the cloud, by host. */
export async function cloudSections(db: Db, hosts: readonly string[]): Promise<Map<string, CloudSections>> {
  const instances = await readInstances(db, { hosts })
  const volumes = await readVolumes(db, { hosts })
  const operations = await pendingOperations(db, hosts)
  // What it has of stacks that are not on a host changes nothing for that host.
  const rows = await readNetworkRows(db, [...new Set(instances.map(({ stack }) => stack))])
  const sectionsOf = (id: string): CloudSections => {
    const networks = desiredNetworks(id, rows)
    return {
      instances: instances
        .filter(({ host, held }) => host === id && !held)
        .map(({ document }): DesiredInstance => document),
      volumes: volumes
        .filter(({ host }) => host === id)
        .map(({ id, name, sizeBytes, wanted }): DesiredVolume => ({ id, name, sizeBytes, wanted })),
      // A host without networks is told nothing at all, which also a daemon understands that sets up none.
      network: networks.networks.length > 0 ? networks : {},
      operations: operations.get(id) ?? [],
    }
  }
  return new Map(hosts.map((host) => [host, sectionsOf(host)]))
}
