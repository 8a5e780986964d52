import type { HostPlatform } from '../contract/platform.ts'
import type { ReleaseRef } from '../contract/release-set.ts'
import type { Db } from '../database/open.ts'

/** What the fleet asks of the registry; the server passes it in. */
export interface Releases {
  /** @throws AppError release-unknown when the component has no such version, release-invalid when none is for the platform */
  resolve(db: Db, component: string, version: string, platform: HostPlatform): Promise<ReleaseRef>
  /** @throws AppError release-unknown */
  check(db: Db, component: string, version: string): Promise<void>
}
