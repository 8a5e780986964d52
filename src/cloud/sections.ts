import type { DesiredDocument } from '../contract/desired.ts'
import type { DesiredInstance, DesiredVolume } from '../contract/instance.ts'
import type { Db } from '../database/open.ts'
import { pendingOperations } from './operations.ts'
import { readInstances, readVolumes } from './rows.ts'

/** What a host's desired document says of the cloud. */
export async function cloudSections(
  db: Db,
  host: string,
): Promise<Required<Pick<DesiredDocument, 'instances' | 'volumes' | 'operations'>>> {
  const here = await readInstances(db, { host })
  const volumes = await readVolumes(db, { host })
  return {
    instances: here.filter(({ held }) => !held).map(({ document }): DesiredInstance => document),
    volumes: volumes.map(({ id, name, sizeBytes, wanted }): DesiredVolume => ({ id, name, sizeBytes, wanted })),
    operations: await pendingOperations(db, host),
  }
}
