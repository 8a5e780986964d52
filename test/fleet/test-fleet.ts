import { onTestFinished } from 'vitest'
import { AppError } from '../../src/contract/errors.ts'
import { type HostPlatform, runsOn } from '../../src/contract/platform.ts'
import type { HostReport } from '../../src/contract/report.ts'
import type { Db } from '../../src/database/open.ts'
import { transact } from '../../src/database/transact.ts'
import { promote } from '../../src/fleet/channels.ts'
import { enrolHost, findJoinToken, issueJoinToken } from '../../src/fleet/join-tokens.ts'
import type { Releases } from '../../src/fleet/releases.ts'
import { sha256 } from '../../src/platform/digest.ts'
import { newSecret } from '../../src/platform/secret.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { openTestDatabase } from '../support/test-database.ts'

export const amd64: HostPlatform = { os: 'freebsd', architecture: 'amd64', 'os.version': '14' }
export const arm64: HostPlatform = { os: 'freebsd', architecture: 'arm64', 'os.version': '15' }
export const now = new Date('2026-11-22T12:00:00.000Z')

/** A registry that has every version but 9.9.9; compute@2.x is for amd64 only. */
export const releases: Releases = {
  async check(_db, component, version) {
    if (version === '9.9.9') throw new AppError('release-unknown', `${component} has no release ${version}`)
  },
  async resolve(db, component, version, platform) {
    await this.check(db, component, version)
    const only = { os: 'freebsd', architecture: 'amd64', 'os.version': '*' } as const
    if (component === 'compute' && version.startsWith('2.') && !runsOn(only, platform))
      throw new AppError('release-invalid', `${component}@${version} is not for arm64`)
    return { name: component, version, digest: sha256(`${component}@${version}`) }
  },
}

export interface Fleet {
  db: Db
  /** The one that the database belongs to. */
  folder: string
  enrol(name: string, platform?: HostPlatform): Promise<string>
  move(channel: string, ...references: string[]): Promise<number>
  row(id: string): Promise<{ generation: number; release_set: string | null; set_problem: string | null }>
}

/** A fleet on a real database, with the releases above. */
export async function openFleet(): Promise<Fleet> {
  const folder = await temporaryFolder()
  const db = await openTestDatabase(folder)
  onTestFinished(() => db.destroy())
  const agent = { release: { name: 'agent', version: '1.0.0', digest: sha256('agent') }, bundle: sha256('bundle') }
  const { secret } = await issueJoinToken(db, { channel: 'stable', uses: 100 }, agent, now)
  return {
    db,
    folder,
    async enrol(name, platform = amd64) {
      const token = await findJoinToken(db, secret, now)
      const enrol = { name, platform, key: newSecret() }
      return (await transact(db, (trx) => enrolHost(trx, releases, token, enrol, now))).host
    },
    async move(channel, ...references) {
      const wanted = references.map((reference) => {
        const [component = '', version = ''] = reference.split('@')
        return { component, version }
      })
      const promotion = { channel, releases: wanted, actor: 'token test', now }
      return (await transact(db, (trx) => promote(trx, releases, promotion))).hostsChanged
    },
    row: (id) =>
      db
        .selectFrom('hosts')
        .select(['generation', 'release_set', 'set_problem'])
        .where('id', '=', id)
        .executeTakeFirstOrThrow(),
  }
}

/** What a host reports that has just started. */
export function report(changes: Partial<HostReport> = {}): HostReport {
  return {
    generation: 1,
    platform: amd64,
    release: '14.3-RELEASE',
    agentVersion: '1.0.0',
    state: 'idle',
    stateSince: now.toISOString(),
    current: null,
    checks: [],
    rejected: [],
    daemons: {},
    capabilities: {},
    operations: [],
    ...changes,
  }
}
