import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { type Static, type TSchema, Type } from 'typebox'
import { Digest } from '../contract/digest.ts'
import { AppError, isAppError } from '../contract/errors.ts'
import { parseJson } from '../contract/parse.ts'
import { fingerprintOf, readCertificates } from '../platform/certificate.ts'
import { makeFolder, readTextIfThere, replaceFile } from '../platform/files.ts'
import { type Http, openHttp } from '../platform/http.ts'
import { refusal, requestJson } from '../platform/json-http.ts'
import { isUnknownIssuer, presentedCertificates, type Trust } from '../platform/trust.ts'
import { openWebSocket, type Stream } from '../platform/web-socket.ts'

/** A server, the token to use there, and how it is known when its certificate is not by a public authority. */
export interface Login extends Trust {
  url: string
  token: string
}

const LoginFile = Type.Object({
  url: Type.String(),
  token: Type.String(),
  ca: Type.Optional(Type.String()),
  fingerprint: Type.Optional(Digest),
})

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

/** SLIPWAY_URL, SLIPWAY_TOKEN and SLIPWAY_CA, each before what `slipway login` saved. @throws AppError config-invalid when one is missing */
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
  const { ca, fingerprint } = (url === saved?.url ? saved : undefined) ?? {}
  return { url: originOf(url), token, ca: (await authorityOfEnvironment()) ?? ca, fingerprint }
}

/** The certificates in the file that SLIPWAY_CA names. @throws AppError config-invalid */
export async function authorityOfEnvironment(): Promise<string | undefined> {
  const path = process.env.SLIPWAY_CA
  return path ? readAuthority(path) : undefined
}

/** The certificates of authorities in a file, as they are. @throws AppError config-invalid when there are none */
export async function readAuthority(path: string): Promise<string> {
  const pem = await readTextIfThere(path)
  if (pem === undefined) throw new AppError('config-invalid', `there is no file ${path} with certificates`)
  readCertificates(pem, path)
  return pem
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
  /** A WebSocket, with the subprotocols that it offers. */
  dial(path: string, protocols: string[], signal: AbortSignal): Promise<Stream>
}

/** Opens a client for as long as `use` runs. Without `login` it takes the one that the environment or `slipway login` gives. */
export async function withClient<T>(use: (client: Client) => Promise<T>, login?: Login): Promise<T> {
  const { url, token, ...trust } = login ?? (await findLogin())
  const http = openHttp({ url, authorization: `Bearer ${token}`, trust })
  return explained(url, trust, http, () =>
    use({
      url,
      http,
      get: (schema, path) => requestJson(http, schema, 'GET', `/api/v1${path}`),
      post: (schema, path, body) => requestJson(http, schema, 'POST', `/api/v1${path}`, { body }),
      dial: (path, protocols, signal) => openWebSocket({ url, path: `/api/v1${path}`, protocols, trust, signal }),
      async delete(path) {
        const response = await http.send('DELETE', `/api/v1${path}`)
        if (response.status >= 300) throw await refusal(response, `DELETE ${path}`)
        await response.text()
      },
    }),
  )
}

/** Whether a server is there and can be trusted, before anything is asked of anybody. @throws AppError peer-unreachable, peer-untrusted */
export async function reachServer(url: string, trust: Trust): Promise<void> {
  const http = openHttp({ url, trust })
  await explained(url, trust, http, async () => (await http.send('GET', '/healthz')).text())
}

/** Runs `use` and closes `http`. When the server is not trusted, the error says how it could be. */
async function explained<T>(url: string, trust: Trust, http: Http, use: () => Promise<T>): Promise<T> {
  try {
    return await use()
  } catch (error) {
    throw isAppError(error, 'peer-untrusted') && isUnknownIssuer(error.cause)
      ? await withWayOut(error, url, trust).catch(() => error)
      : error
  } finally {
    await http.close()
  }
}

async function withWayOut(error: AppError, url: string, trust: Trust): Promise<AppError> {
  const { hostname, port } = new URL(url)
  const presented = (await presentedCertificates({ hostname: hostname.replace(/^\[|\]$/g, ''), port })).at(-1)
  const way = trust.fingerprint
    ? 'unless the key of the server was changed, this is another server'
    : `when the log of the server names the same one, run \`slipway login ${url} --fingerprint ${presented && fingerprintOf(presented)}\`; ` +
      'or name a file with the certificate of its authority, by --ca FILE or SLIPWAY_CA'
  return new AppError(error.code, `${error.message}; ${way}`, { cause: error })
}
