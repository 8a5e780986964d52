import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { ServerConfig } from '../../src/contract/server-config.ts'
import type { Db } from '../../src/database/open.ts'
import { loadConfig } from '../../src/platform/config.ts'
import { openDatabase } from '../../src/server/database.ts'
import { openServer } from '../../src/server/server.ts'
import { type ApiClient, apiClient } from './api-client.ts'
import { temporaryFolder } from './temporary-folder.ts'
import { databaseSettings } from './test-database.ts'

export interface TestServer extends ApiClient {
  url: string
  data: string
  adminToken: string
  /** Its database, by another connection; closed when the test has finished. */
  openDatabase(): Promise<Db>
  close(): Promise<void>
}

/** The real server on a free port of 127.0.0.1, with a data folder of its own; closed when the test has finished. */
export async function openTestServer(settings: Partial<ServerConfig> = {}): Promise<TestServer> {
  const scratch = await temporaryFolder()
  const data = settings.data ?? join(scratch, 'data')
  const config = await loadConfig(ServerConfig, {
    flags: { listen: '127.0.0.1:0', logLevel: 'silent', ...(await databaseSettings(data)), ...settings, data },
  })
  const server = await openServer(config)
  let open = true
  const close = async () => {
    if (open) await server.close()
    open = false
  }
  onTestFinished(close)
  const adminToken = (await readFile(join(data, 'admin-token'), 'utf8')).trim()
  return {
    ...apiClient({ url: server.url, token: adminToken, scratch }),
    url: server.url,
    data,
    adminToken,
    close,
    async openDatabase() {
      const db = await openDatabase(config)
      onTestFinished(() => db.destroy())
      return db
    },
  }
}
