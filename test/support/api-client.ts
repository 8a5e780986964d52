import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { publishComponent } from '../../src/artifact/publish.ts'
import type { Published } from '../../src/contract/artifact.ts'
import type { ComponentFile } from '../../src/contract/component.ts'
import { openHttp } from '../../src/platform/http.ts'
import { componentFile } from './component-file.ts'

/** An answer of the control API, read as JSON when it has a body. */
export interface ApiAnswer {
  status: number
  headers: Headers
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every form
  body: any
}

/** Somebody who speaks to a server. */
export interface ApiClient {
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
}

/** What is published is made in the folder `scratch`. */
export function apiClient({ url, token, scratch }: { url: string; token: string; scratch: string }): ApiClient {
  return {
    async api(method, path, { body, as = token, headers = {}, signal } = {}) {
      const response = await fetch(`${url}/api/v1${path}`, {
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
    async publish(name, version, { mark = '', component = {}, as = token } = {}) {
      const folder = join(scratch, `${name}-${version}-${mark}`)
      await mkdir(folder, { recursive: true })
      await writeFile(join(folder, 'component.json'), JSON.stringify(componentFile({ name, ...component })))
      await writeFile(join(folder, 'main.js'), `// ${name} ${version} ${mark}\n`)
      const http = openHttp({ url, authorization: `Bearer ${as}` })
      try {
        return await publishComponent({ http, folder, version, temporaryFolder: join(scratch, 'publish') })
      } finally {
        await http.close()
      }
    },
  }
}
