import type { DesiredDocument } from '../contract/desired.ts'
import type { DesiredInstance, DesiredVolume } from '../contract/instance.ts'
import type { Db } from '../database/open.ts'
import { desiredNetworks } from './desired-networks.ts'
import { readNetworkRows } from './network-rows.ts'
import { pendingOperations } from './operations.ts'
import { readInstances, readVolumes } from './rows.ts'

/** What a host's desired document says of the cloud. */
export async function cloudSections(
  db: Db,
  host: string,
): Promise<Required<Pick<DesiredDocument, 'instances' | 'volumes' | 'network' | 'operations'>>> {
  const here = await readInstances(db, { host })
  const volumes = await readVolumes(db, { host })
  const networks = desiredNetworks(host, await readNetworkRows(db, [...new Set(here.map(({ stack }) => stack))]))
  return {
    instances: here.filter(({ held }) => !held).map(({ document }): DesiredInstance => document),
    volumes: volumes.map(({ id, name, sizeBytes, wanted }): DesiredVolume => ({ id, name, sizeBytes, wanted })),
    // A host without networks is told nothing at all, which also a daemon understands that sets up none.
    network: networks.networks.length > 0 ? networks : {},
    operations: await pendingOperations(db, host),
  }
}
