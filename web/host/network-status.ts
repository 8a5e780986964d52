import type { NetworkStatus } from '../../src/contract/network-status.ts'
import type { HostReport } from '../../src/contract/report.ts'

type Told = Pick<NetworkStatus, 'loaded' | 'trial' | 'refused' | 'egress' | 'drift' | 'statesKilled'>

/** How a host's network says that it is; undefined while none tells, or tells it in a form that this page does not know. */
export function networkOf({ daemons }: Pick<HostReport, 'daemons'>): Told | undefined {
  const network = daemons.network as Partial<NetworkStatus> | undefined
  return typeof network?.loaded === 'number' && typeof network.drift?.count === 'number' ? (network as Told) : undefined
}
