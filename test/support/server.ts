import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { publishComponent } from '../../src/artifact/publish.ts'
import type { Published } from '../../src/contract/artifact.ts'
import type { ComponentFile } from '../../src/contract/component.ts'
import { ServerConfig } from '../../src/contract/server-config.ts'
import type { Db } from '../../src/database/open.ts'
import { loadConfig } from '../../src/platform/config.ts'
import { openHttp } from '../../src/platform/http.ts'
import { openDatabase } from '../../src/server/database.ts'
import { openServer } from '../../src/server/server.ts'
import { componentFile } from './component-file.ts'
import { temporaryFolder } from './temporary-folder.ts'
import { databaseSettings } from './test-database.ts'

/** An answer of the control API, read as JSON when it has a body. */
export interface ApiAnswer {
  status: number
  headers: Headers
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every form
  body: any
}

export interface TestServer {
  url: string
  data: string
  adminToken: string
  /** A request to the control API, as the admin unless a credential (or null for none) is given. */
  api(
    method: string,
    path: string,
    options?: { body?: unknown; as?: string | null; headers?: Record<string, string>; signal?: AbortSignal },
  ): Promise<ApiAnswer>
  /** Publishes a small component; `mark` makes its content another. */
  publish(
    name: string,
    version: string,
    options?: { mark?: string; component?: Partial<ComponentFile>; as?: string },
  ): Promise<Published>
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
    url: server.url,
    data,
    adminToken,
    close,
    async openDatabase() {
      const db = await openDatabase(config)
      onTestFinished(() => db.destroy())
      return db
    },
    async api(method, path, { body, as = adminToken, headers = {}, signal } = {}) {
      const response = await fetch(`${server.url}/api/v1${path}`, {
        method,
        headers: {
          ...(as === null ? {} : { authorization: `Bearer ${as}` }),
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        ...(signal ? { signal } : {}),
      })
      const text = await response.text()
      const isJson = /json/.test(response.headers.get('content-type') ?? '')
      return { status: response.status, headers: response.headers, body: isJson ? JSON.parse(text) : text }
    },
    async publish(name, version, { mark = '', component = {}, as = adminToken } = {}) {
      const folder = join(scratch, `${name}-${version}-${mark}`)
      await mkdir(folder, { recursive: true })
      await writeFile(join(folder, 'component.json'), JSON.stringify(componentFile({ name, ...component })))
      await writeFile(join(folder, 'main.js'), `// ${name} ${version} ${mark}\n`)
      const http = openHttp({ url: server.url, authorization: `Bearer ${as}` })
      try {
        return await publishComponent({ http, folder, version, temporaryFolder: join(scratch, 'publish') })
      } finally {
        await http.close()
      }
    },
  }
}
