import type { CloudVolume } from '../contract/cloud-instance.ts'
import type { HostDetail } from '../contract/host.ts'
import type { Db } from '../database/open.ts'
import { computeReport } from './host-room.ts'
import { readInstances, readVolumes, type VolumeRow } from './rows.ts'

/** Every volume, by name. */
export async function listVolumes(db: Db, hosts: readonly HostDetail[]): Promise<CloudVolume[]> {
  const instances = await readInstances(db)
  return (await readVolumes(db)).map((row) => {
    const host = hosts.find(({ id }) => id === row.host)
    return {
      id: row.id,
      name: row.name,
      stack: row.stack,
      host: host?.name ?? null,
      ...stateOf(row, host),
      sizeBytes: row.sizeBytes,
      instances: instances
        .filter(({ document }) => document.volumes.some(({ volume }) => volume === row.id))
        .map(({ name }) => name),
    }
  })
}

function stateOf(row: VolumeRow, host: HostDetail | undefined): Pick<CloudVolume, 'state' | 'reason' | 'usedBytes'> {
  if (!host) return { state: 'pending', reason: 'it is made when an instance has it', usedBytes: 0 }
  const status = computeReport(host.report)?.volumes.get(row.id)
  const usedBytes = status?.usedBytes ?? 0
  if (host.fencedAt !== undefined) return { state: 'unknown', reason: `${host.name} is fenced`, usedBytes }
  if (host.condition === 'silent') return { state: 'unknown', reason: `${host.name} is silent`, usedBytes }
  if (!status) return { state: 'pending', usedBytes }
  return { state: status.state, ...(status.reason === undefined ? {} : { reason: status.reason }), usedBytes }
}
