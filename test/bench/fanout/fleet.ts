import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { publishComponent } from '../../../src/artifact/publish.ts'
import type { HostPlatform } from '../../../src/contract/platform.ts'
import { ServerConfig } from '../../../src/contract/server-config.ts'
import { transact } from '../../../src/database/transact.ts'
import { enrolHost, findJoinToken, issueJoinToken } from '../../../src/fleet/join-tokens.ts'
import type { Releases } from '../../../src/fleet/releases.ts'
import { loadConfig } from '../../../src/platform/config.ts'
import { openHttp } from '../../../src/platform/http.ts'
import { newSecret } from '../../../src/platform/secret.ts'
import { openDatabase } from '../../../src/server/database.ts'
import { componentFile } from '../../support/component-file.ts'
import type { Slipway } from '../slipway.ts'

export const channel = 'bench'
export const component = 'compute'
const platform: HostPlatform = { os: 'freebsd', architecture: 'amd64', 'os.version': '14' }
const enrolledAtOnce = 100

/** Nothing is asked of it while the channel is empty. */
const noReleases: Releases = {
  resolve: () => Promise.reject(new Error('hosts are enrolled before the first promotion')),
  check: async () => {},
}

/** Enrols hosts of the channel as the server does, beside it; answers their credentials. */
export async function enrolHosts(settings: Partial<ServerConfig>, count: number): Promise<string[]> {
  const db = await openDatabase(await loadConfig(ServerConfig, { flags: settings }))
  try {
    const digest = `sha256:${'0'.repeat(64)}`
    const agent = { release: { name: 'agent', version: '1.0.0', digest, size: 1 }, bundle: digest }
    const { secret } = await issueJoinToken(db, { channel, uses: count }, agent, new Date())
    const token = await findJoinToken(db, secret, new Date())
    const credentials: string[] = []
    while (credentials.length < count)
      credentials.push(
        ...(await transact(db, async (trx) => {
          const some: string[] = []
          for (let at = credentials.length; at < Math.min(count, credentials.length + enrolledAtOnce); at++) {
            const key = newSecret()
            const { host } = await enrolHost(trx, noReleases, token, { name: `host-${at}`, platform, key }, new Date())
            some.push(`slw_${host}_${key}`)
          }
          return some
        })),
      )
    return credentials
  } finally {
    await db.destroy()
  }
}

/** Publishes releases of one small component. */
export async function publishReleases(server: Slipway, versions: readonly string[], folder: string): Promise<void> {
  const source = join(folder, 'component')
  await mkdir(source, { recursive: true })
  await writeFile(join(source, 'component.json'), JSON.stringify(componentFile({ name: component })))
  await writeFile(join(source, 'main.js'), '// nothing\n')
  const http = openHttp({ url: `http://127.0.0.1:${server.port}`, ...server.headers })
  try {
    for (const version of versions)
      await publishComponent({ http, folder: source, version, temporaryFolder: join(folder, 'publish') })
  } finally {
    await http.close()
  }
}
