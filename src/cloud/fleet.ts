import type { HostDetail } from '../contract/host.ts'
import type { Db } from '../database/open.ts'

/** What the cloud asks of the fleet, which owns the hosts; the server passes it in. */
export interface Fleet {
  /** Every host as it stands now. */
  hosts(db: Db): Promise<HostDetail[]>
  /**
   * Gives hosts a new generation of their desired document, in the transaction that changed it. Answers the generation of each; whoever commits the
   * transaction wakes them.
   */
  nextGeneration(trx: Db, hostIds: readonly string[]): Promise<Map<string, number>>
}
