import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { type Static, type TSchema, Type } from 'typebox'
import { AppError } from '../contract/errors.ts'
import { parseJson } from '../contract/parse.ts'
import { makeFolder, readTextIfThere, replaceFile } from '../platform/files.ts'
import { type Http, openHttp } from '../platform/http.ts'
import { refusal, requestJson } from '../platform/json-http.ts'

/** A server and the token to use there. */
export interface Login {
  url: string
  token: string
}

const LoginFile = Type.Object({ url: Type.String(), token: Type.String() })

function loginPath(): string {
  return join(process.env.XDG_CONFIG_HOME ?? join(homedir(), '.config'), 'slipway', 'login.json')
}

/** Saves what `slipway login` was told, readable by its owner only. Answers the path. */
export async function saveLogin(login: Login): Promise<string> {
  const path = loginPath()
  await makeFolder(dirname(path), { mode: 0o700 })
  await replaceFile(path, `${JSON.stringify(login, null, 2)}\n`, { mode: 0o600 })
  return path
}

/** SLIPWAY_URL and SLIPWAY_TOKEN, each before what `slipway login` saved. @throws AppError config-invalid when one is missing */
async function findLogin(): Promise<Login> {
  const path = loginPath()
  const text = await readTextIfThere(path)
  const saved = text === undefined ? undefined : parseJson(LoginFile, text, path, 'config-invalid')
  const url = process.env.SLIPWAY_URL ?? saved?.url
  // A token is for one server: the saved one is not sent to another.
  const token = process.env.SLIPWAY_TOKEN ?? (url === saved?.url ? saved?.token : undefined)
  if (!url)
    throw new AppError(
      'config-invalid',
      'no server is known: run `slipway login URL`, or set SLIPWAY_URL and SLIPWAY_TOKEN',
    )
  if (!token)
    throw new AppError(
      'config-invalid',
      `no token is known for ${url}: run \`slipway login ${url}\`, or set SLIPWAY_TOKEN`,
    )
  return { url: originOf(url), token }
}

/** The scheme, host and port of an address. @throws AppError config-invalid */
export function originOf(url: string): string {
  const parsed = URL.parse(url)
  if (!parsed || !/^https?:$/.test(parsed.protocol))
    throw new AppError(
      'config-invalid',
      `${JSON.stringify(url)} is no address of a server; it should look like https://slipway.example.org`,
    )
  return parsed.origin
}

/** The control API, and the same connection for the registry. */
export interface Client {
  url: string
  http: Http
  get<S extends TSchema>(schema: S, path: string): Promise<Static<S>>
  post<S extends TSchema>(schema: S, path: string, body: unknown): Promise<Static<S>>
  delete(path: string): Promise<void>
}

/** Opens a client for as long as `use` runs. Without `login` it takes the one that the environment or `slipway login` gives. */
export async function withClient<T>(use: (client: Client) => Promise<T>, login?: Login): Promise<T> {
  const { url, token } = login ?? (await findLogin())
  const http = openHttp({ url, authorization: `Bearer ${token}` })
  try {
    return await use({
      url,
      http,
      get: (schema, path) => requestJson(http, schema, 'GET', `/api/v1${path}`),
      post: (schema, path, body) => requestJson(http, schema, 'POST', `/api/v1${path}`, { body }),
      async delete(path) {
        const response = await http.send('DELETE', `/api/v1${path}`)
        if (response.status >= 300) throw await refusal(response, `DELETE ${path}`)
        await response.text()
      },
    })
  } finally {
    await http.close()
  }
}
